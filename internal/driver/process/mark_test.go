package process_test

import (
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"golang.org/x/sys/unix"

	"github.com/greenlang/fournines/internal/driver/process"
)

// stranger is a process that nobody of the installation has started, and that works in dir.
func stranger(t *testing.T, dir string) process.Process {
	t.Helper()
	cmd := exec.CommandContext(wait(t), "/bin/sleep", "300")
	cmd.Dir = dir
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
	})
	unmark(t, cmd.Process.Pid)
	p, err := process.Find(cmd.Process.Pid)
	if err != nil {
		t.Fatal(err)
	}
	return p
}

func unmark(t *testing.T, pid int) {
	t.Helper()
	if err := unix.Prlimit(pid, unix.RLIMIT_LOCKS, &unix.Rlimit{Cur: math.MaxUint64, Max: math.MaxUint64}, nil); err != nil {
		t.Fatal(err)
	}
}

// installation makes the directories of one unit and marks this process as its installation's.
func installation(t *testing.T) (root, home string) {
	t.Helper()
	root = t.TempDir()
	home = filepath.Join(root, "us-east-1", "b", "redis")
	if err := os.MkdirAll(home, 0o750); err != nil {
		t.Fatal(err)
	}
	return root, home
}

// Not parallel: a process has one mark.
func TestAFenceEndsWhatTheInstallationStarted(t *testing.T) { //nolint:paralleltest
	root, home := installation(t)
	before := stranger(t, home)
	if err := process.Own(root); err != nil {
		t.Fatal(err)
	}
	after := stranger(t, home)
	main, _ := start(t, home, "setsid sleep 300 & exec sleep 300")
	for ctx := wait(t); ; {
		ps, err := process.Members(home)
		if err != nil || ctx.Err() != nil {
			t.Fatal(ps, err, ctx.Err())
		}
		// What worked there before the installation had a mark is an older version's engine.
		if len(ps) == 3 {
			break
		}
	}
	if n, err := process.KillUnit(wait(t), home); err != nil || n < 3 || main.Alive() || before.Alive() {
		t.Errorf("killed %d, %v; the unit's process lives: %v, the older version's: %v", n, err, main.Alive(), before.Alive())
	}
	if !after.Alive() {
		t.Error("the fence has killed a process that the installation did not start")
	}
	if err := process.Own(root); err != nil {
		t.Fatal(err)
	}
	if ps, err := process.Members(home); err != nil || len(ps) != 0 {
		t.Errorf("a stranger became the unit's: %v %v", ps, err)
	}
}

func TestADamagedMarkProvesNothing(t *testing.T) {
	t.Parallel()
	root, home := installation(t)
	file := filepath.Join(root, "process.mark")
	if err := os.WriteFile(file, []byte("1e3\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := process.KillUnit(wait(t), home); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("a unit is proved dead under a mark that cannot be read: %v", err)
	}
	if err := process.Own(root); err == nil || !strings.Contains(err.Error(), file) {
		t.Errorf("got %v", err)
	}
}
