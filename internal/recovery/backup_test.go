package recovery

import (
	"context"
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
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/state/statetest"
)

// cluster is a region in files: a node that carries out a wish at once, and once for its key.
type cluster struct {
	dir  string
	view View
	lies bool // the job ends well, and nothing is stored
	gap  bool // the log of what it makes has a gap
}

func leading() View { return View{Region: "us-east-1", Leader: "us-east-1/b/postgres"} }

func (c cluster) View(string) (View, error) { return c.view, nil }
func (c cluster) Look(context.Context, string) (Seen, error) {
	return c.view.Seen, nil
}
func (c cluster) Changed() <-chan struct{} { return nil }

func (c cluster) Job(w Wish) (fact.Job, time.Time, bool) {
	j := fact.Job{Key: w.Job(), State: fact.JobEnded}
	f, err := os.OpenFile(filepath.Join(c.dir, w.Job()), os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, os.ErrExist) {
		return j, time.Now(), true
	}
	if err == nil && !c.lies {
		_, err = fmt.Fprint(f, w.Operation)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		j.Exit, j.Output = 1, err.Error()
	}
	return j, time.Now(), true
}

func (c cluster) Made(_ context.Context, _, operation string) (b fact.Backup, log fact.WALChain, found bool, err error) {
	all, err := filepath.Glob(filepath.Join(c.dir, "backup-*"))
	for _, path := range all {
		if text, err := os.ReadFile(path); err == nil && string(text) == operation {
			log.Reached = !c.gap
			return fact.Backup{Label: "20261130-020000F", Kind: KindFull}, log, true, nil
		}
	}
	return b, log, false, err
}

func world(t *testing.T, c cluster, want string, check func(dir string, made, wished bool) error) crashtest.World {
	t.Helper()
	a, err := NewBackup("backup-1", "us-east-1", KindIncremental)
	if err != nil {
		t.Fatal(err)
	}
	return crashtest.World{
		Setup: func(string) error { return nil }, Action: a, Folds: []state.Fold{Fold},
		Kinds: func(dir string, s *state.Projection) []control.Kind {
			c.dir = dir
			return Backups{Clusters: c, Wishes: s, Now: time.Now}.Kinds()
		},
		Check: func(dir string, o control.Operation) error {
			if o.State != want {
				return fmt.Errorf("it is %s (%s), want %s", o.State, o.Error, want)
			}
			made, wished, err := left(dir)
			if err != nil {
				return err
			}
			return check(dir, made, wished)
		},
	}
}

// left tells whether the journal proves a backup, once, and whether one is still wished for.
func left(dir string) (made, wished bool, err error) {
	j, err := journal.Open(filepath.Join(dir, "journal"), time.Now)
	if err != nil {
		return false, false, err
	}
	defer j.Close() //nolint:errcheck // it is only read
	all, err := j.Read(0, 1000)
	n := 0
	for _, r := range all {
		switch r.Kind {
		case backupWished.Name:
			wished = true
		case backupEnded.Name:
			wished = false
		case backupMade.Name:
			wished = false
			n++
		}
	}
	if n > 1 {
		err = errors.Join(err, fmt.Errorf("it is recorded %d times", n))
	}
	return n == 1, wished, err
}

// jobs counts the jobs that a node began.
func jobs(dir string) int {
	all, _ := filepath.Glob(filepath.Join(dir, "backup-*"))
	return len(all)
}

func TestABackupIsMadeOnceWhereverTheServerDies(t *testing.T) {
	crashtest.Run(t, world(t, cluster{view: leading()}, control.Succeeded, func(dir string, made, wished bool) error {
		if n := jobs(dir); n != 1 || !made || wished {
			return fmt.Errorf("%d jobs ran, recorded: %t, still wished for: %t", n, made, wished)
		}
		return nil
	}))
}

// A job that ends well and has stored nothing has failed, and nobody goes on to wish for it.
func TestABackupThatIsNotThereHasFailed(t *testing.T) {
	crashtest.Run(t, world(t, cluster{view: leading(), lies: true}, control.RolledBack, func(dir string, made, wished bool) error {
		if n := jobs(dir); n != 1 || made || wished {
			return fmt.Errorf("%d jobs ran, recorded: %t, still wished for: %t", n, made, wished)
		}
		return nil
	}))
}

func TestABackupOfAClusterThatFollowsIsLeftOut(t *testing.T) {
	v := leading()
	v.Leader, v.Follows = "", "us-west-2"
	crashtest.Run(t, world(t, cluster{view: v}, control.Succeeded, func(dir string, made, wished bool) error {
		if n := jobs(dir); n != 0 || made || wished {
			return fmt.Errorf("%d jobs ran, recorded: %t, still wished for: %t", n, made, wished)
		}
		return nil
	}))
}

// outcome is how a backup ends: the error of its operation, refused or failed.
func outcome(t *testing.T, c cluster, v View, kind string) string {
	t.Helper()
	c.dir, c.view = t.TempDir(), v
	j, err := journal.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	log := slog.New(slog.DiscardHandler)
	p, err := state.Open(t.Context(), j, statetest.Shelf{}, log, control.Fold, Fold)
	if err != nil {
		t.Fatal(err)
	}
	x, err := control.Start(t.Context(), control.Config{State: p, Kinds: Backups{Clusters: c, Wishes: p, Now: time.Now}.Kinds(), Now: time.Now, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { x.Close(); p.Close(); _ = j.Close() })
	a, err := NewBackup("backup-1", v.Region, kind)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := x.Submit(t.Context(), a); err != nil {
		t.Fatal(err)
	}
	o, err := x.Wait(t.Context(), a.Key)
	if err != nil {
		t.Fatal(err)
	}
	return o.Error
}

func TestABackupThatCannotBe(t *testing.T) {
	t.Parallel()
	nowhere, headless := leading(), leading()
	nowhere.Lacks, headless.Leader = "us-east-1 has no object store", ""
	for want, got := range map[string]string{
		"has no object store":        outcome(t, cluster{}, nowhere, KindFull),
		"nobody knows which member":  outcome(t, cluster{}, headless, KindFull),
		"lists no such backup":       outcome(t, cluster{lies: true}, leading(), KindFull),
		"lacks a part of the log":    outcome(t, cluster{gap: true}, leading(), KindFull),
		`one of full, incr, not "x"`: outcome(t, cluster{}, leading(), "x"),
	} {
		if !strings.Contains(got, want) {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
