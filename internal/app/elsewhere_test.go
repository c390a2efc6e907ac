package app

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/vishvananda/netlink"
	"github.com/vishvananda/netns"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/machines"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
	"github.com/greenlang/fournines/internal/platformtest/strict"
	"github.com/greenlang/fournines/internal/up"
)

const joining = "us-west-2/" + place.Server

// cable is between this machine and the other one.
type cable struct{ name, here, there, gate string }

func newCable(n loopback.Network) cable {
	return cable{fmt.Sprintf("fnjoin%d", n), fmt.Sprintf("10.%d.77.1/30", n), fmt.Sprintf("10.%d.77.2/30", n), fmt.Sprintf("10.%d.77.1:9443", n)}
}

// machine is another machine, as far as a process sees: it has a loopback, a network and a
// data directory of its own, and one cable to this one.
type machine struct {
	t    *testing.T
	pid  string // of a process that is there for as long as the machine is
	root string // its data directory; only there
	cable

	crashes string // see crashPoint
}

func newMachine(t *testing.T, root string, c cable) *machine {
	t.Helper()
	if os.Geteuid() != 0 {
		strict.Skip(t, "that a server runs on another machine", "making one needs root")
	}
	empty := t.TempDir()
	hold := exec.Command("unshare", "--net", "--mount", "--propagation", "private", "sh", "-c", `mount --bind "$0" "$1" && echo made && exec cat`, empty, root)
	in, err := hold.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := hold.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	var trouble bytes.Buffer
	hold.Stderr = &trouble
	if err := hold.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = hold.Wait()
	})
	if _, err := io.ReadFull(out, make([]byte, len("made\n"))); err != nil {
		strict.Skip(t, "that a server runs on another machine", fmt.Sprintf("none can be made here: %v %s", err, trouble.String()))
	}
	m := &machine{t: t, pid: fmt.Sprint(hold.Process.Pid), root: empty, cable: c, crashes: t.TempDir()}
	m.plug(hold.Process.Pid)
	return m
}

// plug lays the cable.
func (m *machine) plug(pid int) {
	m.t.Helper()
	check := func(err error) {
		m.t.Helper()
		if err != nil {
			m.t.Fatal(err)
		}
	}
	there, err := netns.GetFromPid(pid)
	check(err)
	defer there.Close() //nolint:errcheck // a handle
	far, err := netlink.NewHandleAt(there)
	check(err)
	defer far.Close()
	if old, err := netlink.LinkByName(m.name); err == nil { // of a run that was killed
		check(netlink.LinkDel(old))
	}
	check(netlink.LinkAdd(&netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: m.name}, PeerName: "eth0", PeerNamespace: netlink.NsFd(there)}))
	here, err := netlink.LinkByName(m.name)
	check(err)
	m.t.Cleanup(func() { _ = netlink.LinkDel(here) })
	eth, err := far.LinkByName("eth0")
	check(err)
	lo, err := far.LinkByName("lo")
	check(err)
	addr := func(s string) *netlink.Addr {
		a, err := netlink.ParseAddr(s)
		check(err)
		return a
	}
	check(netlink.AddrAdd(here, addr(m.here)))
	check(far.AddrAdd(eth, addr(m.there)))
	check(far.LinkSetUp(lo))
	check(far.LinkSetUp(eth))
	check(netlink.LinkSetUp(here))
}

// cut takes the cable away, or puts it back.
func (m *machine) cut(away bool) {
	m.t.Helper()
	here, err := netlink.LinkByName(m.name)
	if err == nil && away {
		err = netlink.LinkSetDown(here)
	} else if err == nil {
		err = netlink.LinkSetUp(here)
	}
	if err != nil {
		m.t.Fatal(err)
	}
}

// command runs a program there.
func (m *machine) command(args ...string) *exec.Cmd {
	return exec.Command("nsenter", append([]string{"--target", m.pid, "--net", "--mount", "--"}, args...)...)
}

// life is a server that runs on the machine.
type life struct {
	cmd *exec.Cmd
	log *lines
}

// lines keeps what a process says.
type lines struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (l *lines) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.Write(p)
}

func (l *lines) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.b.String()
}

func (m *machine) join(binary, invitation, root string) *life {
	m.t.Helper()
	l := &life{cmd: m.command(binary, "server", "--join", invitation, "--data", root), log: &lines{}}
	l.cmd.Stderr = l.log
	l.cmd.Env = append(os.Environ(), control.CrashDir+"="+m.crashes)
	if err := l.cmd.Start(); err != nil {
		m.t.Fatal(err)
	}
	m.t.Cleanup(func() {
		l.kill()
		if m.t.Failed() {
			m.t.Logf("the machine that joined says:\n%s", l.log)
		}
	})
	return l
}

func (l *life) killed() bool {
	s, ok := l.cmd.ProcessState.Sys().(syscall.WaitStatus)
	return ok && s.Signal() == syscall.SIGKILL
}

// kill kills it, and with it its server.
func (l *life) kill() {
	_ = l.cmd.Process.Kill()
	_ = l.cmd.Wait()
}

// authorities makes what object stores would have made, which do not run here.
func (x *plane) authorities() {
	x.t.Helper()
	_, l, err := place.LoadInstallation(x.root)
	if err != nil {
		x.t.Fatal(err)
	}
	for _, name := range up.Bundled(l)[len(up.SharedFiles):] {
		path := filepath.Join(x.root, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			x.t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte("no certificate"), 0o600); err != nil {
			x.t.Fatal(err)
		}
	}
}

// gate runs the platform's gate until the function that it returns is called.
func (x *plane) gate() (stop func()) {
	x.t.Helper()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- up.RunGate(ctx, x.root, slog.New(slog.DiscardHandler)) }()
	var once sync.Once
	stop = func() {
		once.Do(func() {
			cancel()
			if err := <-ended; err != nil {
				x.t.Error(err)
			}
		})
	}
	x.t.Cleanup(stop)
	x.await(func(api.Status) string {
		c, err := net.Dial("tcp", x.cable.gate)
		if err != nil {
			return err.Error()
		}
		_ = c.Close()
		return ""
	})
	return stop
}

func buildProgram(t *testing.T) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "fournines")
	cmd := exec.Command("go", "build", "-o", path, "github.com/greenlang/fournines/cmd/fournines")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("build: %v\n%s", err, out)
	}
	return path
}

// leads waits until that server leads; whoever else does is stopped and started again.
func (x *plane) leads(name string) {
	x.t.Helper()
	for n := 0; ; n++ {
		leader := x.whole()
		if leader == name {
			return
		}
		x.lives[leader].stop()
		x.tell(fmt.Sprintf("election-%d", n), "nobody") // another leads
		x.start(leader)
	}
}

// away waits until the others say that a server is not there.
func (x *plane) away(name string) {
	x.t.Helper()
	x.await(func(s api.Status) string {
		for _, v := range s.Servers {
			if v.Name == name && v.Health != api.Missing {
				return fmt.Sprintf("%+v", v)
			}
		}
		return ""
	})
}

// A server on a machine of its own is one of the three: it holds the journal, leads, and may
// be lost in every way that a machine can be.
func TestServerOnItsOwnMachine(t *testing.T) {
	t.Parallel()
	x := newPlane(t, "", joining)
	x.authorities()
	m := newMachine(t, x.root, x.cable)
	stopGate := x.gate()
	i, err := up.InviteServer(x.root, joining, "ada")
	if err != nil {
		t.Fatal(err)
	}
	binary := buildProgram(t)
	points := []string{"join:key", "join:accepted", "join:" + place.ObjectsCA, "join:taken", "join:kept"}
	for _, name := range up.SharedFiles {
		points = append(points, "join:"+name)
	}
	for _, point := range points {
		path := filepath.Join(m.crashes, point)
		if err := os.WriteFile(path, nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for range points { // each attempt dies at the first that is left
		l := m.join(binary, i.String(), x.root)
		if _ = l.cmd.Wait(); !l.killed() {
			t.Fatalf("it did not die: %s", l.log)
		}
	}
	if left, err := os.ReadDir(m.crashes); err != nil || len(left) > 0 {
		t.Fatalf("it did not die at %v (%v)", left, err)
	}
	server := m.join(binary, i.String(), x.root)
	x.whole()
	x.cosigned()
	one := x.tell("one", "anna")

	x.leads(joining)
	two := x.tell("two", "ben")
	server.kill() // while it leads
	three := x.tell("three", "cleo")
	x.away(joining)
	server = m.join(binary, "not looked at any more", x.root)
	x.whole()

	stopGate()
	x.away(joining)
	x.gate()
	x.whole()

	m.cut(true)
	x.away(joining)
	four := x.tell("four", "dan")
	m.cut(false)
	x.whole()

	ca := filepath.Join(place.Objects, place.ObjectsCA) // a file that changes is taken over
	if err := os.WriteFile(filepath.Join(x.root, ca), []byte("another"), 0o600); err != nil {
		t.Fatal(err)
	}
	x.await(func(api.Status) string {
		b, err := os.ReadFile(filepath.Join(m.root, ca))
		if string(b) != "another" {
			return fmt.Sprintf("%s is %q there, %v", ca, b, err)
		}
		return ""
	})
	x.whole()

	if err := up.DismissServer(x.root, joining, "bob"); err != nil {
		t.Fatal(err)
	}
	x.away(joining)
	x.recorded("invited ada", "joined ", "dismissed bob")
	if _, err := os.Stat(filepath.Join(m.root, up.JoinedKey)); err != nil {
		t.Error(err)
	}
	j, err := journal.Verify(t.Context(), filepath.Join(m.root, joining, place.JournalDir), journal.VerifyOptions{})
	if err != nil || j.Size <= four {
		t.Errorf("the journal on the other machine: %d entries, %v", j.Size, err)
	}
	server.kill()
	for _, index := range []uint64{one, two, three, four} {
		x.await(func(api.Status) string {
			r, err := x.leader().Read(index, 1)
			if err != nil || len(r) != 1 || r[0].Kind != "audit.recorded" {
				return fmt.Sprintf("entry %d: %+v, %v", index, r, err)
			}
			return ""
		})
	}
	x.sameJournal()
}

// leader returns the journal of the server of this process that leads, or of any.
func (x *plane) leader() *journal.Journal {
	var j *journal.Journal
	for _, l := range x.lives {
		if j = l.s.Journal; l.s.server.Leads() {
			break
		}
	}
	return j
}

// recorded waits until the journal says what happened to machines.
func (x *plane) recorded(want ...string) {
	x.t.Helper()
	x.await(func(api.Status) string {
		var got []string
		j := x.leader()
		records, err := j.Read(0, int(j.Head().Size)) //nolint:gosec // few
		if err != nil {
			return err.Error()
		}
		for _, r := range records {
			var c machines.Change
			if r.Kind != "server.machine" {
				continue
			}
			if err := r.Decode(&c); err != nil {
				x.t.Fatal(err)
			}
			got = append(got, c.What+" "+c.By)
		}
		if strings.Join(got, ",") != strings.Join(want, ",") {
			return fmt.Sprintf("the journal says %q, want %q", got, want)
		}
		return ""
	})
}
