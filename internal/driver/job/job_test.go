package job_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/job"
	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/fact"
)

// The test's binary is also a runner, and one that is killed after a step, and a starter.
func TestMain(m *testing.M) {
	if len(os.Args) == 4 && os.Args[1] == "run" {
		ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGTERM)
		runs := job.Run
		if step := os.Args[2]; step != never {
			runs = func(ctx context.Context, dir string) error {
				return job.RunUntil(ctx, dir, func(done string) {
					if done == step {
						_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
						select {}
					}
				})
			}
		}
		err := runs(ctx, os.Args[3])
		stop()
		if err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	if len(os.Args) == 3 && os.Args[1] == "start" {
		_, err := job.Ensure(os.Args[2], counted(os.Args[2], "sleep 0.3"), runner(never))
		fmt.Println(err)
		select {} // until it is killed
	}
	os.Exit(m.Run())
}

// never is the step after which a runner is killed that is not.
const never = "never"

func runner(killedAfter string) []string { return []string{os.Args[0], "run", killedAfter} }

// counted is a job that notes each of its runs.
func counted(root, then string) job.Job {
	return job.Job{
		Key: "backup-1", Argv: []string{"/bin/sh", "-c", "echo $$ >> count; echo out; echo err >&2; " + then}, Env: []string{"A=b", "PATH=/usr/bin:/bin"},
		Dir: root, UID: -1, GID: -1, Deadline: time.Minute,
	}
}

// pids are the programs that ran.
func pids(t *testing.T, root string) (out []int) {
	t.Helper()
	b, err := os.ReadFile(filepath.Join(root, "count"))
	if err != nil && !errors.Is(err, os.ErrNotExist) {
		t.Fatal(err)
	}
	for line := range strings.Lines(string(b)) {
		pid, err := strconv.Atoi(strings.TrimSpace(line))
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, pid)
	}
	return out
}

// await asks for the job again and again, as a node does, until it is so.
func await(t *testing.T, root string, j job.Job, by []string, so func(fact.Job) bool) (is fact.Job) {
	t.Helper()
	for end := time.Now().Add(time.Minute); ; {
		var err error
		if is, err = job.Ensure(root, j, by); err != nil {
			t.Fatal(err)
		}
		if so(is) {
			return is
		}
		if time.Now().After(end) {
			t.Fatalf("it stays %+v", is)
		}
		select {
		case <-t.Context().Done():
		case <-time.After(5 * time.Millisecond):
		}
	}
}

func over(is fact.Job) bool { return is.State == fact.JobEnded || is.State == fact.JobInterrupted }

func TestAJobRunsOnce(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := counted(root, "env; head -c 40000 /dev/zero | tr '\\0' x; exit 3")
	is := await(t, root, j, runner(never), over)
	if is.State != fact.JobEnded || is.Exit != 3 || is.Error != "" || len(is.Output) != 16<<10 || is.Begun.IsZero() || is.Ended.Before(is.Begun) {
		t.Errorf("%+v", is)
	}
	for range 3 {
		await(t, root, j, runner(never), over)
	}
	if n := len(pids(t, root)); n != 1 {
		t.Errorf("it ran %d times", n)
	}
	other := j
	other.Argv = []string{"/bin/true"}
	if _, err := job.Ensure(root, other, runner(never)); !errors.Is(err, job.ErrOther) {
		t.Errorf("another job under its key: %v", err)
	}
	quiet := j
	quiet.Key, quiet.Argv = "backup-2", []string{"/bin/sh", "-c", "echo $A; pwd"}
	if is := await(t, root, quiet, runner(never), over); is.Exit != 0 || is.Output != "b\n"+root+"\n" {
		t.Errorf("%+v", is)
	}
	missing := j
	missing.Key, missing.Argv = "backup-3", []string{"/no/such/program"}
	if is := await(t, root, missing, runner(never), over); is.State != fact.JobEnded || is.Exit != -1 || is.Error == "" {
		t.Errorf("%+v", is)
	}
}

// A runner that is killed after any of its steps: the program runs at most once, and nobody
// takes a job for done of which that is not known.
func TestARunnerThatIsKilled(t *testing.T) {
	t.Parallel()
	for step, want := range map[string]struct {
		state fact.JobState
		runs  int
	}{
		"lock":    {fact.JobEnded, 1}, // nothing has begun: the next runner does it
		"begun":   {fact.JobInterrupted, 0},
		"program": {fact.JobInterrupted, 1},
		"result":  {fact.JobEnded, 1},
	} {
		t.Run(step, func(t *testing.T) {
			t.Parallel()
			root := t.TempDir()
			j := counted(root, "exit 0")
			first := exec.CommandContext(t.Context(), os.Args[0], "run", step, filepath.Join(root, j.Key))
			if _, err := job.Ensure(root, j, []string{"/bin/true"}); err != nil && !strings.Contains(err.Error(), "ended at once") { // it is laid, and nobody runs it
				t.Fatal(err)
			}
			if err := first.Run(); err == nil {
				t.Fatal("it was not killed")
			}
			is := await(t, root, j, runner(never), over)
			if is.State != want.state || len(pids(t, root)) != want.runs {
				t.Errorf("%+v after %d runs, want %+v", is, len(pids(t, root)), want)
			}
			if again := await(t, root, j, runner(never), over); again != is || len(pids(t, root)) != want.runs {
				t.Errorf("asked again: %+v after %d runs", again, len(pids(t, root)))
			}
		})
	}
}

// runningProgram waits until the job's program runs.
func runningProgram(t *testing.T, root string) process.Process {
	t.Helper()
	for end := time.Now().Add(time.Minute); time.Now().Before(end); {
		if all := pids(t, root); len(all) == 1 {
			p, err := process.Find(all[0])
			if err != nil {
				t.Fatal(err)
			}
			return p
		}
	}
	t.Fatal("the program never ran")
	return process.Process{}
}

// One of the newest whole lines is known while the program runs.
func TestARunningJobSaysHowFarItIs(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := counted(root, "for i in 1 2 3 4 5 6 7 8 9; do printf 'line %s\\npart' $i; sleep 0.1; done; exec sleep 100")
	said := await(t, root, j, runner(never), func(is fact.Job) bool { return strings.HasPrefix(is.Said, "partline ") })
	if strings.ContainsAny(said.Said, "\n") || said.State != fact.JobRunning || said.Output != "" {
		t.Errorf("%+v", said)
	}
	if err := job.End(root, j.Key); err != nil {
		t.Fatal(err)
	}
	if is := await(t, root, j, runner(never), over); is.Said != "" || !strings.Contains(is.Output, "line 2\n") {
		t.Errorf("%+v", is)
	}
}

func TestAProgramDoesNotOutliveItsRunner(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	j := counted(root, "exec sleep 100")
	is := await(t, root, j, runner(never), func(is fact.Job) bool { return is.State == fact.JobRunning })
	program := runningProgram(t, root)
	var begun struct{ Runner process.Process }
	b, err := os.ReadFile(filepath.Join(root, j.Key, "begun.json"))
	if err := errors.Join(err, json.Unmarshal(b, &begun)); err != nil {
		t.Fatalf("%+v: %v", is, err)
	}
	if err := begun.Runner.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := program.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	if is := await(t, root, j, runner(never), over); is.State != fact.JobInterrupted || is.Begun.IsZero() || len(pids(t, root)) != 1 {
		t.Errorf("%+v", is)
	}
}

// Whoever asked for the job is killed: it goes on, and the next one is told how it ended.
func TestAJobOutlivesWhoeverAskedForIt(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	starter := exec.CommandContext(t.Context(), os.Args[0], "start", root)
	if err := starter.Start(); err != nil {
		t.Fatal(err)
	}
	runningProgram(t, root)
	_ = starter.Process.Kill()
	_ = starter.Wait()
	is := await(t, root, counted(root, "sleep 0.3"), runner(never), over)
	if is.State != fact.JobEnded || is.Exit != 0 || is.Output != "out\nerr\n" || len(pids(t, root)) != 1 {
		t.Errorf("%+v", is)
	}
}

func TestAJobEndsAtItsDeadlineOrWhenAsked(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	late := counted(root, "exec sleep 100")
	late.Deadline = 200 * time.Millisecond
	if is := await(t, root, late, runner(never), over); is.State != fact.JobEnded || is.Exit != -1 || !strings.Contains(is.Error, "deadline") {
		t.Errorf("%+v", is)
	}
	root = t.TempDir()
	j := counted(root, "trap 'echo asked; exit 9' TERM; while :; do sleep 0.05; done")
	await(t, root, j, runner(never), func(is fact.Job) bool { return is.State == fact.JobRunning && !is.Begun.IsZero() })
	runningProgram(t, root)
	if err := job.End(root, j.Key); err != nil {
		t.Fatal(err)
	}
	if is := await(t, root, j, runner(never), over); is.State != fact.JobEnded || is.Error == "" {
		t.Errorf("%+v", is)
	}
	if err := errors.Join(job.End(root, j.Key), job.End(root, "never-asked-for")); err != nil {
		t.Error(err)
	}
}

func TestAJobThatCannotBeIsRefused(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	for word, change := range map[string]func(*job.Job){
		"key":       func(j *job.Job) { j.Key = "../x" },
		"program":   func(j *job.Job) { j.Argv = []string{"sh"} },
		"directory": func(j *job.Job) { j.Dir = "" },
		"deadline":  func(j *job.Job) { j.Deadline = 0 },
	} {
		j := counted(root, "")
		change(&j)
		if _, err := job.Ensure(root, j, nil); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("%s: %v", word, err)
		}
	}
	if is, err := job.Look(root, "nobody"); err != nil || is.State != fact.JobWaiting {
		t.Errorf("%+v, %v", is, err)
	}
}
