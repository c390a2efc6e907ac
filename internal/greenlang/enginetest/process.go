package enginetest

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// startDeadline is how long an engine may take to answer: generous, because the
// machine is shared; a test waits for the fact, not for this.
const startDeadline = 60 * time.Second

// process is one engine process that a test started.
type process struct {
	cmd    *exec.Cmd
	out    output
	exited chan struct{}
}

// output collects what an engine says, for the test's log if it does not start.
type output struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.b.String()
}

// start runs an engine, which the caller ends, as the unprivileged user, away from the signals of a terminal.
func start(t testing.TB, dir, path, argv0 string, args ...string) *process {
	t.Helper()
	p := &process{cmd: command(dir, path, args...), exited: make(chan struct{})}
	p.cmd.Args[0] = argv0
	p.cmd.Stdout, p.cmd.Stderr = &p.out, &p.out
	if err := p.cmd.Start(); err != nil {
		t.Fatalf("start %s: %v", path, err)
	}
	go func() {
		_ = p.cmd.Wait() // killed on purpose: its exit status says nothing
		close(p.exited)
	}()
	return p
}

// signal sends a signal to the engine and its children. After SIGKILL it waits
// for the end.
func (p *process) signal(s syscall.Signal) {
	select {
	case <-p.exited:
		return // the group's number may be somebody else's by now
	default:
	}
	// Held still first, so that it makes no children while they are counted. On a busy
	// machine that takes a moment, in which it may make one more: a session that outlives
	// its server can wait for ever for a lock that nobody will release.
	_ = syscall.Kill(p.cmd.Process.Pid, syscall.SIGSTOP)
	for !p.still() {
		runtime.Gosched()
	}
	for _, child := range children(p.cmd.Process.Pid) {
		_ = syscall.Kill(child, s) // fails only when it is gone, which is what is wanted
	}
	_ = syscall.Kill(p.cmd.Process.Pid, s)
	if s == syscall.SIGKILL {
		<-p.exited
	}
}

// end asks the engine to end, which one that looks after others does in order, and kills it
// and its children when it has not by then.
func (p *process) end(within time.Duration) {
	_ = p.cmd.Process.Signal(syscall.SIGTERM) // fails only when it is gone
	late := time.NewTimer(within)
	defer late.Stop()
	select {
	case <-p.exited:
	case <-late.C:
		p.signal(syscall.SIGKILL)
	}
}

// still tells whether the engine has stopped, or ended.
func (p *process) still() bool {
	select {
	case <-p.exited:
		return true
	default:
	}
	f := stat(filepath.Join("/proc", strconv.Itoa(p.cmd.Process.Pid), "stat"))
	return len(f) == 0 || strings.Contains("TtZX", f[0])
}

// stat returns the fields of a process's state after its name: STATE PARENT and so on.
func stat(path string) []string {
	b, err := os.ReadFile(path)
	if err != nil {
		return nil // it has ended
	}
	_, rest, _ := strings.Cut(string(b), ") ") // "PID (NAME) STATE PARENT ..."
	return strings.Fields(rest)
}

// children returns the direct children of a process. PostgreSQL's sessions leave
// their postmaster's process group, so the group does not find them.
func children(pid int) (pids []int) {
	stats, err := filepath.Glob("/proc/[0-9]*/stat")
	if err != nil {
		return nil
	}
	for _, path := range stats {
		child, err := strconv.Atoi(strings.Split(path, "/")[2])
		if f := stat(path); err == nil && len(f) > 1 && f[1] == strconv.Itoa(pid) {
			pids = append(pids, child)
		}
	}
	return pids
}

// command prepares a program that runs in dir as its unprivileged owner.
func command(dir, path string, args ...string) *exec.Cmd {
	cmd := exec.Command(path, args...)
	cmd.Dir, cmd.Env = dir, append(environment(), "LC_ALL=C")
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	if uid, gid, ok := unprivileged(); ok {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: uid, Gid: gid}
	}
	return cmd
}

// unprivileged returns nobody's ids when we are root: PostgreSQL refuses to run as root.
func unprivileged() (uid, gid uint32, ok bool) {
	if os.Getuid() != 0 {
		return 0, 0, false
	}
	u, err := user.Lookup("nobody")
	if err != nil {
		return 0, 0, false
	}
	un, uerr := strconv.ParseUint(u.Uid, 10, 32)
	gn, gerr := strconv.ParseUint(u.Gid, 10, 32)
	return uint32(un), uint32(gn), uerr == nil && gerr == nil
}

// folder makes a data folder that the engines' user owns. It is not t.TempDir,
// whose parents are closed to other users.
func folder(t testing.TB) string {
	t.Helper()
	parent, err := os.MkdirTemp("", "greenlang-engine-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := os.RemoveAll(parent); err != nil {
			t.Errorf("remove engine folder: %v", err)
		}
	})
	dir := filepath.Join(parent, "data")
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(parent, 0o755); err != nil {
		t.Fatal(err)
	}
	if uid, gid, ok := unprivileged(); ok {
		if err := os.Chown(dir, int(uid), int(gid)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

// Await waits until the fact holds, and fails the test if it never does.
func Await(t testing.TB, what string, fact func() error) {
	t.Helper()
	if err := await(fact, nil); err != nil {
		t.Fatalf("wait until %s: %v", what, err)
	}
}

func await(fact func() error, gone <-chan struct{}) error {
	deadline := time.NewTimer(startDeadline)
	defer deadline.Stop()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for {
		err := fact()
		if err == nil {
			return nil
		}
		select {
		case <-gone:
			return fmt.Errorf("the process ended: %w", err)
		case <-deadline.C:
			return fmt.Errorf("gave up after %s: %w", startDeadline, err)
		case <-tick.C:
		}
	}
}
