// Package crashtest kills a process with SIGKILL at every boundary of every step of an
// action, starts it again, and checks the state of the world. Every wing runs it over each
// kind of action it has.
//
// The world must live in files below a directory, because the process dies. The state
// starts empty in each process, which is the worst case of a lagging projection: everything
// is replayed from the journal.
package crashtest

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// World is one kind of action with a world to act on.
type World struct {
	Setup  func(dir string) error                               // makes the world, once
	Kinds  func(dir string, s *state.Projection) []control.Kind // the kinds, acting on the world
	Folds  []state.Fold                                         // of the wing, beside control's own
	Action control.Action
	// Drive brings the action to its end in place of Submit, where something of its own begins it
	// and has boundaries too; it calls crash at each. Nil: the action is submitted.
	Drive func(ctx context.Context, c *control.Control, s *state.Projection, crash control.CrashPoint) error
	Check func(dir string, o control.Operation) error // what must hold in the end, wherever it was killed
}

const (
	envDir   = "FOURNINES_CRASHTEST_DIR"
	envPoint = "FOURNINES_CRASHTEST_POINT"
)

// Program is something that a process does, and another goes on with when it dies.
type Program struct {
	Setup func(dir string) error                           // makes the world, once
	Live  func(dir string, crash control.CrashPoint) error // one life, from where the last one ended to the end
	Check func(dir string) error                           // what must hold in the end, wherever it was killed
}

// Run runs w from a test of its own; the test must do nothing else, because its
// binary is started again, with this test alone, as the process that is killed.
func Run(t *testing.T, w World) {
	t.Helper()
	RunProgram(t, Program{
		Setup: w.Setup,
		Live:  func(dir string, crash control.CrashPoint) error { return live(dir, crash, w) },
		Check: func(dir string) error { return check(dir, w) },
	})
}

// RunProgram is [Run] for what is more than one action.
func RunProgram(t *testing.T, w Program) {
	t.Helper()
	if dir := os.Getenv(envDir); dir != "" {
		if err := w.life(dir, os.Getenv(envPoint)); err != nil {
			t.Fatal(err)
		}
		return
	}
	points := dryRun(t, w)
	if len(points) < 4 {
		t.Fatalf("only %d boundaries found: %v", len(points), points)
	}
	limit := make(chan struct{}, 4)
	var wg sync.WaitGroup
	for _, p := range points {
		wg.Go(func() {
			limit <- struct{}{}
			defer func() { <-limit }()
			if err := crashAt(t, w, p); err != nil {
				t.Errorf("killed at %s: %v", p, err)
			}
		})
	}
	wg.Wait()
	t.Logf("killed at each of %d boundaries", len(points))
}

// life is one life of the program; it notes the boundaries that it passes, and is killed at one.
func (w Program) life(dir, point string) error {
	points, err := os.OpenFile(filepath.Join(dir, "points"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		return err
	}
	defer points.Close() //nolint:errcheck // a test's notes
	return w.Live(dir, func(name string) {
		if name == point {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {} // the signal is on its way
		}
		_, _ = fmt.Fprintln(points, name)
	})
}

func dryRun(t *testing.T, w Program) []string {
	t.Helper()
	dir := t.TempDir()
	if err := w.Setup(dir); err != nil {
		t.Fatal(err)
	}
	if killed, err := child(t, dir, ""); err != nil || killed {
		t.Fatalf("undisturbed: %v (killed %v)", err, killed)
	}
	if err := w.Check(dir); err != nil {
		t.Fatalf("undisturbed: %v", err)
	}
	b, err := os.ReadFile(filepath.Join(dir, "points"))
	if err != nil {
		t.Fatal(err)
	}
	return strings.Fields(string(b))
}

func crashAt(t *testing.T, w Program, point string) error {
	t.Helper()
	dir, err := os.MkdirTemp(t.TempDir(), "life")
	if err != nil {
		return err
	}
	if err := w.Setup(dir); err != nil {
		return err
	}
	killed, err := child(t, dir, point)
	if err != nil {
		return err
	}
	if !killed {
		return errors.New("the process was not killed there")
	}
	if killed, err := child(t, dir, ""); err != nil || killed {
		return fmt.Errorf("second life: %w (killed %v)", err, killed)
	}
	return w.Check(dir)
}

// child runs one life of the process.
func child(t *testing.T, dir, point string) (killed bool, err error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	cmd := exec.CommandContext(ctx, os.Args[0], "-test.run=^"+t.Name()+"$", "-test.count=1")
	cmd.Env = append(os.Environ(), envDir+"="+dir, envPoint+"="+point)
	var out bytes.Buffer
	cmd.Stdout, cmd.Stderr = &out, &out
	err = cmd.Run()
	if exit, ok := errors.AsType[*exec.ExitError](err); ok {
		if status, ok := exit.Sys().(syscall.WaitStatus); ok && status.Signaled() && status.Signal() == syscall.SIGKILL && ctx.Err() == nil {
			return true, nil
		}
		return false, fmt.Errorf("%w: %s", err, out.String())
	}
	return false, err
}

// live opens the journal, resumes or submits, and waits for the end.
func live(dir string, crash control.CrashPoint, w World) error {
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	j, err := journal.Open(filepath.Join(dir, "journal"), time.Now)
	if err != nil {
		return err
	}
	defer j.Close() //nolint:errcheck // entries are durable already
	log := slog.New(slog.DiscardHandler)
	p, err := state.Open(ctx, j, nowhere{}, log, append([]state.Fold{control.Fold}, w.Folds...)...)
	if err != nil {
		return err
	}
	c, err := control.Start(ctx, control.Config{State: p, Kinds: w.Kinds(dir, p), Now: time.Now, Log: log, Crash: crash})
	if err != nil {
		return err
	}
	if w.Drive != nil {
		err = w.Drive(ctx, c, p, crash)
	} else {
		_, err = c.Submit(ctx, w.Action)
	}
	if err != nil {
		return err
	}
	_, err = c.Wait(ctx, w.Action.Key)
	if err == nil {
		// The end is folded a moment before the last boundary; let the operation pass it.
		c.Close()
	}
	return err
}

func check(dir string, w World) error {
	if _, err := journal.Verify(context.Background(), filepath.Join(dir, "journal"), journal.VerifyOptions{}); err != nil {
		return err
	}
	o, err := outcome(dir, w.Action.Key)
	if err != nil {
		return err
	}
	if !o.Finished() {
		return fmt.Errorf("the operation is still %s", o.State)
	}
	return w.Check(dir, o)
}

// outcome reads the operation from the journal alone, and lets the journal go again.
func outcome(dir, key string) (control.Operation, error) {
	var o control.Operation
	ctx, cancel := context.WithCancel(context.Background())
	defer cancel()
	j, err := journal.Open(filepath.Join(dir, "journal"), time.Now)
	if err != nil {
		return o, err
	}
	defer j.Close() //nolint:errcheck // only read
	p, err := state.Open(ctx, j, nowhere{}, slog.New(slog.DiscardHandler), control.Fold)
	if err != nil {
		return o, err
	}
	found, err := p.Get(control.Prefix+key, &o)
	if err == nil && !found {
		err = errors.New("the operation is not in the journal")
	}
	return o, err
}

// nowhere is a state.Store that keeps nothing.
type nowhere struct{}

func (nowhere) Load(context.Context) (map[string]json.RawMessage, state.Position, error) {
	return map[string]json.RawMessage{}, state.Position{}, nil
}
func (nowhere) Save(context.Context, map[string]json.RawMessage, state.Position) error { return nil }
