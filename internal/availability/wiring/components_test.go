package wiring

import (
	"github.com/greenlang/fournines/internal/state/statetest"
)

import (
	"testing"
	"time"
)

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
