package control_test

import (
	"context"
	"encoding/json"
	"errors"
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
	"github.com/greenlang/fournines/internal/state"
)

type empty struct{}

func (empty) Load(context.Context) (map[string]json.RawMessage, state.Position, error) {
	return map[string]json.RawMessage{}, state.Position{}, nil
}
func (empty) Save(context.Context, map[string]json.RawMessage, state.Position) error { return nil }

func start(t *testing.T, kinds ...control.Kind) (*control.Control, *journal.Journal) {
	t.Helper()
	j, err := journal.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p, err := state.Open(ctx, j, empty{}, slog.New(slog.DiscardHandler), control.Fold)
	if err != nil {
		t.Fatal(err)
	}
	c, err := control.Start(ctx, control.Config{State: p, Kinds: kinds, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); c.Close(); p.Close(); _ = j.Close() })
	return c, j
}

func step(name string, do func() (any, error)) control.Step {
	return control.Step{Name: name, Timeout: time.Minute, Do: func(context.Context, *control.Run) (any, error) { return do() }}
}

func finish(t *testing.T, c *control.Control, a control.Action) control.Operation {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if _, err := c.Submit(ctx, a); err != nil {
		t.Fatal(err)
	}
	o, err := c.Wait(ctx, a.Key)
	if err != nil {
		t.Fatal(err)
	}
	return o
}

func TestAKeyActsOnce(t *testing.T) {
	t.Parallel()
	n := 0
	c, _ := start(t, control.Kind{Name: "k", Steps: []control.Step{step("s", func() (any, error) { n++; return n, nil })}})
	a := control.Action{Key: "1", Kind: "k", Subject: "x"}
	first := finish(t, c, a)
	again := finish(t, c, a)
	if n != 1 || again.Last != first.Last || first.State != control.Succeeded {
		t.Fatalf("acted %d times: %+v %+v", n, first, again)
	}
}

// The intent is in the journal before the effect begins, and the outcome after it.
func TestIntentIsDurableBeforeItsEffect(t *testing.T) {
	t.Parallel()
	var seen []string
	var j *journal.Journal
	c, j := start(t, control.Kind{Name: "k", Steps: []control.Step{step("s", func() (any, error) {
		rs, err := j.Read(0, 100)
		for _, r := range rs {
			seen = append(seen, r.Kind)
		}
		return nil, err
	})}})
	finish(t, c, control.Action{Key: "1", Kind: "k", Subject: "x", Actor: "me", Reason: "why"})
	if got := strings.Join(seen, " "); got != "operation.requested step.begun" {
		t.Fatalf("before the effect: %s", got)
	}
	rs, _ := j.Read(2, 100)
	if len(rs) != 2 || rs[0].Kind != "step.ended" || rs[1].Kind != "operation.ended" || rs[0].Actor != "me" || rs[0].Reason != "why" {
		t.Fatalf("after the effect: %+v", rs)
	}
	if rs[0].Trace == "" || rs[0].Trace != rs[1].Trace {
		t.Fatalf("traces %q and %q", rs[0].Trace, rs[1].Trace)
	}
	const trace = "4bf92f3577b34da6a3ce929d0e0e4736"
	finish(t, c, control.Action{Key: "2", Kind: "k", Subject: "x", Actor: "me", Reason: "why", Trace: trace})
	if rs, _ = j.Read(4, 100); len(rs) != 4 || rs[0].Trace != trace || rs[3].Trace != trace {
		t.Fatalf("with a trace of the asker's: %+v", rs)
	}
}

func TestFailureIsTakenBackInReverse(t *testing.T) {
	t.Parallel()
	var undone []string
	undo := func(name string) func(context.Context, *control.Run) error {
		return func(context.Context, *control.Run) error { undone = append(undone, name); return nil }
	}
	a, b, bad := step("a", func() (any, error) { return nil, nil }), step("b", func() (any, error) { return nil, nil }), step("bad", func() (any, error) { return nil, errors.New("no") })
	a.Undo, b.Undo = undo("a"), undo("b")
	c, _ := start(t, control.Kind{Name: "k", Steps: []control.Step{a, b, bad, step("never", func() (any, error) { panic("reached") })}})
	o := finish(t, c, control.Action{Key: "1", Kind: "k", Subject: "x"})
	if o.State != control.RolledBack || strings.Join(undone, "") != "ba" || o.Steps[2].State != control.StepFailed || o.Steps[3].State != control.StepWaiting {
		t.Fatalf("%v %+v", undone, o)
	}
	if !strings.Contains(o.Error, "bad: no") {
		t.Fatalf("error %q", o.Error)
	}
}

func TestGuardRefusesBeforeAnyEffect(t *testing.T) {
	t.Parallel()
	c, _ := start(t, control.Kind{Name: "k", Guard: func(context.Context, control.Action) error { return errors.New("not now") },
		Steps: []control.Step{step("s", func() (any, error) { panic("acted") })}})
	if o := finish(t, c, control.Action{Key: "1", Kind: "k", Subject: "x"}); o.State != control.Refused || o.Error != "not now" {
		t.Fatalf("%+v", o)
	}
	if _, err := c.Submit(t.Context(), control.Action{Key: "2", Kind: "k", Subject: "x"}); err != nil {
		t.Fatalf("the subject is still busy: %v", err)
	}
}

func TestOneOperationAtATimeOnASubject(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	c, _ := start(t, control.Kind{Name: "k", Steps: []control.Step{step("s", func() (any, error) { <-release; return nil, nil })}})
	if _, err := c.Submit(t.Context(), control.Action{Key: "1", Kind: "k", Subject: "x"}); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Submit(t.Context(), control.Action{Key: "2", Kind: "k", Subject: "x"}); !errors.Is(err, control.ErrBusy) {
		t.Fatalf("got %v", err)
	}
	close(release)
	finish(t, c, control.Action{Key: "3", Kind: "k", Subject: "y"})
	if _, err := c.Wait(t.Context(), "1"); err != nil {
		t.Fatal(err)
	}
}

func TestApproval(t *testing.T) {
	t.Parallel()
	n := 0
	c, _ := start(t, control.Kind{Name: "k", Steps: []control.Step{step("s", func() (any, error) { n++; return nil, nil })}})
	for _, key := range []string{"yes", "no"} {
		o, err := c.Submit(t.Context(), control.Action{Key: key, Kind: "k", Subject: key, Approval: true})
		if err != nil || o.State != control.Waiting || n != 0 {
			t.Fatalf("%+v %v %d", o, err, n)
		}
	}
	if o, err := c.Deny(t.Context(), "no", "ann", "too early"); err != nil || o.State != control.Refused || !strings.Contains(o.Error, "ann") {
		t.Fatalf("%+v %v", o, err)
	}
	if _, err := c.Approve(t.Context(), "yes", "bob", "go"); err != nil {
		t.Fatal(err)
	}
	if o, err := c.Wait(t.Context(), "yes"); err != nil || o.State != control.Succeeded || n != 1 {
		t.Fatalf("%+v %v %d", o, err, n)
	}
	if _, err := c.Approve(t.Context(), "yes", "bob", "again"); !errors.Is(err, control.ErrState) {
		t.Fatalf("approved twice: %v", err)
	}
}

func world(fail bool) crashtest.World {
	effect := func(dir, name string) func(context.Context, *control.Run) (any, error) {
		return func(_ context.Context, r *control.Run) (any, error) {
			// A keyed effect: making the same thing again changes nothing.
			return name, os.WriteFile(filepath.Join(dir, name), []byte(r.Key), 0o600)
		}
	}
	return crashtest.World{
		Setup:  func(string) error { return nil },
		Action: control.Action{Key: "k1", Kind: "make", Subject: "x"},
		Kinds: func(dir string, _ *state.Projection) []control.Kind {
			steps := []control.Step{
				{Name: "one", Timeout: time.Minute, Do: effect(dir, "one"), Undo: func(context.Context, *control.Run) error { return os.RemoveAll(filepath.Join(dir, "one")) }},
				{Name: "two", Timeout: time.Minute, Do: effect(dir, "two"), Undo: func(context.Context, *control.Run) error { return os.RemoveAll(filepath.Join(dir, "two")) }},
			}
			if fail {
				steps = append(steps, step("three", func() (any, error) { return nil, errors.New("never works") }))
			}
			return []control.Kind{{Name: "make", Steps: steps}}
		},
		Check: func(dir string, o control.Operation) error {
			made := 0
			for _, n := range []string{"one", "two"} {
				if _, err := os.Stat(filepath.Join(dir, n)); err == nil {
					made++
				}
			}
			if want := map[bool]string{false: control.Succeeded, true: control.RolledBack}[fail]; o.State != want {
				return fmt.Errorf("it is %s (%s), want %s", o.State, o.Error, want)
			}
			if want := map[bool]int{false: 2, true: 0}[fail]; made != want {
				return fmt.Errorf("%d effects stand, want %d", made, want)
			}
			return nil
		},
	}
}

func TestCrashAnywhereResumes(t *testing.T)   { crashtest.Run(t, world(false)) }
func TestCrashAnywhereRollsBack(t *testing.T) { crashtest.Run(t, world(true)) }
