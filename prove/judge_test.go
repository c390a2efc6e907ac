package prove

import (
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"
)

func TestQuantileIsAMeasuredValue(t *testing.T) {
	t.Parallel()
	twenty := []float64{20, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19}
	for _, c := range []struct {
		values  []float64
		q, want float64
	}{
		{twenty, 0.5, 10}, {twenty, 0.95, 19}, {twenty, 1, 20}, {twenty, 0, 1}, {[]float64{7}, 0.95, 7}, {nil, 0.5, 0}, {[]float64{3, 1}, 0.95, 3},
	} {
		if got := Quantile(c.values, c.q); got != c.want {
			t.Errorf("quantile %v of %v: %v, want %v", c.q, c.values, got, c.want)
		}
	}
	if twenty[0] != 20 {
		t.Error("the caller's values were moved")
	}
}

// The judge must find what is bad, or it proves nothing.
func TestHoldsFloor(t *testing.T) {
	t.Parallel()
	good := Run{Gap: 1.8, NewGap: 1.9}
	for _, c := range []struct {
		name  string
		runs  []Run
		say   string
		goals bool
	}{
		{"good", []Run{good, good}, "", true},
		{"slow, and still below the floor", []Run{good, {Gap: 29}}, "", false},
		{"reaches the floor with new connections only", []Run{good, {Gap: 1, NewGap: 30}}, "30 s", false},
		{"one write lost", []Run{good, {Gap: 1, Lost: 1}}, "lost", true},
		{"one write doubled", []Run{{Gap: 1, Doubled: 1}}, "doubled", true},
		{"nobody took over", []Run{{Gap: 2, Open: true}}, "limit", false},
		{"broke off", []Run{good, {Error: "x"}}, "broke off", true},
		{"nothing ran", nil, "not every run", false},
	} {
		g := Group{Runs: c.runs}
		why := strings.Join(g.HoldsFloor(), "; ")
		if (c.say == "") != (why == "") || !strings.Contains(why, c.say) || g.MeetsGoals() != c.goals {
			t.Errorf("%s: %q, goals %v", c.name, why, g.MeetsGoals())
		}
	}
}

func TestOverlaps(t *testing.T) {
	t.Parallel()
	ack := func(member string, timeline uint32, begun, ended int64) Ack {
		return Ack{member, timeline, time.UnixMilli(begun), time.UnixMilli(ended)}
	}
	for _, c := range []struct {
		name string
		acks []Ack
		want []Ack
	}{
		{"one after the other", []Ack{ack("a", 1, 0, 10), ack("b", 2, 20, 30), ack("b", 2, 40, 50)}, nil},
		{"told late, begun before", []Ack{ack("b", 2, 20, 30), ack("a", 1, 5, 90)}, nil},
		{"begun while the first of the new is under way", []Ack{ack("b", 2, 20, 30), ack("a", 1, 25, 28)}, nil},
		{"the old one writes on", []Ack{ack("b", 2, 20, 30), ack("a", 1, 31, 40)}, []Ack{ack("a", 1, 31, 40)}},
		{"the old one leads again, on a newer timeline", []Ack{ack("a", 1, 0, 9), ack("b", 2, 20, 30), ack("a", 3, 31, 40)}, nil},
		{"the same member promoted itself", []Ack{ack("a", 2, 0, 9), ack("a", 1, 10, 12)}, nil},
	} {
		if got := Overlaps(c.acks); !slices.Equal(got, c.want) {
			t.Errorf("%s: %v", c.name, got)
		}
	}
	if n := Timelines([]Ack{ack("a", 1, 0, 1), ack("b", 2, 2, 3), ack("b", 2, 4, 5)}); n != 2 {
		t.Errorf("%d timelines", n)
	}
	if l := LastLeader([]Ack{ack("b", 2, 2, 30), ack("a", 1, 0, 10)}); l != "b" {
		t.Errorf("%s leads", l)
	}
}

func TestRecordAndTable(t *testing.T) {
	t.Parallel()
	dir, day := t.TempDir(), time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC)
	runs := []Run{
		{Proof: "write-gap", Who: "ours", Kind: "zone-kill", N: 1, At: day, Gap: 2, NewGap: 2.5, Acknowledged: 100, Failovers: 1},
		{Proof: "write-gap", Who: "peer", Kind: "zone-kill", N: 1, At: day, Gap: 20, Lost: 3},
		{Proof: "write-gap", Who: "peer", Kind: "hang", N: 1, At: day, NewGap: 76, Open: true, Limit: 75},
	}
	for _, at := range []time.Time{day.Add(time.Hour), day} { // the older file must not win
		r, err := NewRecord(dir, "write-gap", at)
		if err != nil {
			t.Fatal(err)
		}
		for i, run := range runs {
			if run.N = i + at.Hour(); r.Add(run) != nil {
				t.Fatal("not kept")
			}
		}
		if err := r.Close(); err != nil {
			t.Fatal(err)
		}
	}
	paths, err := Newest(dir)
	if err != nil || len(paths) != 1 || filepath.Base(paths[0]) != "write-gap-20260102T040405Z.ndjson" {
		t.Fatal(paths, err)
	}
	back, err := ReadRuns(paths[0])
	if err != nil || len(back) != 3 || back[0].N != 4 {
		t.Fatal(back, err)
	}
	back[0].N = 1
	if !reflect.DeepEqual(back[0], runs[0]) {
		t.Fatalf("%+v", back[0])
	}
	table := Table(back)
	for _, want := range []string{
		"| ours | zone-kill | 1 | 2.00 | 2.00 | 2.00 | 2.50 | 2.50 | 2.50 | – | – | 100 | 0 | 0 | 1 | 0 | 0 |",
		"| peer | zone-kill | 1 | 20.00 |", "> 76.00",
	} {
		if !strings.Contains(table, want) {
			t.Errorf("no %q in\n%s", want, table)
		}
	}
	if r := Ratios(back, "ours", "peer"); !strings.Contains(r, "| zone-kill | 2.50 | 2.50 | 20.00 | 20.00 | 8.0 |") || strings.Contains(r, "hang") {
		t.Error(r)
	}
}

func TestLagWithin(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		live Live
		want bool
	}{{Live{Rounds: 9, LagMax: 0.05}, true}, {Live{Rounds: 9, LagMax: 5}, true}, {Live{Rounds: 9, LagMax: 10}, false}, {Live{Rounds: 9, LagMax: -1}, false}, {Live{}, false}} {
		if got := c.live.LagWithin(5); got != c.want {
			t.Errorf("%+v: %v", c.live, got)
		}
	}
	table := Table([]Run{{Proof: "live", Who: "ours", Gap: 0.8, Live: &Live{Agents: 10000, LagP50: 0.03}}})
	heads, row, _ := strings.Cut(strings.TrimSpace(table[strings.Index(table, "| who"):]), "\n")
	_, row, _ = strings.Cut(row, "\n")
	if strings.Count(heads, "|") != strings.Count(row, "|") || !strings.Contains(row, "| 10000 |") {
		t.Errorf("\n%s", table)
	}
}
