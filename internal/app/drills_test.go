package app

import (
	"errors"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/state/statetest"
	"github.com/greenlang/fournines/internal/wing"
)

// One drill runs at a time, whoever begins it: a person at a terminal begins by its first
// report. One that is over, or whose process died long ago, keeps nobody away.
func TestOneDrillAtATime(t *testing.T) {
	t.Parallel()
	s := headless(t, statetest.Shelf{})
	ctx := wing.WithActor(t.Context(), "test")
	report := func(id, verdict string) drill.Report {
		return drill.Report{ID: id, Drill: "zone-loss", Verdict: verdict, Begun: time.Now()}
	}
	begin := func(id string) error { _, err := s.records.RecordDrill(ctx, 0, report(id, drill.Running)); return err }
	old := report("long-ago", drill.Running)
	old.Begun = time.Now().Add(-time.Hour)
	if _, err := s.records.RecordDrill(ctx, 0, old); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 8)
	for i := range cap(ended) { // all at once: one of them runs
		go func() { ended <- begin(string(rune('a' + i))) }()
	}
	n := 0
	for range cap(ended) {
		if err := <-ended; err == nil {
			n++
		} else if !errors.Is(err, api.ErrRefused) {
			t.Error(err)
		}
	}
	if n != 1 {
		t.Errorf("%d drills run at once", n)
	}
	reports, err := s.records.DrillReports(ctx)
	if err != nil || len(reports) != 2 {
		t.Fatalf("%v %v", reports, err)
	}
	runs := reports[0].ID
	if err := begin(runs); err != nil {
		t.Errorf("a repeat of its own report: %v", err)
	}
	if _, err := s.records.RunDrill(ctx, "zone-loss", "test"); !errors.Is(err, api.ErrRefused) {
		t.Errorf("from the console: %v", err)
	}
	if _, err := s.records.RecordDrill(ctx, 1, report(runs, drill.Aborted)); err != nil {
		t.Fatal(err)
	}
	if err := begin("z"); err != nil {
		t.Errorf("after the first has ended: %v", err)
	}
	if _, err := s.records.RunDrill(ctx, "control-plane-loss", "test"); !errors.Is(err, api.ErrRefused) {
		t.Errorf("what cannot run here: %v", err)
	}
}
