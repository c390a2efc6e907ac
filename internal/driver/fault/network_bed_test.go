package fault

import (
	"context"
	"flag"
	"fmt"
	"net"
	"net/netip"
	"os"
	"os/exec"
	"slices"
	"testing"
	"time"

	"github.com/google/nftables"

	"github.com/greenlang/fournines/internal/driver/netns"
	"github.com/greenlang/fournines/internal/driver/netns/netnstest"
)

// patience is how long a test waits for a fact that must come true.
const patience = 20 * time.Second

// bed is a region of three zones, an edge and a server on the real kernel.
type bed struct {
	netns.Plan
	dir string // of the leases
}

func newBed(t *testing.T) bed {
	t.Helper()
	ip := netip.MustParseAddr
	b := bed{dir: t.TempDir(), Plan: netns.Plan{
		Prefix: "fnfault",
		Zones:  []netns.Zone{{Name: "a", IP: ip("10.9.1.1")}, {Name: "b", IP: ip("10.9.2.1")}, {Name: "c", IP: ip("10.9.3.1")}},
		Root:   []netip.Addr{ip("10.9.0.1"), ip("10.9.0.2")},
	}}
	if err := netns.Setup(t.Context(), b.Plan); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { b.tearDown(t) })
	for _, z := range b.Zones {
		netnstest.Echo(t, b.Path(z.Name), b.addr(z.Name))
	}
	netnstest.Echo(t, "", b.addr("edge"))
	netnstest.Echo(t, "", b.addr("server"))
	return b
}

func (b bed) tearDown(t *testing.T) {
	t.Helper()
	if err := netns.Teardown(context.WithoutCancel(t.Context()), b.Plan); err != nil {
		t.Error(err)
	}
}

// addr returns where a place echoes.
func (b bed) addr(place string) string {
	return map[string]string{"a": "10.9.1.1", "b": "10.9.2.1", "c": "10.9.3.1", "edge": "10.9.0.1", "server": "10.9.0.2"}[place] + ":7"
}

func (b bed) path(place string) string {
	if place == "edge" || place == "server" {
		return ""
	}
	return b.Path(place)
}

// lease is a fault of zone a, or of another one, towards everybody else.
func (b bed) lease(kind, zone string, lasts time.Duration) Lease {
	l := Lease{ID: kind + "-" + zone, Kind: kind, Zone: b.dir, Until: time.Now().Add(lasts), NetNS: b.Path(zone)}
	for _, p := range []string{"a", "b", "c", "edge", "server"} {
		if p != zone {
			host, _, _ := net.SplitHostPort(b.addr(p))
			l.Peers = append(l.Peers, host)
		}
	}
	return l
}

// keeper runs guards as processes, in this test binary.
func (b bed) keeper() Keeper {
	return Keeper{Dir: b.dir, Guard: []string{os.Args[0], "-test.run=^TestGuardProcess$", "--"}}
}

// TestGuardProcess is the guard's process, when it is started as one.
func TestGuardProcess(t *testing.T) {
	if flag.NArg() != 1 {
		return // not started as a guard
	}
	if err := Guard(t.Context(), flag.Arg(0)); err != nil {
		t.Fatal(err)
	}
}

// guard starts a guard for the lease and returns when the fault is injected.
func (b bed) guard(t *testing.T, l Lease) *os.Process {
	t.Helper()
	if err := writeLease(b.dir, l); err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestGuardProcess$", "--", leasePath(b.dir, l.ID))
	cmd.Stdout, cmd.Stderr = os.Stderr, os.Stderr
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = cmd.Wait() })
	b.laid(t, l)
	return cmd.Process
}

// laid waits for the effect: a lease is active shortly before it, so that it can be
// undone. It looks for the chain, for the kernel shows an empty table while it takes back
// an attempt with an expression that it lacks.
func (b bed) laid(t *testing.T, l Lease) {
	t.Helper()
	wait(t, "the rules of "+l.ID, func() bool {
		var there bool
		err := table{path: b.Path("router")}.open(func(c *nftables.Conn) error {
			chains, err := c.ListChains()
			there = slices.ContainsFunc(chains, func(x *nftables.Chain) bool { return x.Table.Name == tableName(l.ID) })
			return err
		})
		return err == nil && there // a dump that meets a change fails, and the next one does not
	})
}

// tables returns the names of all tables in the region's namespaces.
func (b bed) tables(t *testing.T) []string {
	t.Helper()
	var out []string
	for _, name := range []string{"router", "a", "b", "c"} {
		err := table{path: b.Path(name)}.open(func(c *nftables.Conn) error {
			ts, err := c.ListTables()
			for _, x := range ts {
				out = append(out, name+": "+x.Name)
			}
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// begin injects the lease by a guard of its own.
func (b bed) begin(t *testing.T, l Lease) {
	t.Helper()
	k := b.keeper()
	active, err := k.Ensure(l, false)
	if err != nil || !active {
		t.Fatalf("begin %s: active %v, %v", l.ID, active, err)
	}
	b.laid(t, l)
}

// over waits until the guard says that the lease is over, and looks that nothing is left.
func (b bed) over(t *testing.T, l Lease) {
	t.Helper()
	b.ends(t, l.ID)
	if ts := b.tables(t); len(ts) != 0 {
		t.Errorf("tables left: %v", ts)
	}
}

// ends waits until the guard says that the lease is over.
func (b bed) ends(t *testing.T, id string) {
	t.Helper()
	wait(t, "the end of "+id, func() bool {
		now, err := readLease(leasePath(b.dir, id))
		if err == nil && now.Error != "" {
			t.Fatalf("the guard failed: %s", now.Error)
		}
		return err == nil && now.State == ended
	})
}

// wait looks until the fact is there.
func wait(t *testing.T, fact string, there func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for end := time.Now().Add(patience); !there(); <-tick.C {
		if time.Now().After(end) {
			t.Fatalf("waited %v for %s", patience, fact)
		}
	}
}

// line is a TCP connection between two places.
type line struct {
	net.Conn
	name string
}

func (b bed) dial(t *testing.T, from, to string, timeout time.Duration) (line, error) {
	t.Helper()
	c, err := netnstest.Dial(t, b.path(from), b.addr(to), timeout)
	if err == nil {
		t.Cleanup(func() { _ = c.Close() })
	}
	return line{c, from + " to " + to}, err
}

func (b bed) mustDial(t *testing.T, from, to string) line {
	t.Helper()
	l, err := b.dial(t, from, to, patience)
	if err != nil {
		t.Fatalf("%s to %s: %v", from, to, err)
	}
	return l
}

// say sends a byte and returns how long the echo took.
func (l line) say(timeout time.Duration) (time.Duration, error) {
	begin := time.Now()
	if err := l.SetDeadline(begin.Add(timeout)); err != nil {
		return 0, err
	}
	if _, err := l.Write([]byte("x")); err != nil {
		return 0, fmt.Errorf("%s: %w", l.name, err)
	}
	if _, err := l.Read(make([]byte, 1)); err != nil {
		return 0, fmt.Errorf("%s: %w", l.name, err)
	}
	return time.Since(begin), nil
}

// mustSay returns the best of three round trips, for the machine is shared.
func (l line) mustSay(t *testing.T) time.Duration {
	t.Helper()
	best := patience
	for range 3 {
		took, err := l.say(patience)
		if err != nil {
			t.Fatal(err)
		}
		best = min(best, took)
	}
	return best
}
