package wiring

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/control/crashtest"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/schedule"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wing"
)

var planned = time.Date(2026, 11, 23, 2, 0, 0, 0, time.UTC)

// sweep is an action whose steps each write the run's key once.
func sweep(dir string) control.Kind {
	step := func(name string) control.Step {
		return control.Step{Name: name, Timeout: time.Minute, Do: func(_ context.Context, r *control.Run) (any, error) {
			return nil, os.WriteFile(filepath.Join(dir, name), []byte(r.Key), 0o600)
		}}
	}
	return control.Kind{Name: "sweep", Steps: []control.Step{step("first"), step("second")}}
}

func daily() []schedule.Schedule {
	return []schedule.Schedule{{Name: "daily", Does: "Sweeps.", Cron: "0 2 * * *", Zone: "UTC", Do: func(time.Time) (control.Action, error) {
		return control.Action{Kind: "sweep", Subject: "floor"}, nil
	}}}
}

// A run that has begun ends once, with one operation and one outcome, wherever the server is
// killed, and whichever server goes on.
func TestKilledAnywhereARunEndsOnce(t *testing.T) {
	t.Parallel()
	key := schedule.Key("daily", planned)
	crashtest.Run(t, crashtest.World{
		Setup:  func(string) error { return nil },
		Kinds:  func(dir string, _ *state.Projection) []control.Kind { return []control.Kind{sweep(dir)} },
		Folds:  []state.Fold{schedule.Fold},
		Action: control.Action{Key: key},
		Drive: func(ctx context.Context, c *control.Control, s *state.Projection, crash control.CrashPoint) error {
			now := planned.Add(-time.Minute)
			w, _ := New(&wing.House{State: s, Control: c, Now: func() time.Time { return now }, Log: slog.New(slog.DiscardHandler)}, daily)
			w.crash = crash
			if err := w.open(ctx); err != nil {
				return err
			}
			for {
				changed := s.Changed()
				if err := w.round(ctx); err != nil {
					return err
				}
				courses, err := w.courses()
				if err != nil {
					return err
				}
				if c := courses["daily"]; c.Newest != nil && c.Running == nil {
					return w.round(ctx) // which finds nothing to do
				}
				if now = planned.Add(10 * time.Second); courses["daily"].Running == nil {
					continue
				}
				select {
				case <-changed:
				case <-ctx.Done():
					return ctx.Err()
				}
			}
		},
		Check: func(dir string, o control.Operation) error {
			for _, step := range []string{"first", "second"} {
				if b, err := os.ReadFile(filepath.Join(dir, step)); err != nil || string(b) != key {
					return fmt.Errorf("the step %s has done %q: %w", step, b, err)
				}
			}
			if o.State != control.Succeeded || o.Actor != actor || !strings.HasPrefix(o.Reason, "planned for 2026-11-23T02:00:00Z") {
				return fmt.Errorf("the operation is %+v", o)
			}
			return countEntries(dir)
		},
	})
}

// countEntries demands that a run has begun and ended once, with the operation's outcome.
func countEntries(dir string) error {
	j, err := journal.Open(filepath.Join(dir, "journal"), time.Now)
	if err != nil {
		return err
	}
	defer j.Close() //nolint:errcheck // only read
	all, err := j.Read(0, 1000)
	if err != nil {
		return err
	}
	n := map[string]int{}
	for _, r := range all {
		n[r.Kind]++
		if r.Kind == schedule.Ended.Name && !strings.Contains(string(r.Data), control.Succeeded) {
			return fmt.Errorf("the run ended as %s", r.Data)
		}
	}
	if n[schedule.Set.Name] != 1 || n[schedule.Begun.Name] != 1 || n[schedule.Ended.Name] != 1 || n["operation.requested"] != 1 {
		return fmt.Errorf("the journal has %v", n)
	}
	return nil
}
