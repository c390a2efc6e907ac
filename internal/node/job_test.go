package node_test

import (
	"encoding/json"
	"errors"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/job"
	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/node"
)

// withJob is an assignment with a job beside its unit, which notes each of its runs.
func withJob(then string) node.Assignment {
	a := assignment(forever)
	a.Jobs = []node.Job{{Key: "backup-1", Unit: "engine", Argv: []string{"/bin/sh", "-c", "echo ran >> {home}/count; echo {home} $A; " + then}, Env: []string{"A=b", "PATH=/usr/bin:/bin"}, Deadline: 60}}
	return a
}

// job waits until what the node posts of its job satisfies ok.
func (d *desk) job(t *testing.T, what string, ok func(fact.Job) bool) fact.Job {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); ; {
		d.mu.Lock()
		jobs := d.posted.Jobs
		d.mu.Unlock()
		if len(jobs) > 0 && ok(jobs[0]) {
			return jobs[0]
		}
		if time.Now().After(deadline) {
			t.Fatalf("%s: %+v", what, jobs)
		}
	}
}

func jobOver(j fact.Job) bool { return j.State == fact.JobEnded || j.State == fact.JobInterrupted }

func runs(t *testing.T, dir string) int {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(dir, "engine", "count"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	return strings.Count(string(b), "ran\n")
}

func TestANodeRunsAJobOnce(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	d := newDesk(t, withJob("exit 3"))
	stop := run(t, dir, d)
	j := d.job(t, "it never ended", jobOver)
	if j.State != fact.JobEnded || j.Exit != 3 || j.Error != "" || j.Output != filepath.Join(dir, "engine")+" b\n" {
		t.Errorf("%+v", j)
	}
	stop()
	d.mu.Lock()
	d.posted = fact.Node{}
	d.mu.Unlock()
	run(t, dir, d)
	if again := d.job(t, "the next node does not know it", jobOver); again != j || runs(t, dir) != 1 {
		t.Errorf("%+v after %d runs, before %+v", again, runs(t, dir), j)
	}
}

// A job that runs says how far it is, and ends when it is wanted no more.
func TestAJobThatIsWantedNoMoreEnds(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := withJob("sleep 0.6; echo half; exec sleep 100")
	d := newDesk(t, a)
	run(t, dir, d)
	d.job(t, "it does not say how far it is", func(j fact.Job) bool { return j.State == fact.JobRunning && j.Said == "half" })
	without := a
	without.Jobs = nil
	d.put(t, without)
	eventually(t, "it goes on", func() bool {
		is, err := job.Look(filepath.Join(dir, "jobs"), "backup-1")
		if err != nil {
			t.Fatal(err)
		}
		return is.State == fact.JobEnded
	})
}

func eventually(t *testing.T, what string, ok func() bool) {
	t.Helper()
	for deadline := time.Now().Add(time.Minute); !ok(); {
		if time.Now().After(deadline) {
			t.Fatal(what)
		}
	}
}

// A fence ends what a job runs beside the unit, and while it stands none begins.
func TestAFenceEndsJobs(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	a := withJob("exec sleep 100")
	d := newDesk(t, a)
	run(t, dir, d)
	d.job(t, "it never ran", func(j fact.Job) bool { return j.State == fact.JobRunning && runs(t, dir) == 1 })
	fenced := a
	fenced.Fenced = map[string]node.Fence{"engine": {Epoch: "e1", Reason: "test"}}
	fenced.Jobs = append(fenced.Jobs, node.Job{Key: "backup-2", Unit: "engine", Argv: []string{"/bin/sh", "-c", "echo ran >> {home}/count"}, Deadline: 60})
	d.put(t, fenced)
	d.unit(t, "the fence is not proved", func(u fact.Unit) bool { return u.State == fact.UnitFenced })
	if j := d.job(t, "it goes on", jobOver); j.State != fact.JobEnded || j.Exit != -1 {
		t.Errorf("%+v", j)
	}
	eventually(t, "the other one does not wait", func() bool {
		d.mu.Lock()
		defer d.mu.Unlock()
		return len(d.posted.Jobs) == 2 && d.posted.Jobs[1].State == fact.JobWaiting && strings.Contains(d.posted.Jobs[1].Error, "fenced")
	})
	if n := runs(t, dir); n != 1 {
		t.Errorf("beside a fenced unit %d ran", n)
	}
	d.put(t, node.Assignment{Region: "r", Zone: "a", Units: a.Units, Jobs: fenced.Jobs})
	eventually(t, "it never began", func() bool { return runs(t, dir) == 2 })
	eventually(t, "it never ended", func() bool { // else its runner still writes where the test clears up
		d.mu.Lock()
		defer d.mu.Unlock()
		return !slices.ContainsFunc(d.posted.Jobs, func(j fact.Job) bool { return j.State != fact.JobEnded })
	})
}

func TestAJobOfAUnitThatIsNotHereWaits(t *testing.T) {
	t.Parallel()
	a := withJob("")
	a.Jobs[0].Unit = "other"
	d := newDesk(t, a)
	run(t, t.TempDir(), d)
	if j := d.job(t, "nothing is said of it", func(fact.Job) bool { return true }); j.State != fact.JobWaiting || !strings.Contains(j.Error, "other") {
		t.Errorf("%+v", j)
	}
}

// A node that is killed leaves its job at work, and the next one tells how it ended. A runner that
// is killed takes the program with it, and nobody runs it again.
func TestAJobAfterItsNodeOrItsRunnerIsKilled(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		then         string
		runnerKilled bool
		want         fact.JobState
	}{
		"node":   {"while ! [ -e go ]; do sleep 0.05; done; echo done", false, fact.JobEnded},
		"runner": {"exec sleep 100", true, fact.JobInterrupted},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			a := withJob(c.then)
			if err := a.Seal(); err != nil {
				t.Fatal(err)
			}
			b, err := json.Marshal(a)
			if err := errors.Join(err, os.WriteFile(filepath.Join(dir, "assignment.json"), b, 0o600)); err != nil {
				t.Fatal(err)
			}
			first := exec.CommandContext(t.Context(), os.Args[0], "node", dir)
			if err := first.Start(); err != nil {
				t.Fatal(err)
			}
			eventually(t, "it never ran", func() bool { return runs(t, dir) == 1 })
			if err := first.Process.Kill(); err != nil {
				t.Fatal(err)
			}
			_ = first.Wait()
			if c.runnerKilled {
				var begun struct{ Runner process.Process }
				b, err := os.ReadFile(filepath.Join(dir, "jobs", "backup-1", "begun.json"))
				if err := errors.Join(err, json.Unmarshal(b, &begun)); err != nil {
					t.Fatal(err)
				}
				if err := begun.Runner.Signal(syscall.SIGKILL); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(filepath.Join(dir, "engine", "go"), nil, 0o600); err != nil {
				t.Fatal(err)
			}
			d := newDesk(t, a)
			run(t, dir, d)
			if j := d.job(t, "the next node does not know how it ended", jobOver); j.State != c.want || runs(t, dir) != 1 {
				t.Errorf("%+v after %d runs, want %s", j, runs(t, dir), c.want)
			}
		})
	}
}
