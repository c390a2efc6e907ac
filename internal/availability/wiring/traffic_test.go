package wiring

import (
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/board"
	"github.com/greenlang/fournines/internal/edge"
	"github.com/greenlang/fournines/internal/edge/tally"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/state/statetest"
)

// What an edge has counted is acknowledged when it is in the journal, so that a server
// which dies before takes no second with it, and the next one counts none twice.
func TestCountsOutliveTheServer(t *testing.T) {
	t.Parallel()
	root, ahead := t.TempDir(), time.Duration(0)
	w, stop := opened(t, statetest.Shelf{}, root)
	defer func() { stop() }()
	restart := func() {
		stop()
		w, stop = opened(t, statetest.Shelf{}, root)
		w.house.Now = func() time.Time { return time.Now().Add(ahead) }
	}
	restart()
	report := func(from, to uint64) uint64 {
		t.Helper()
		var f board.EdgeFact
		for n := from; n <= to; n++ {
			row := tally.Row{Key: tally.Key{Service: place.GreenLang, Cell: 1}, Requests: 10}
			f.Seconds = append(f.Seconds, edge.Second{Seq: n, Rows: []tally.Row{row}})
		}
		a, err := w.TakeEdge(t.Context(), "us-east-1", f)
		if err != nil {
			t.Fatal(err)
		}
		return a.Second
	}
	due := func() { // the entry that is written each ten seconds
		ahead += 2 * countEvery
	}
	if got := report(1, 3); got != 0 {
		t.Fatalf("%d seconds are acknowledged that are in no entry", got)
	}
	restart()
	if got := report(1, 4); got != 0 {
		t.Fatalf("%d seconds are acknowledged that are in no entry", got)
	}
	due()
	if got := report(1, 5); got != 5 {
		t.Fatalf("acknowledged to %d, want 5", got)
	}
	restart()
	if got := report(4, 6); got != 5 {
		t.Fatalf("acknowledged to %d, want 5", got)
	}
	due()
	if got := report(4, 7); got != 7 {
		t.Fatalf("acknowledged to %d, want 7", got)
	}
	var a evidence.Availability
	if _, err := w.house.State.Get(evidence.Key, &a); err != nil || a.Requests != 70 {
		t.Fatalf("%v: %d requests are counted, want 70", err, a.Requests)
	}
}
