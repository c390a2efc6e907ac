package replica

import (
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// feeds are two that were read to their end, each for the other.
func feeds(change func(a, b *Feed)) (Feed, Feed) {
	a := Feed{Region: "a", Kept: true, ID: "A", First: 11, Next: 21, Safe: 20, Slot: Slot{Position: 10, Partner: "B", Seen: 8}}
	b := Feed{Region: "b", Kept: true, ID: "B", First: 6, Next: 9, Safe: 8, Slot: Slot{Position: 5, Partner: "A", Seen: 15}}
	if change != nil {
		change(&a, &b)
	}
	return a, b
}

func TestACourseGoesOnOnlyWithoutAGap(t *testing.T) {
	t.Parallel()
	good, _ := feeds(nil)
	on := Course{}.On(feeds(nil))
	if !on.Based || on.Why != "" || on.A != (Cursor{"A", 10}) || on.B != (Cursor{"B", 5}) || *on.A.Unread() != good.Slot.Position {
		t.Fatalf("%+v", on)
	}
	if next := on.On(feeds(nil)); next != on {
		t.Errorf("%+v", next)
	}
	for name, c := range map[string]struct {
		change func(a, b *Feed)
		fresh  string // why whoever knows nothing must compare
		later  string // why whoever read on must
	}{
		"nothing":                 {func(*Feed, *Feed) {}, "", ""},
		"no feed":                 {func(_, b *Feed) { b.Kept = false }, "b's store keeps no change feed", "b's store keeps no change feed"},
		"never read":              {func(a, _ *Feed) { a.Slot = Slot{} }, "a's change feed was never read to its end", ""},
		"another feed":            {func(_, b *Feed) { b.ID = "X" }, "a's change feed was read for another store", "b's change feed is another"},
		"gone back":               {func(_, b *Feed) { b.Next, b.Slot.Position = 7, 5 }, "b's store has gone back", ""},
		"gone back before here":   {func(_, b *Feed) { b.First, b.Next, b.Slot.Position = 1, 4, 0 }, "b's store has gone back", "b's change feed ends at 3 and was read to 5"},
		"trimmed by somebody":     {func(a, _ *Feed) { a.First, a.Slot.Position = 13, 12 }, "", "a's change feed begins at 13 and was read to 10"},
		"a token that is no good": {func(a, b *Feed) { a.Slot.Partner, b.Slot.Partner = "", "" }, "a's change feed was never read", ""},
	} {
		for _, from := range []Course{{}, on} {
			want := c.fresh
			if from.Fed() {
				want = c.later
			}
			got := from.On(feeds(c.change))
			if (want == "") != got.Based || !strings.HasPrefix(got.Why, want) || (want == "") != (got.Why == "") || (want != "") != (got.Turn > from.Turn) {
				t.Errorf("%s: from %+v came %+v, want %q", name, from, got, want)
			}
			if a, b := feeds(c.change); want != "" && got.Fed() && (got.A != Cursor{a.ID, a.Safe} || got.B != Cursor{b.ID, b.Safe}) {
				t.Errorf("%s: %+v", name, got)
			}
		}
	}
}

// Only a comparison that began after the last gap vouches for everything.
func TestAComparisonCountsForItsOwnTurn(t *testing.T) {
	t.Parallel()
	lost := Course{}.On(feeds(func(a, _ *Feed) { a.Slot = Slot{} }))
	again := lost.On(feeds(func(a, _ *Feed) { a.ID = "X" }))
	if c := again.Compared(lost.Turn); c.Based {
		t.Errorf("%+v", c)
	}
	if c := again.Compared(again.Turn); !c.Based || c.Why != "" {
		t.Errorf("%+v", c)
	}
	none := Course{}.On(feeds(func(a, _ *Feed) { a.Kept = false }))
	if c := none.Compared(none.Turn); c.Based || c.Why == "" {
		t.Errorf("%+v", c)
	}
	if c := none.On(feeds(func(a, _ *Feed) { a.Kept = false })); c != none {
		t.Errorf("%+v: the same reason is no new turn", c)
	}
	if c := none.On(feeds(nil)); !c.Based || c.Turn < none.Turn {
		t.Errorf("%+v", c)
	}
}

func TestWhenEverythingIsCompared(t *testing.T) {
	t.Parallel()
	at := time.Unix(1_000, 0)
	none, gap, fine := Course{Why: "none", Turn: 1}, Course{A: Cursor{ID: "A"}, B: Cursor{ID: "B"}, Why: "gap", Turn: 1}, Course{}.On(feeds(nil))
	for name, c := range map[string]struct {
		course Course
		rested time.Duration
		took   time.Duration
		want   bool
	}{
		"nobody has looked":         {Course{}, time.Hour, 0, false},
		"no feeds, at first":        {none, 0, 0, true},
		"no feeds, too soon":        {none, time.Second, 2 * time.Second, false},
		"no feeds":                  {none, 2 * time.Second, 2 * time.Second, true},
		"a gap":                     {gap, 0, 0, true},
		"fine, too soon":            {fine, 9 * time.Minute, time.Second, false},
		"fine":                      {fine, 10 * time.Minute, time.Second, true},
		"fine, and it takes long":   {fine, 19 * time.Minute, time.Minute, false},
		"fine, and it took so long": {fine, 20 * time.Minute, time.Minute, true},
	} {
		if got := c.course.Compare(at, at.Add(c.rested), c.took, 10*time.Minute); got != c.want {
			t.Errorf("%s: %v", name, got)
		}
	}
}

func TestDrift(t *testing.T) {
	t.Parallel()
	of := func(to, version string) Copy { return Copy{To: to, Origin: fact.Origin{Region: "a", Version: version}} }
	got := Drift([]Copy{of("b", "1"), of("b", "2"), of("a", "4")}, []Copy{of("b", "2"), of("b", "3"), of("b", "4")})
	if len(got) != 1 || got[0] != of("b", "2") {
		t.Errorf("%+v", got)
	}
}
