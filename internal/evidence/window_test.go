package evidence

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/drill"
)

// TestMeasureAgainstAnOracle folds three random days of two regions and compares with a
// count of every second, over many windows and scopes.
func TestMeasureAgainstAnOracle(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(1, 2))
	type second struct {
		at  int
		bad float64
	}
	var oracle [3][]second // by cell
	days := map[string]*Day{}
	for until := 10; until <= 3*24*3600; until += 10 {
		c := Count{Region: "r", From: uint64(until - 9), To: uint64(until), At: start.Add(time.Duration(until)*time.Second - 1), Cells: 3}
		for cell := range 3 {
			row := Cell{Cell: cell, Requests: 10}
			if rng.IntN(200) == 0 {
				row.Failed, row.Bad = 5, 5*rng.Float64()
				oracle[cell] = append(oracle[cell], second{until - 1, row.Bad})
			}
			c.Rows = append(c.Rows, row)
		}
		date := c.At.Format(dateLayout)
		if days[date] == nil {
			days[date] = &Day{Region: "r", Date: date}
		}
		days[date].add(c, uint64(until))
	}
	var all []Day
	for _, d := range days {
		all = append(all, *d)
	}
	for range 300 {
		from := 60 * rng.IntN(3*24*60)
		to := min(from+60*(1+rng.IntN(2000)), 3*24*3600)
		if to <= from {
			continue
		}
		spent := [4]float64{}
		for cell, seconds := range oracle {
			for _, s := range seconds {
				if s.at >= from && s.at < to {
					spent[cell] += s.bad
					spent[3] += s.bad / 3
				}
			}
		}
		for cell := range 4 {
			scope := Scope{Region: "r"}
			if cell < 3 {
				scope.Cell = &cell
			}
			m := Measure(Counts{Days: all}, nil, scope, 3, start.Add(time.Duration(from)*time.Second), start.Add(time.Duration(to)*time.Second))
			want := 1 - spent[cell]/float64(to-from)
			if m.Customer == nil || math.Abs(*m.Customer-want) > 1e-9 || math.Abs(m.Known-float64(to-from)) > 1e-6 {
				t.Fatalf("cell %d from %d to %d: %v of %v s known, want %v", cell, from, to, m.Customer, m.Known, want)
			}
		}
	}
}

func TestTimeThatNobodyCountedIsNeitherGoodNorBad(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.count(20, 15, 16) // half of cell 0 failed for two seconds; 10 of 3600 s are known
	var d Day
	if _, err := b.Get(DayPrefix+"r/2026-01-01", &d); err != nil {
		t.Fatal(err)
	}
	m := Measure(Counts{Days: []Day{d}}, []Incident{b.incident("r/1767225614")}, Scope{}, 12, start, start.Add(time.Hour))
	if m.Known != 10 || math.Abs(*m.Customer-(1-1.02/12/10)) > 1e-9 || math.Abs(*m.Whole-0.8) > 1e-9 || *m.Request != 0.9 || len(m.Entries) != 1 {
		t.Fatalf("%+v", m)
	}
	if m := Measure(Counts{Days: []Day{d}}, nil, Scope{Region: "other"}, 12, start, start.Add(time.Hour)); m.Known != 0 || m.Customer != nil || m.Edges != nil || m.Outside != nil || m.Whole != nil || m.Request != nil || m.Requests != 0 {
		t.Fatalf("%+v", m)
	}
}

func TestOverlappingIncidentsCountOnce(t *testing.T) {
	t.Parallel()
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	in := []Incident{{Began: at(0), Recovered: at(10)}, {Began: at(5), Recovered: at(20)}, {Began: at(6), Recovered: at(7)}, {Began: at(50), Recovered: at(90)}}
	if got := outage(in, Scope{}, at(2), at(60)); got != 28 {
		t.Fatalf("%v s", got)
	}
}

func TestBurnNeedsBothWindows(t *testing.T) {
	t.Parallel()
	now := start.Add(12 * time.Hour)
	day := func(spent map[int]float64) Counts { // seconds by minutes before now
		d := Day{Region: "r", Date: "2026-01-01"}
		for before, bad := range spent {
			d.Bad = append(d.Bad, BadMinute{Minute: 12*60 - before, Bad: bad * 12})
		}
		return Counts{Days: []Day{d}}
	}
	for _, c := range []struct {
		name  string
		spent map[int]float64
		want  string
	}{
		{"nothing", nil, "[false false false]"},
		{"an outage that goes on", map[int]float64{1: 14}, "[true true false]"},
		{"an outage that is over", map[int]float64{20: 14}, "[false true false]"},
		{"long over", map[int]float64{200: 60}, "[false false true]"},
	} {
		var got []bool
		for _, b := range DecideBurn(day(c.spent), nil, 12, 0.9999, now) {
			got = append(got, b.Firing)
		}
		if fmt.Sprint(got) != c.want {
			t.Errorf("%s: %v, want %s", c.name, got, c.want)
		}
	}
}

func TestFiguresTellPracticeFromReal(t *testing.T) {
	t.Parallel()
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	incidents := []Incident{
		{ID: "a", Began: at(100), Detected: at(102), Recovered: at(110), Of: 12, Cells: map[int]float64{1: 5}, Entries: []uint64{4}},
		{ID: "b", Began: at(200), Recovered: at(204), Of: 12, Cells: map[int]float64{1: 1, 2: 1}, Practice: "f", Entries: []uint64{9}},
		{ID: "before", Began: at(-5), Recovered: at(204)},
	}
	drills := []drill.Report{
		{Drill: "zone-loss", Verdict: drill.Pass, Begun: at(190), Objectives: []drill.Objective{{Name: "recover", Measured: 2.5}, {Name: "writes_lost"}}, Journal: drill.Range{First: 7, Last: 12}},
		{Drill: "zone-loss", Verdict: drill.Fail, Begun: at(300), Objectives: []drill.Objective{{Name: "writes_lost", Measured: 3}}},
	}
	text := func(of string) (s string) {
		for _, f := range Figures(incidents, drills, nil, 1000, of, start, at(1000)) {
			mean := "unknown"
			if f.Mean != nil {
				mean = fmt.Sprintf("%.4g", *f.Mean)
			}
			s += fmt.Sprintf("%s %d %s; ", f.Name, f.N, mean)
		}
		return s
	}
	for of, want := range map[string]string{
		Real:     "mttd 1 2; mttr 1 10; mtbf 1 1000; rto 1 10; rpo 0 unknown; blast 1 8.333; ",
		Practice: "mttd 0 unknown; mttr 1 4; mtbf 1 1000; rto 1 2.5; rpo 1 0; blast 1 16.67; ",
		Both:     "mttd 1 2; mttr 2 7; mtbf 2 500; rto 2 6.25; rpo 1 0; blast 2 12.5; ",
	} {
		if got := text(of); got != want {
			t.Errorf("%s:\n got %s\nwant %s", of, got, want)
		}
	}
}

// The last point of a burn-down is what the whole window has spent, and no point ever falls.
func TestBurnDownEndsAtWhatWasSpent(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(3, 4))
	d := Day{Region: "r", Date: "2026-01-01"}
	for range 200 {
		d.Bad = append(d.Bad, BadMinute{Minute: rng.IntN(24 * 60), Cell: rng.IntN(3), Bad: rng.Float64()})
	}
	one := 1
	for range 200 {
		from := start.Add(time.Duration(rng.IntN(20*3600)) * time.Second)
		to := from.Add(time.Duration(1+rng.IntN(4*3600)) * time.Second)
		scope := Scope{}
		if rng.IntN(2) == 0 {
			scope.Cell = &one
		}
		points := BurnDown(Counts{Days: []Day{d}}, scope, 3, from, to, 1+rng.IntN(100))
		for i := 1; i < len(points); i++ {
			if points[i].Spent < points[i-1].Spent {
				t.Fatalf("point %d falls", i)
			}
		}
		want := Measure(Counts{Days: []Day{d}}, nil, scope, 3, from, to).Spent
		if got := points[len(points)-1].Spent; math.Abs(got-want) > 1e-9 {
			t.Fatalf("from %v to %v: %v, want %v", from, to, got, want)
		}
	}
}

func TestMovesCount_7_1_12(t *testing.T) {
	t.Parallel()
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(seconds int) time.Time { return start.Add(time.Duration(seconds) * time.Second) }
	moves := []Move{
		{At: at(10), RTO: 4, RPO: 1, Entries: []uint64{3, 9}}, {At: at(20), RTO: 8, Practice: true, Entries: []uint64{11, 19}}, {At: at(5000), RTO: 99},
	}
	for of, want := range map[string][2]float64{Real: {4, 1}, Practice: {8, 0}, Both: {6, 0.5}} {
		got := map[string]float64{}
		for _, f := range Figures(nil, nil, moves, 1000, of, start, at(1000)) {
			if f.Mean != nil {
				got[f.Name] = *f.Mean
			}
		}
		if got["rto"] != want[0] || got["rpo"] != want[1] {
			t.Errorf("%s: %v, want %v", of, got, want)
		}
	}
}
