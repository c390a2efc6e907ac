package control_test

import (
	"context"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/control/crashtest"
	"github.com/greenlang/fournines/internal/state"
)

// failing is a kind whose last step fails, and whose first is undone as undo says.
func failing(undo func() error) control.Kind {
	first := step("first", func() (any, error) { return nil, nil })
	first.Undo = func(context.Context, *control.Run) error { return undo() }
	second := first
	second.Name, second.Undo = "second", func(context.Context, *control.Run) error { return nil }
	return control.Kind{Name: "k", Steps: []control.Step{first, second, step("bad", func() (any, error) { return nil, errors.New("no") })}}
}

// A step that cannot be undone for a moment is undone after it.
func TestWhatIsToBeUndoneIsUndoneInTheEnd(t *testing.T) {
	t.Parallel()
	tries := 0
	c, _ := start(t, failing(func() error {
		if tries++; tries < 3 {
			return errors.New("the disk is full")
		}
		return nil
	}))
	if o := finish(t, c, control.Action{Key: "1", Kind: "k", Subject: "x"}); o.State != control.RolledBack || tries != 3 || strings.Contains(o.Error, "disk") {
		t.Fatalf("after %d tries: %+v", tries, o)
	}
	if left := c.Troubles(); len(left) != 0 {
		t.Errorf("it is over: %+v", left)
	}
}

// What cannot be undone is told, and a person may give it up; the rest is undone all the same.
func TestAPersonGivesUpWhatCannotBeUndone(t *testing.T) {
	t.Parallel()
	tried := make(chan struct{}, 1)
	c, j := start(t, failing(func() error {
		select {
		case tried <- struct{}{}:
		default:
		}
		return errors.New("the region is gone")
	}))
	if _, err := c.Submit(t.Context(), control.Action{Key: "1", Kind: "k", Subject: "x", Actor: "me", Reason: "why"}); err != nil {
		t.Fatal(err)
	}
	<-tried
	<-tried // the first trouble is noted by now
	troubles := c.Troubles()
	if len(troubles) != 1 || troubles[0].Key != "1" || troubles[0].What != "undo first" || !strings.Contains(troubles[0].Error, "the region is gone") || !troubles[0].May {
		t.Fatalf("%+v", troubles)
	}
	if _, err := c.Deny(state.DryRun(t.Context()), "1", "ann", "it does not come back"); !errors.Is(err, state.ErrDry) {
		t.Fatalf("a dry run: %v", err)
	}
	if _, err := c.Deny(t.Context(), "1", "ann", "it does not come back"); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	o, err := c.Wait(ctx, "1")
	if err != nil || o.State != control.Failed || o.Steps[1].State != control.StepUndone || !strings.Contains(o.Error, "given up by ann: the region is gone") {
		t.Fatalf("%+v %v", o, err)
	}
	rs, err := j.Read(0, 100)
	if err != nil {
		t.Fatal(err)
	}
	said := false
	for _, r := range rs {
		said = said || r.Kind == "step.ended" && r.Actor == "ann" && r.Reason == "it does not come back"
	}
	if !said {
		t.Error("the journal does not say who gave it up, and why")
	}
	if _, err := c.Deny(t.Context(), "1", "ann", "again"); !errors.Is(err, control.ErrState) {
		t.Errorf("it is over: %v", err)
	}
}

// It is taken back to its end wherever the process is killed, though each undo fails at first, and
// no step acts any more once one before it has been undone.
func TestCrashAnywhereOnTheWayBack(t *testing.T) {
	w := world(false)
	w.Kinds = func(dir string, _ *state.Projection) []control.Kind {
		k := world(false).Kinds(dir, nil)[0]
		for i := range k.Steps {
			var tries atomic.Int64
			undo := k.Steps[i].Undo
			k.Steps[i].Undo = func(ctx context.Context, r *control.Run) error {
				if tries.Add(1) < 3 {
					return errors.New("the disk is full")
				}
				return undo(ctx, r)
			}
		}
		k.Steps = append(k.Steps, step("three", func() (any, error) {
			for _, n := range []string{"one", "two"} {
				if _, err := os.Stat(filepath.Join(dir, n)); err != nil {
					return nil, os.WriteFile(filepath.Join(dir, "violated"), nil, 0o600)
				}
			}
			return make(chan int), nil // what cannot be recorded
		}))
		return []control.Kind{k}
	}
	w.Check = func(dir string, o control.Operation) error {
		if _, err := os.Stat(filepath.Join(dir, "violated")); err == nil {
			return errors.New("a step acted on what was undone")
		}
		return world(true).Check(dir, o)
	}
	crashtest.Run(t, w)
}
