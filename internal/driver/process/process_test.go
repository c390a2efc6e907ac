package process_test

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/platformtest/strict"
)

// headless is a process whose first thread ends before the others, as happens for a
// moment to every one that is killed: the zombie of its leader still holds locks.
const headless = "FOURNINES_TEST_HEADLESS"

func TestMain(m *testing.M) {
	if os.Getenv(headless) == "" {
		os.Exit(m.Run())
	}
	time.AfterFunc(time.Minute, func() { os.Exit(0) }) // it ends by itself
	runtime.LockOSThread()                             // main runs TestMain on the first thread
	if unix.Gettid() != os.Getpid() {
		panic("this is not the first thread")
	}
	_, _, _ = unix.RawSyscall(unix.SYS_EXIT, 0, 0, 0)
}

func TestALeaderThatEndedBeforeItsThreadsIsNotGone(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	p, err := process.Start(process.Command{
		Home: home, Argv: []string{os.Args[0]}, Env: append(os.Environ(), headless+"=1"),
		Log: filepath.Join(home, "log"), PID: filepath.Join(home, "pid"), UID: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	zombie := fmt.Sprintf("/proc/%d/stat", p.PID)
	for ctx := wait(t); ; {
		if b, err := os.ReadFile(zombie); err != nil || ctx.Err() != nil {
			t.Fatalf("its leader never became a zombie: %v, %s", err, b)
		} else if strings.Contains(string(b), ") Z ") {
			break
		}
		runtime.Gosched()
	}
	if ps, err := process.Members(home); err != nil || !p.Alive() || len(ps) != 1 || ps[0] != p {
		t.Fatalf("alive %v, members %v %v, want %v", p.Alive(), ps, err, p)
	}
	if n, err := process.KillUnit(wait(t), home); err != nil || n != 1 || p.Alive() {
		t.Fatalf("killed %d %v, alive %v", n, err, p.Alive())
	}
}

func start(t *testing.T, home, script string) (process.Process, string) {
	t.Helper()
	pid := filepath.Join(home, "pid")
	p, err := process.Start(process.Command{
		Home: home, Argv: []string{"/bin/sh", "-c", script}, Env: os.Environ(),
		Log: filepath.Join(home, "log"), PID: pid, UID: -1,
	})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _, _ = process.KillUnit(context.Background(), home) })
	return p, pid
}

func wait(t *testing.T) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	t.Cleanup(cancel)
	return ctx
}

func TestAdoptFindsTheSameProcessOnlyWhileItRuns(t *testing.T) {
	t.Parallel()
	p, pid := start(t, t.TempDir(), "exec sleep 100")
	if q, ok := process.Adopt(pid); !ok || q != p {
		t.Fatalf("adopted %+v %v, want %+v", q, ok, p)
	}
	if err := p.Signal(syscall.SIGKILL); err != nil {
		t.Fatal(err)
	}
	if err := p.Wait(wait(t)); err != nil {
		t.Fatal(err)
	}
	if _, ok := process.Adopt(pid); ok {
		t.Fatal("adopted a dead process")
	}
	if err := p.Signal(syscall.SIGTERM); !errors.Is(err, process.ErrGone) {
		t.Fatalf("signal to a dead process: %v", err)
	}
}

func TestAReusedPidIsNeverSignalled(t *testing.T) {
	t.Parallel()
	p, _ := start(t, t.TempDir(), "exec sleep 100")
	stranger := process.Process{PID: p.PID, Start: p.Start + 1}
	if err := stranger.Signal(syscall.SIGKILL); !errors.Is(err, process.ErrGone) {
		t.Fatalf("got %v", err)
	}
	if !p.Alive() {
		t.Fatal("a process with another start time was killed")
	}
}

// A unit's grandchildren in sessions of their own, with a dead parent, frozen: KillUnit proves them gone.
func TestKillUnitReachesOrphansAndFrozenProcesses(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	p, _ := start(t, home, "setsid sleep 100 & setsid sh -c 'mkdir -p sub; cd sub; exec sleep 100' & while [ ! -e go ]; do sleep 0.05; done; exit 0")
	ctx := wait(t)
	if err := os.WriteFile(filepath.Join(home, "go"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for n := 0; n < 2 || p.Alive(); { // wait for the fact: both orphans are there, and their parent is gone
		ps, err := process.Members(home)
		if err != nil || ctx.Err() != nil {
			t.Fatal(err, ctx.Err())
		}
		if _, err := os.Stat(filepath.Join(home, "sub")); err == nil {
			n = len(ps)
		}
	}
	if _, err := process.SignalUnit(home, syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if _, err := process.KillUnit(ctx, home); err != nil {
		t.Fatal(err)
	}
	if ps, err := process.Members(home); err != nil || len(ps) != 0 {
		t.Fatalf("left: %v %v", ps, err)
	}
}

// A disk that is unmounted lazily takes the path of who works on it away: they are the unit's
// still, and die with it.
func TestKillUnitReachesWhoLostTheirDisk(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		strict.Skip(t, "that a unit whose disk is taken away is ended", "only root may mount; run the tests as root")
	}
	home := t.TempDir()
	data := filepath.Join(home, "data")
	if err := os.Mkdir(data, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("fournines", data, "tmpfs", 0, "size=1m"); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = unix.Unmount(data, unix.MNT_DETACH) })
	// Like PostgreSQL: the server is in its data and names it, and a child of it does not.
	start(t, home, "setsid sh -c 'cd data; setsid sleep 100 & echo up > up; while :; do wait; done' "+data+" & exec sleep 100")
	ctx := wait(t)
	members(t, home, 3)
	if err := unix.Unmount(data, unix.MNT_DETACH); err != nil {
		t.Fatal(err)
	}
	members(t, home, 3)
	if _, err := process.KillUnit(ctx, home); err != nil {
		t.Fatal(err)
	}
	members(t, home, 0)
}

// A server that shows something else as its command and environment, as Redis does, is found on
// a disk that was taken away, and so are its children; another unit's on such a disk is not.
func TestKillUnitReachesWhoNamesNothing(t *testing.T) {
	t.Parallel()
	if os.Geteuid() != 0 {
		strict.Skip(t, "that a unit whose disk is taken away is ended", "only root may mount; run the tests as root")
	}
	ctx, zone := wait(t), t.TempDir()
	home := func(name string) (string, process.Process) {
		home := filepath.Join(zone, name)
		if err := os.Mkdir(home, 0o700); err != nil {
			t.Fatal(err)
		}
		if err := unix.Mount("fournines", home, "tmpfs", 0, "size=1m"); err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = unix.Unmount(home, unix.MNT_DETACH) })
		p, err := process.Start(process.Command{
			Home: home, Argv: []string{"/bin/sh", "-c", "/bin/sleep 100 & exec /bin/sleep 101"}, Log: filepath.Join(zone, name+".log"), PID: process.PIDFile(home), UID: -1,
		})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = p.Signal(syscall.SIGKILL) })
		members(t, home, 2)
		for ctx.Err() == nil { // its command names nothing
			if b, err := os.ReadFile(fmt.Sprintf("/proc/%d/cmdline", p.PID)); err != nil || strings.HasSuffix(string(b), "sleep\x00101\x00") {
				break
			}
		}
		if err := unix.Unmount(home, unix.MNT_DETACH); err != nil {
			t.Fatal(err)
		}
		return home, p
	}
	redis, p := home("redis")
	_, other := home("sentinel")
	members(t, redis, 2)
	if err := p.Signal(syscall.SIGKILL); err != nil { // its child lives on
		t.Fatal(err)
	}
	if err := p.Wait(ctx); err != nil {
		t.Fatal(err)
	}
	members(t, redis, 1)
	if _, err := process.KillUnit(ctx, redis); err != nil {
		t.Fatal(err)
	}
	members(t, redis, 0)
	if !other.Alive() {
		t.Error("another unit was killed")
	}
}

// members waits until the unit has that many processes.
func members(t *testing.T, home string, n int) {
	t.Helper()
	for ctx := wait(t); ; {
		ps, err := process.Members(home)
		if err != nil || ctx.Err() != nil {
			t.Fatalf("%v %v, want %d; %v", ps, err, n, ctx.Err())
		}
		if len(ps) == n {
			return
		}
	}
}

// A unit is found by the path that it was started under, also where that leads over a link.
func TestMembersAreFoundOverLinks(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	if err := os.MkdirAll(filepath.Join(root, "data", "redis"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink("data", filepath.Join(root, "link")); err != nil {
		t.Fatal(err)
	}
	home := filepath.Join(root, "link", "redis")
	p, _ := start(t, home, "exec sleep 100")
	if ps, err := process.Members(home); err != nil || len(ps) != 1 {
		t.Fatalf("%v %v", ps, err)
	}
	if n, err := process.KillUnit(wait(t), home); err != nil || n != 1 || p.Alive() {
		t.Fatalf("killed %d, %v, lives: %v", n, err, p.Alive())
	}
	if ps, err := process.Members(filepath.Join(root, "gone", "redis")); err != nil || len(ps) != 0 {
		t.Errorf("of a directory that there is not: %v %v", ps, err)
	}
}

func TestStopUnitGivesGraceThenKills(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	p, _ := start(t, home, "trap 'echo asked > asked; while :; do sleep 1; done' TERM; echo up > up; while :; do sleep 0.1; done")
	for ctx := wait(t); ctx.Err() == nil; {
		if _, err := os.Stat(filepath.Join(home, "up")); err == nil {
			break
		}
	}
	if err := process.StopUnit(wait(t), home, p, syscall.SIGTERM, time.Second); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(filepath.Join(home, "asked")); err != nil {
		t.Fatal("it was not asked to stop first")
	}
	if p.Alive() {
		t.Fatal("it lives")
	}
}

func TestStartSaysWhatIsWrong(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	_, err := process.Start(process.Command{Home: home, Argv: []string{"/no/such/engine"}, Log: filepath.Join(home, "log"), PID: filepath.Join(home, "pid"), UID: -1})
	if !errors.Is(err, os.ErrNotExist) {
		t.Fatalf("got %v", err)
	}
}
