package netnstest

import (
	"context"
	"os"
	"os/exec"
	"runtime"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
	"golang.org/x/sys/unix"

	"github.com/greenlang/fournines/internal/driver/netns"
	"github.com/greenlang/fournines/internal/platformtest/strict"
)

const isolated = "FOURNINES_ISOLATED_TEST"

// Isolate runs the calling test again in a process of its own with an empty root network
// namespace, and tells whether this is that process: a test goes on only when it is. Where
// that cannot be, for lack of root or of something in the kernel, the test is skipped.
func Isolate(t *testing.T) bool {
	t.Helper()
	if os.Getenv(isolated) == t.Name() {
		prepare(t)
		return true
	}
	if err := netns.Check(); err != nil {
		strict.Skip(t, "this test, which needs real network namespaces", err)
	}
	t.Parallel()
	rerun(t)
	return false
}

func rerun(t *testing.T) {
	t.Helper()
	runtime.LockOSThread() // the child dies with the thread that started it
	defer runtime.UnlockOSThread()
	cmd := exec.CommandContext(context.Background(), os.Args[0], "-test.run=^"+t.Name()+"$", "-test.v", "-test.timeout=5m") //nolint:gosec // ourselves
	cmd.Env = append(os.Environ(), isolated+"="+t.Name())
	cmd.SysProcAttr = &syscall.SysProcAttr{Unshareflags: unix.CLONE_NEWNET | unix.CLONE_NEWNS, Pdeathsig: syscall.SIGKILL}
	out, err := cmd.CombinedOutput()
	if err != nil {
		t.Fatalf("%s in a namespace of its own: %v\n%s", t.Name(), err, out)
	}
	t.Logf("in a namespace of its own:\n%s", out)
}

// prepare hides the machine's mounts of namespaces and brings the loopback up.
func prepare(t *testing.T) {
	t.Helper()
	if err := os.MkdirAll(netns.Dir, 0o755); err != nil { //nolint:gosec // as package netns makes it
		t.Fatal(err)
	}
	if err := unix.Mount("none", netns.Dir, "tmpfs", 0, ""); err != nil {
		t.Fatalf("mount over %s: %v", netns.Dir, err)
	}
	lo, err := netlink.LinkByName("lo")
	if err != nil {
		t.Fatal(err)
	}
	if err := netlink.LinkSetUp(lo); err != nil {
		t.Fatal(err)
	}
}
