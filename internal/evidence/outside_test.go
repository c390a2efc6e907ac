package evidence

import (
	"math"
	"math/rand/v2"
	"testing"
	"time"
)

func unix(second int) uint64 { return uint64(start.Unix()) + uint64(second) } //nolint:gosec // of a test

// outside adds what a vantage point saw of home r, which has cells 0 to 3 of 12, in the ten
// seconds before the given one, of which those failed.
func (b *book) outside(point string, weight float64, until int, failed ...int) uint64 {
	h := OutsideHome{Home: "r", Cells: []int{0, 1, 2, 3}, Weight: weight, Served: 10 - len(failed)}
	for _, s := range failed {
		h.Failed = append(h.Failed, Failure{Second: unix(s), Stage: "connect", Error: "refused"})
	}
	at := start.Add(time.Duration(until) * time.Second)
	return b.add(OutsideCounted.Name, point, at, OutsideCount{Point: point, From: unix(until - 10), To: unix(until - 1), At: at, Of: 12, Homes: []OutsideHome{h}})
}

func (b *book) counts() Counts {
	var c Counts
	var d Day
	if found, err := b.Get(DayPrefix+"r/2026-01-01", &d); err != nil {
		b.t.Fatal(err)
	} else if found {
		c.Days = append(c.Days, d)
	}
	var o OutsideDay
	if found, err := b.Get(OutsidePrefix+"r/2026-01-01", &o); err != nil {
		b.t.Fatal(err)
	} else if found {
		c.Outside = append(c.Outside, o)
	}
	return c
}

func (b *book) availability() Availability {
	b.t.Helper()
	var a Availability
	if found, err := b.Get(Key, &a); err != nil || !found {
		b.t.Fatalf("%v %v", found, err)
	}
	return a
}

func near(a, b float64) bool { return math.Abs(a-b) < 1e-9 }

// A region dies: its edge counts nothing any more, and its customers fail all the same.
func TestADeadRegionsCustomersAreCountedFromOutside_7_1_12(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.outside("p", 1, 20)
	b.count(20)
	b.outside("p", 1, 30, 22, 23, 24, 25, 26, 27, 28, 29)
	b.count(40, 33) // the next region's edge: half of cell 0 for a second, in the same minute
	b.outside("p", 1, 40, 30, 31)
	m := Measure(b.counts(), nil, Scope{}, 12, start, start.Add(time.Hour))
	if !near(m.OutsideSpent, 10*4.0/12) || !near(m.EdgesSpent, 0.51/12) || !near(m.Spent, (10*4.0+0.01-0.01)/12) {
		t.Fatalf("%+v", m)
	}
	if !near(m.OutsideKnown, 30*4.0/12) || m.EdgesKnown != 20 || m.Known != 20 {
		t.Fatalf("a home with a third of the cells was seen for 30 s: %+v", m)
	}
	if !near(*m.Outside, 1-10.0/30) {
		t.Fatalf("outside %v", *m.Outside)
	}
	if home := Measure(b.counts(), nil, Scope{Region: "r"}, 12, start, start.Add(time.Hour)); home.OutsideKnown != 30 || home.Known != 30 {
		t.Fatalf("%+v", home)
	}
	if a := b.availability(); !near(a.Spent, m.Spent) {
		t.Fatalf("the overview spends %v, the window %v", a.Spent, m.Spent)
	}
	i := b.incident("r/1767225622")
	if i.Outside != 10 || i.Duration() != 11*time.Second || len(i.Cells) != 4 || i.Failed != 5 {
		t.Fatalf("%+v", i)
	}
}

// Both see the same outage: it counts once, and whoever saw more of it rules.
func TestTheSameOutageCountsOnce(t *testing.T) {
	t.Parallel()
	for _, first := range []string{"edges", "outside"} {
		b := newBook(t)
		edges := func() {
			c := Count{Region: "r", From: 11, To: 20, At: start.Add(20 * time.Second), Cells: 12}
			for s := 11; s <= 13; s++ {
				cell := Cell{Cell: 2, Requests: 4, Failed: 4, Bad: 1}
				c.Bad = append(c.Bad, BadSecond{start.Add(time.Duration(s) * time.Second), []Cell{cell}})
			}
			c.Rows = []Cell{{Cell: 2, Requests: 12, Failed: 12, Bad: 3}}
			b.add(Counted.Name, "r/edge", c.At, c)
		}
		if first == "edges" {
			edges()
		}
		b.outside("p", 1, 20, 11, 12)
		if first == "outside" {
			edges()
		}
		m := Measure(b.counts(), nil, Scope{}, 12, start, start.Add(time.Minute))
		if want := (3.0 + 2 + 2 + 2) / 12; !near(m.Spent, want) || !near(b.availability().Spent, want) {
			t.Fatalf("%s first: %v and %v, want %v", first, m.Spent, b.availability().Spent, want)
		}
		two := 2
		if m := Measure(b.counts(), nil, Scope{Cell: &two}, 12, start, start.Add(time.Minute)); m.Spent != 3 || m.OutsideSpent != 2 || m.OutsideKnown != 10 {
			t.Fatalf("%+v", m)
		}
	}
}

// One of two vantage points is off: what it would have seen is unknown, not good.
func TestWhatNobodySawIsUnknown(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.outside("p", 0.5, 20, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19)
	m := Measure(b.counts(), nil, Scope{Region: "r"}, 4, start, start.Add(time.Minute))
	if m.OutsideKnown != 5 || *m.Outside != 0 || *m.Customer != 0 || m.Edges != nil || m.EdgesKnown != 0 {
		t.Fatalf("%+v", m)
	}
}

// A prober that was cut off tells late of an incident that is over.
func TestALateIncidentIsOneOfItsOwn(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.count(600, 595)
	b.outside("p", 1, 310, 301, 302, 303)
	b.outside("p", 1, 600, 593)
	if i := b.incident("r/1767225901"); i.Duration() != 3*time.Second || i.Outside != 3 {
		t.Fatalf("%+v", i)
	}
	if i := b.incident("r/1767226194"); !i.Began.Equal(start.Add(593*time.Second)) || i.Duration() != 2*time.Second || i.Outside != 1 || i.Failed != 5 {
		t.Fatalf("%+v", i)
	}
}

func TestGapOutside(t *testing.T) {
	t.Parallel()
	home := func(unknown int, failed ...int) OutsideHome {
		h := OutsideHome{Home: "r", Served: 10 - len(failed) - unknown, Unknown: unknown}
		for _, s := range failed {
			h.Failed = append(h.Failed, Failure{Second: unix(s)})
		}
		return h
	}
	count := func(from int, h ...OutsideHome) OutsideCount {
		return OutsideCount{From: unix(from), To: unix(from + 9), Homes: h}
	}
	counts := []OutsideCount{
		count(0, home(0, 8, 9)), count(10, home(0, 10, 11, 12, 15)),
		// 20 to 29 are unknown
		count(30, home(0, 30)), count(40, home(0)), count(50, OutsideHome{Home: "other", Failed: []Failure{{Second: unix(50)}}}),
	}
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	if g := GapOutside(counts, "r", at(0), at(60)); g != (OutsideGap{Longest: 5, Failed: 7, Known: 40}) {
		t.Fatalf("%+v", g)
	}
	if g := GapOutside(counts, "r", at(9), at(11)); g != (OutsideGap{Longest: 2, Failed: 2, Known: 2}) {
		t.Fatalf("%+v", g)
	}
	if g := GapOutside(counts, "nobody", at(0), at(60)); g != (OutsideGap{}) {
		t.Fatalf("%+v", g)
	}
	// A second vantage point that was served in between says that customers were.
	more := append(counts, OutsideCount{From: unix(9), To: unix(9), Homes: []OutsideHome{{Home: "r", Served: 1}}})
	if g := GapOutside(more, "r", at(0), at(20)); g.Longest != 3 {
		t.Fatalf("%+v", g)
	}
	if g := GapOutside(counts, "r", at(60), at(0)); g.Known != 0 {
		t.Fatalf("%+v", g)
	}
}

// Whatever comes from whom, and in which order: the overview spends what the window spends,
// at least what either saw alone, and at most both together.
func TestSpentAgainstBothViews(t *testing.T) {
	t.Parallel()
	rng := rand.New(rand.NewPCG(5, 6))
	for range 50 {
		b := newBook(t)
		for until := 10; until < 600; until += 10 {
			var edges, seen []int
			for s := until - 9; s <= until; s++ {
				if rng.IntN(8) == 0 {
					edges = append(edges, s)
				}
				if rng.IntN(8) == 0 {
					seen = append(seen, s-1)
				}
			}
			b.count(until, edges...)
			b.outside("p", 0.5, until, seen...)
			b.outside("q", 0.5, until, seen...)
		}
		m := Measure(b.counts(), nil, Scope{}, 12, start, start.Add(time.Hour))
		if a := b.availability(); !near(a.Spent, m.Spent) || m.Spent < m.EdgesSpent-1e-9 || m.Spent < m.OutsideSpent-1e-9 || m.Spent > m.EdgesSpent+m.OutsideSpent+1e-9 {
			t.Fatalf("%v; %+v", a.Spent, m)
		}
	}
}
