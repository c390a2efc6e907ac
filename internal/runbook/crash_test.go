package runbook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/control/crashtest"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/state/statetest"
)

// A run with branches, retries, a pause, approvals and a manual step survives SIGKILL at every
// boundary: its own, those of its operations, and those of what people say. Each effect happens
// once.
func TestCrashAnywhere(t *testing.T) {
	a := sampleAround(t)
	a.Actions = sampleActions(func(string) (any, error) { return map[string]any{"full": true}, nil })
	b, err := os.ReadFile("testdata/sample.yaml")
	if err != nil {
		t.Fatal(err)
	}
	sample, err := Read("sample.yaml", b, a)
	if err != nil {
		t.Fatal(err)
	}
	lib := &Library{Around: a, books: []book{{Runbook: sample, Origin: Origin{Name: "sample"}}}}
	crashtest.RunProgram(t, crashtest.Program{
		Setup: func(dir string) error { return os.MkdirAll(filepath.Join(dir, "effects"), 0o755) },
		Live:  func(dir string, crash control.CrashPoint) error { return sampleLife(dir, crash, lib) },
		Check: checkSample,
	})
}

// sampleKinds fail the first attempt of each step, and leave one file for each operation.
func sampleKinds(dir string) []control.Kind {
	do := func(_ context.Context, r *control.Run) (any, error) {
		if r.Kind == "disk.grow" && strings.HasSuffix(r.Key, ":1") {
			return nil, errors.New("the disk is busy")
		}
		return "done", os.WriteFile(filepath.Join(dir, "effects", r.Key), nil, 0o600)
	}
	steps := []control.Step{{Name: "do", Timeout: time.Minute, Do: do}}
	return []control.Kind{{Name: "disk.grow", Steps: steps}, {Name: "disk.wipe", Steps: steps}}
}

// sampleLife is one life of a server on which people work, too.
func sampleLife(dir string, crash control.CrashPoint, lib *Library) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	j, err := journal.Open(filepath.Join(dir, "journal"), time.Now)
	if err != nil {
		return err
	}
	defer j.Close()
	log := slog.New(slog.DiscardHandler)
	s, err := state.Open(ctx, j, statetest.Shelf{}, log, control.Fold, Fold)
	if err != nil {
		return err
	}
	var one sync.Mutex // a boundary is passed by one at a time, so that each has a name of its own
	at := func(name string) {
		one.Lock()
		defer one.Unlock()
		crash(name)
	}
	c, err := control.Start(ctx, control.Config{State: s, Kinds: sampleKinds(dir), Now: time.Now, Log: log, Crash: at})
	if err != nil {
		return err
	}
	e := &Engine{State: s, Operations: c, Library: func() (*Library, error) { return lib, nil }, Now: time.Now, Log: log, Crash: at}
	if _, err := e.Start(ctx, Request{Wish: Wish{Actor: "token:amina", Reason: "it is full"}, ID: "run-1", Runbook: "sample", Inputs: map[string]string{"disk": "d1"}}); err != nil {
		return err
	}
	var wg sync.WaitGroup
	defer wg.Wait()
	defer cancel()
	wg.Go(func() { _ = e.Serve(ctx) })
	if err := samplePeople(ctx, e); err != nil {
		return err
	}
	cancel() // let the run pass its last boundary
	wg.Wait()
	c.Close()
	return nil
}

// samplePeople do what a run waits for, until it is over.
func samplePeople(ctx context.Context, e *Engine) error {
	for {
		changed := e.State.Changed()
		r, _, err := Find(e.State, "run-1")
		if err != nil || r.Over() {
			return err
		}
		switch p, _ := r.underWay(); {
		case r.State == Paused:
			_, err = e.Resume(ctx, r.ID, Wish{"token:bo", "the disk is free"})
		case r.At == "agree" && p != nil:
			who := "token:bo"
			if len(p.Approvals) > 0 {
				who = "token:chen"
			}
			_, err = e.Approve(ctx, r.ID, Wish{who, "yes"})
		case r.At == "label" && p != nil && p.Confirmed == nil:
			_, err = e.Confirm(ctx, r.ID, Wish{"token:amina", "written"}, false)
		default:
			select {
			case <-changed:
			case <-ctx.Done():
				return ctx.Err()
			}
		}
		if err != nil && !errors.Is(err, ErrRefused) {
			return err
		}
	}
}

// checkSample reads what happened from the journal and from the world.
func checkSample(dir string) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	if _, err := journal.Verify(ctx, filepath.Join(dir, "journal"), journal.VerifyOptions{}); err != nil {
		return err
	}
	j, err := journal.Open(filepath.Join(dir, "journal"), time.Now)
	if err != nil {
		return err
	}
	defer j.Close()
	s, err := state.Open(ctx, j, statetest.Shelf{}, slog.New(slog.DiscardHandler), control.Fold, Fold)
	if err != nil {
		return err
	}
	r, _, err := Find(s, "run-1")
	if err != nil || r.State != Succeeded {
		return fmt.Errorf("the run is %s (%s): %w", r.State, r.Why, err)
	}
	files, err := os.ReadDir(filepath.Join(dir, "effects"))
	if err != nil {
		return err
	}
	var did []string
	for _, f := range files {
		did = append(did, f.Name())
	}
	want := []string{"runbook:run-1:check:2", "runbook:run-1:grow:2", "runbook:run-1:wipe:1"}
	if !slices.Equal(did, want) {
		return fmt.Errorf("effects %v, want %v", did, want)
	}
	if a, _ := r.Progress("agree"); len(a.Approvals) != 2 || PersonOf(a.Approvals[0].Actor) == PersonOf(a.Approvals[1].Actor) {
		return fmt.Errorf("approvals %v", a.Approvals)
	}
	if l, _ := r.Progress("label"); l.Confirmed == nil || l.Confirmed.Note != "written" {
		return fmt.Errorf("confirmed %v", l.Confirmed)
	}
	return inOrder(j)
}

// inOrder holds that each operation's intent stood in the journal before it was asked for, and
// that its outcome was kept once.
func inOrder(j *journal.Journal) error {
	intended, ended := map[string]bool{}, map[string]int{}
	size := j.Head().Size
	all, err := j.Read(0, int(size))
	if err != nil {
		return err
	}
	for _, r := range all {
		switch r.Kind {
		case kindStepBegun.Name:
			var x stepBegun
			if err := r.Decode(&x); err != nil {
				return err
			}
			intended[OperationKey(r.Operation, x.Step, x.Attempt)] = true
		case kindStepEnded.Name:
			var x stepEnded
			if err := r.Decode(&x); err != nil {
				return err
			}
			ended[OperationKey(r.Operation, x.Step, x.Attempt)]++
		case control.Requested():
			if !intended[r.Operation] {
				return fmt.Errorf("operation %s was asked for before it was intended", r.Operation)
			}
		}
	}
	for key := range intended {
		if ended[key] != 1 {
			return fmt.Errorf("%s has %d outcomes", key, ended[key])
		}
	}
	return nil
}
