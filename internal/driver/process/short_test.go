package process_test

import (
	"context"
	"errors"
	"os"
	"os/exec"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/greenlang/fournines/internal/driver/process"
)

const short = "FOURNINES_TEST_SHORT"

// Who cannot look proves no death: a fence would count it, and an engine would be started
// beside itself. It happens in a process of its own, since the tests of one share its descriptors.
func TestWithoutDescriptorsNobodyIsGone(t *testing.T) {
	t.Parallel()
	if os.Getenv(short) == "" {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
		cmd.Env = append(os.Environ(), short+"=1")
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Fatalf("%v\n%s", err, out)
		}
		return
	}
	home := t.TempDir()
	p, pid := start(t, home, "exec sleep 100")
	back := exhaust(t)
	if _, err := process.Find(p.PID); err == nil || errors.Is(err, process.ErrGone) {
		t.Errorf("find: %v", err)
	}
	if !p.Alive() {
		t.Error("it counts as dead")
	}
	if err := p.Signal(0); err == nil || errors.Is(err, process.ErrGone) {
		t.Errorf("signal: %v", err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 300*time.Millisecond)
	defer cancel()
	if err := p.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("wait: %v", err)
	}
	if _, runs, err := process.Recall(pid); runs || err == nil {
		t.Errorf("recall: %v, %v", runs, err)
	}
	if n, err := process.KillUnit(t.Context(), home); n != 0 || err == nil {
		t.Errorf("%d were killed, and it is proved by %v", n, err)
	}
	back()
	if ps, err := process.Members(home); err != nil || len(ps) != 1 || ps[0] != p {
		t.Errorf("its members are %v: %v", ps, err)
	}
	if n, err := process.KillUnit(t.Context(), home); n != 1 || err != nil || p.Alive() {
		t.Errorf("%d were killed: %v", n, err)
	}
}

// exhaust takes every descriptor, and returns what gives them back.
func exhaust(t *testing.T) (back func()) {
	t.Helper()
	var before unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &before); err != nil {
		t.Fatal(err)
	}
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &unix.Rlimit{Cur: 64, Max: before.Max}); err != nil {
		t.Fatal(err)
	}
	var taken []int
	for {
		fd, err := unix.Dup(0)
		if err != nil {
			break
		}
		taken = append(taken, fd)
	}
	return func() {
		for _, fd := range taken {
			_ = unix.Close(fd)
		}
	}
}
