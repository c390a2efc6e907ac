//go:build prove

package prove

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/app"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/control/crashtest"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/runbook"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/state/statetest"
)

// seen is what the shipped runbooks look at, so that each goes its longest way.
var seen = map[string]any{
	"cluster.look": map[string]any{"ready": false},
	"home.look":    map[string]any{"home": true, "ready": false, "partner": "us-west-2"},
	"route.look":   map[string]any{"on": true, "spare": true},
	"mirror.look":  map[string]any{"aside": []string{"orders"}},
	"faults.look":  map[string]any{"faults": []string{"fault-1"}},
}

var inputs = map[string]string{"cluster": "us-east-1/postgres", "region": "us-east-1", "topic": "orders", "fault": "fault-1"}

// Every shipped runbook comes to its end with each effect once, wherever the server is killed
// (issue 15). Its actions act on files here.
func TestShippedRunbooksSurviveKillsAnywhere(t *testing.T) {
	crashtest.RunProgram(t, crashtest.Program{
		Setup: func(dir string) error { return os.MkdirAll(filepath.Join(dir, "effects"), 0o755) },
		Live:  runShipped,
		Check: checkShipped,
	})
}

// onFiles returns the actions of the wings with effects that are files.
func onFiles(dir string) (runbook.Catalog, []control.Kind, error) {
	var actions []runbook.Action
	var kinds []control.Kind
	for _, a := range app.RunbookActions() {
		name := a.Name
		if a.Look != nil {
			a.Look = func(context.Context, map[string]string) (any, error) { return seen[name], nil }
			actions = append(actions, a)
			continue
		}
		a.Make = func(_ context.Context, ask runbook.Ask) (control.Action, error) {
			return ask.NewAction(name, "subject/"+ask.Key, ask.Values)
		}
		do := func(_ context.Context, r *control.Run) (any, error) {
			return "done", os.WriteFile(filepath.Join(dir, "effects", r.Key), nil, 0o600)
		}
		actions = append(actions, a)
		kinds = append(kinds, control.Kind{Name: name, Steps: []control.Step{{Name: "do", Timeout: time.Minute, Do: do}}})
	}
	catalog, err := runbook.NewCatalog(actions...)
	return catalog, kinds, err
}

func runShipped(dir string, crash control.CrashPoint) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	actions, kinds, err := onFiles(dir)
	if err != nil {
		return err
	}
	lib, err := runbook.Open("", actions, time.Now())
	if err != nil {
		return err
	}
	j, err := journal.Open(filepath.Join(dir, "journal"), time.Now)
	if err != nil {
		return err
	}
	defer j.Close() //nolint:errcheck // entries are durable already
	log := slog.New(slog.DiscardHandler)
	s, err := state.Open(ctx, j, statetest.Shelf{}, log, control.Fold, runbook.Fold)
	if err != nil {
		return err
	}
	c, err := control.Start(ctx, control.Config{State: s, Kinds: kinds, Now: time.Now, Log: log, Crash: crash})
	if err != nil {
		return err
	}
	e := &runbook.Engine{State: s, Operations: c, Library: func() (*runbook.Library, error) { return lib, nil }, Now: time.Now, Log: log, Crash: crash}
	served := make(chan struct{})
	go func() {
		defer close(served)
		_ = e.Serve(ctx) // it ends with ctx
	}()
	for _, name := range lib.Names() {
		if err = runOne(ctx, e, lib, name); err != nil {
			break
		}
	}
	cancel()
	<-served
	c.Close()
	return err
}

// runOne begins a run, does what it waits for, and returns once it is over.
func runOne(ctx context.Context, e *runbook.Engine, lib *runbook.Library, name string) error {
	book, _ := lib.Runbook(name)
	q := runbook.Request{Wish: runbook.Wish{Actor: "token:starter", Reason: "a proof"}, ID: "run-" + name, Runbook: name, Inputs: map[string]string{}}
	for _, in := range book.Spec.Inputs {
		if in.Required() {
			q.Inputs[in.Name] = inputs[in.Name]
		}
	}
	r, err := e.Start(ctx, q)
	for err == nil && !r.Over() {
		changed := e.State.Changed()
		if r, _, err = runbook.Find(e.State, q.ID); err != nil || r.Over() {
			return err
		}
		s, _ := r.Document.Step(r.At)
		p, begun := r.Progress(r.At)
		switch {
		case approver(r) != "":
			_, err = e.Approve(ctx, r.ID, runbook.Wish{Actor: "token:" + approver(r), Reason: "yes"})
		case begun && p.State == runbook.Running && s.Manual.Instructions != "" && p.Confirmed == nil:
			_, err = e.Confirm(ctx, r.ID, runbook.Wish{Actor: "token:starter", Reason: "done"}, false)
		default:
			select {
			case <-changed:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if errors.Is(err, runbook.ErrRefused) {
			err = nil // the run went on meanwhile
		}
	}
	return err
}

// approver returns somebody who may approve the step that waits; empty: nobody, or none does.
func approver(r runbook.Run) string {
	for _, who := range r.Approvers[r.At] {
		if r.MayApprove(who) == nil {
			return who
		}
	}
	return ""
}

func checkShipped(dir string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	j, err := journal.Open(filepath.Join(dir, "journal"), time.Now)
	if err != nil {
		return err
	}
	defer j.Close() //nolint:errcheck // only read
	s, err := state.Open(ctx, j, statetest.Shelf{}, slog.New(slog.DiscardHandler), runbook.Fold)
	if err != nil {
		return err
	}
	runs, err := runbook.Before(s, 0, 0)
	if err != nil {
		return err
	}
	var want []string
	for _, r := range runs {
		if r.State != runbook.Succeeded {
			return fmt.Errorf("%s is %s: %s", r.ID, r.State, r.Why)
		}
		for _, p := range r.Steps {
			if p.Request != nil {
				want = append(want, runbook.OperationKey(r.ID, p.Step, 1))
			}
		}
	}
	slices.Sort(want)
	files, err := os.ReadDir(filepath.Join(dir, "effects"))
	if err != nil {
		return err
	}
	var did []string
	for _, f := range files {
		did = append(did, f.Name())
	}
	slices.Sort(did)
	if len(runs) < 8 || !slices.Equal(did, want) {
		return fmt.Errorf("%d runs did %v, want %v", len(runs), did, want)
	}
	return nil
}
