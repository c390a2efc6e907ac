package wiring

import (
	"errors"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/board"
	"github.com/greenlang/fournines/internal/descriptor"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/state/statetest"
	"github.com/greenlang/fournines/internal/wing"
)

// What is shown is what is declared and assigned, so that `fournines plan` finds no difference.
func TestWhatIsShownIsWhatIsDeclared(t *testing.T) {
	t.Parallel()
	w, stop := opened(t, statetest.Shelf{}, t.TempDir())
	defer stop()
	for _, regions := range [][]string{{"us-east-1"}, {"us-west-2"}, {"us-east-1", "us-west-2"}, place.RegionNames(w.house.Layout.Platform)} {
		w.house.Layout.Regions = regions
		for _, name := range regions {
			r, _ := w.house.Layout.Platform.Region(name)
			w.regions[name] = &region{layout: w.house.Layout, facts: w.house.Facts, spec: r}
			status := w.RegionStatus(r, time.Now())
			var shown, declared []string
			for _, c := range status.Components {
				shown = append(shown, c.ID)
			}
			for _, c := range assign.Components(w.house.Layout, name, status.Applied) {
				declared = append(declared, c.ID)
			}
			if !slices.Equal(shown, declared) || status.Applied != assign.Applied(w.house.Layout, name) {
				t.Errorf("of %v, %s shows %v, and %v are declared", regions, name, shown, declared)
			}
		}
	}
}

// A change of a component is recorded once, also over a restart; a server that has only begun
// to look records nothing of what it has not seen yet.
func TestChangesAreRecordedOnce(t *testing.T) {
	t.Parallel()
	root, now := t.TempDir(), time.Now()
	w, stop := opened(t, statetest.Shelf{}, root)
	record := func(looking time.Duration) (entries uint64) {
		t.Helper()
		before := w.house.State.Applied()
		w.house.Now, w.house.Looking = func() time.Time { return now }, now.Add(-looking)
		if err := w.recordChanges(t.Context()); err != nil {
			t.Fatal(err)
		}
		return w.house.State.Applied() - before
	}
	if n := record(time.Second); n != 0 {
		t.Errorf("%d entries of a server that has looked for a second", n)
	}
	if n := record(time.Minute); n == 0 {
		t.Error("nothing is recorded of components that nobody has seen for a minute")
	}
	if n := record(time.Minute); n != 0 {
		t.Errorf("%d entries although nothing has changed", n)
	}
	stop()
	w, stop = opened(t, statetest.Shelf{}, root)
	defer func() { stop() }()
	if n := record(time.Minute); n != 0 {
		t.Errorf("%d entries after a restart although nothing has changed", n)
	}
}

// What a server without descriptors has not heard is unknown: neither missing nor recorded.
// That it lacks them is what it says.
func TestAServerWithoutDescriptorsAccusesNobody(t *testing.T) {
	t.Parallel()
	w, stop := opened(t, statetest.Shelf{}, t.TempDir())
	defer stop()
	now := time.Now()
	w.house.Now, w.house.Descriptors = func() time.Time { return now }, &descriptor.Gauge{}
	region := w.house.Layout.Regions[0]
	w.house.Facts.PutEdge(region, board.EdgeFact{Seen: now.Add(-time.Minute)})
	for _, z := range w.regions[region].spec.Zones {
		w.house.Facts.PutNode(fact.Node{Region: region, Zone: z, At: now.Add(-time.Minute), Units: []fact.Unit{{Name: "redis", State: fact.UnitRunning, Ready: true}}})
	}
	missing := func() (out []string) {
		for _, c := range w.Components(region, now) {
			if c.Health == api.Missing {
				out = append(out, c.ID)
			}
		}
		return out
	}
	if got := missing(); len(got) < 4 {
		t.Fatalf("only %v are missing although nobody reports: the test looks in the wrong place", got)
	}
	w.house.Descriptors.Saw(errors.Join(errors.New("accept"), syscall.EMFILE))
	if got := missing(); len(got) != 0 {
		t.Errorf("%v are missing, of a server that hears nobody", got)
	}
	before := w.house.State.Applied()
	if err := w.recordChanges(t.Context()); err != nil || w.house.State.Applied() != before {
		t.Errorf("it has recorded what it does not know: %d entries, %v", w.house.State.Applied()-before, err)
	}
	if !slices.ContainsFunc(w.descriptorFindings(now), func(f wing.Finding) bool {
		return f.Subject == w.house.Seat.Name && strings.Contains(f.Title, "is short of file descriptors")
	}) {
		t.Error("it does not say what it lacks")
	}
	now = now.Add(time.Minute) // it has had descriptors for long
	if got := missing(); len(got) < 4 {
		t.Errorf("only %v are missing", got)
	}
}
