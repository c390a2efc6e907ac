package job

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"syscall"
	"time"

	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/fact"
)

const (
	grace      = 10 * time.Second // between asking a program to end and killing it
	mostOutput = 16 << 10
)

// Run is the runner: it runs the job whose directory dir is, unless that has begun or another
// runner is at it. When ctx ends, the program is asked to end, and killed after 10 s.
func Run(ctx context.Context, dir string) error { return run(ctx, dir, func(string) {}) }

// run tells at each of its steps which one it has done.
func run(ctx context.Context, dir string, done func(step string)) error {
	// The kernel kills the program when the thread that has started it ends.
	runtime.LockOSThread()
	defer runtime.UnlockOSThread()
	var j Job
	if err := read(filepath.Join(dir, jobFile), &j); err != nil {
		return fmt.Errorf("run a job: %w", err)
	}
	lock, free, err := take(filepath.Join(dir, lockFile))
	if err != nil || !free {
		return err
	}
	defer lock.Close() //nolint:errcheck // it ends with the process anyway
	if _, err := os.Stat(filepath.Join(dir, begunFile)); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return err // it has begun
	}
	done("lock")
	self, err := process.Find(os.Getpid())
	if err != nil {
		return fmt.Errorf("run job %s: %w", j.Key, err)
	}
	b := begun{At: time.Now(), Runner: self}
	if err := keep(filepath.Join(dir, begunFile), b); err != nil {
		return fmt.Errorf("run job %s: %w", j.Key, err)
	}
	done("begun")
	r := execute(ctx, j, filepath.Join(dir, saidFile))
	r.Begun, r.Ended = b.At, time.Now()
	done("program")
	if err := keep(filepath.Join(dir, resultFile), r); err != nil {
		return fmt.Errorf("keep the result of job %s, which has ended: %w", j.Key, err)
	}
	done("result")
	return nil
}

// execute runs the program to its end. At path it keeps what the program says meanwhile.
func execute(ctx context.Context, j Job, path string) fact.Job {
	r := fact.Job{Key: j.Key, State: fact.JobEnded, Exit: -1}
	ctx, cancel := context.WithTimeoutCause(ctx, j.Deadline, fmt.Errorf("it was ended at its deadline, %s after it began", j.Deadline))
	defer cancel()
	cmd := exec.CommandContext(ctx, j.Argv[0], j.Argv[1:]...)
	cmd.Dir, cmd.Env = j.Dir, j.Env
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if j.UID >= 0 && j.UID != os.Getuid() {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uint32(j.UID), Gid: uint32(j.GID)}
	}
	said := tail{path: path}
	cmd.Stdout, cmd.Stderr = &said, &said
	cmd.Cancel, cmd.WaitDelay = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGTERM) }, grace
	err := cmd.Run()
	if cmd.Process != nil {
		_ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) // what it has left behind
	}
	r.Output = string(said.kept)
	if cmd.ProcessState != nil {
		r.Exit = cmd.ProcessState.ExitCode()
	}
	switch exit, ended := errors.AsType[*exec.ExitError](err); {
	case ctx.Err() != nil:
		r.Error = context.Cause(ctx).Error()
	case ended && exit.ExitCode() >= 0: // by itself
	case err != nil:
		r.Error = err.Error()
	}
	return r
}

// saidEvery is the shortest time between two lines that are kept while the program runs.
const saidEvery = 500 * time.Millisecond

// tail keeps the end of what is written, and its newest line in a file.
type tail struct {
	kept []byte
	path string
	told time.Time
}

func (t *tail) Write(p []byte) (int, error) {
	t.kept = append(t.kept, p...)
	if over := len(t.kept) - mostOutput; over > 0 {
		t.kept = append(t.kept[:0], t.kept[over:]...)
	}
	if whole := bytes.LastIndexByte(t.kept, '\n'); whole >= 0 && time.Since(t.told) >= saidEvery {
		line := t.kept[bytes.LastIndexByte(t.kept[:whole], '\n')+1 : whole]
		tmp := t.path + ".new"
		if err := os.WriteFile(tmp, line, 0o600); err == nil && os.Rename(tmp, t.path) == nil { // else what it said stands in its result
			t.told = time.Now()
		}
	}
	return len(p), nil
}

// End asks a job's runner to end the program. The caller looks for the effect.
func End(root, key string) error {
	var b begun
	if err := read(filepath.Join(root, key, begunFile), &b); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // nothing runs
		}
		return fmt.Errorf("end job %s: %w", key, err)
	}
	if err := b.Runner.Signal(syscall.SIGTERM); err != nil && !errors.Is(err, process.ErrGone) {
		return fmt.Errorf("end job %s: %w", key, err)
	}
	return nil
}
