package wiring

import (
	"slices"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/state/statetest"
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
