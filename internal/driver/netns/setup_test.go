package netns_test

import (
	"errors"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/greenlang/fournines/internal/driver/netns"
	"github.com/greenlang/fournines/internal/driver/netns/netnstest"
)

const soon = 5 * time.Second

// setUp makes the plan true and takes it back when the test ends.
func setUp(t *testing.T, p netns.Plan) {
	t.Helper()
	t.Cleanup(func() {
		if err := netns.Teardown(t.Context(), p); err != nil && t.Context().Err() == nil {
			t.Error(err)
		}
	})
	if err := netns.Setup(t.Context(), p); err != nil {
		t.Fatal(err)
	}
}

// echoes answers on port 7 at every address of the plan.
func echoes(t *testing.T, p netns.Plan) {
	t.Helper()
	for _, z := range p.Zones {
		netnstest.Echo(t, p.Path(z.Name), z.IP.String()+":7")
	}
	for _, ip := range p.Root {
		netnstest.Echo(t, "", ip.String()+":7")
	}
}

// reach fails the test unless everybody reaches everybody.
func reach(t *testing.T, p netns.Plan) {
	t.Helper()
	from := []string{""}
	var to []string
	for _, z := range p.Zones {
		from = append(from, p.Path(z.Name))
		to = append(to, z.IP.String()+":7")
	}
	for _, ip := range p.Root {
		to = append(to, ip.String()+":7")
	}
	for _, f := range from {
		for _, a := range to {
			c, err := netnstest.Dial(t, f, a, soon)
			if err != nil {
				t.Errorf("from %q to %s: %v", f, a, err)
				continue
			}
			_ = c.Close()
		}
	}
}

func TestRegionIsOneNetworkAndEndsThere(t *testing.T) {
	if !netnstest.Isolate(t) {
		return
	}
	p := plan("fnregion")
	setUp(t, p)
	echoes(t, p)
	reach(t, p)
	for _, z := range p.Zones {
		_, err := netnstest.Dial(t, p.Path(z.Name), "192.0.2.1:80", soon)
		if !errors.Is(err, unix.ENETUNREACH) {
			t.Errorf("zone %s outside: got %v, want that there is no way", z.Name, err)
		}
		port, err := netns.Uplink(p.Path(z.Name))
		if err != nil || port.IP != z.IP || port.Router != p.Path("router") || port.Name == "" {
			t.Errorf("uplink of zone %s: got %+v, %v", z.Name, port, err)
		}
	}
}

func TestSetupAgainDisturbsNobody(t *testing.T) {
	if !netnstest.Isolate(t) {
		return
	}
	p := plan("fnagain")
	setUp(t, p)
	echoes(t, p)
	c, err := netnstest.Dial(t, p.Path("a"), "10.7.2.1:7", soon)
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close() //nolint:errcheck // the test is over
	if err := netns.Setup(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	_ = c.SetDeadline(time.Now().Add(soon))
	if _, err := c.Write([]byte("x")); err != nil {
		t.Fatal(err)
	}
	if _, err := c.Read(make([]byte, 1)); err != nil {
		t.Fatalf("a connection from before: %v", err)
	}
	reach(t, p)
}

func TestSetupMendsWhatIsBroken(t *testing.T) {
	if !netnstest.Isolate(t) {
		return
	}
	p := plan("fnmend")
	for name, damage := range map[string]func(*testing.T) error{
		"nothing there": func(*testing.T) error { return nil },
		"a mount that a killed run did not get to": func(*testing.T) error {
			return errors.Join(unix.Unmount(p.Path("b"), unix.MNT_DETACH), os.WriteFile(p.Path("b"), nil, 0o600))
		},
		"a router that is gone": func(*testing.T) error {
			return errors.Join(unix.Unmount(p.Path("router"), unix.MNT_DETACH), os.Remove(p.Path("router")))
		},
		"other addresses": func(t *testing.T) error {
			other := plan(p.Prefix)
			other.Zones[0].IP, other.Zones[1].IP = p.Zones[1].IP, p.Zones[0].IP
			other.Root = other.Root[1:]
			return netns.Setup(t.Context(), other)
		},
	} {
		t.Run(name, func(t *testing.T) {
			setUp(t, p)
			if err := damage(t); err != nil {
				t.Fatal(err)
			}
			setUp(t, p)
			echoes(t, p)
			reach(t, p)
		})
	}
}

func TestTeardownLeavesNothing(t *testing.T) {
	if !netnstest.Isolate(t) {
		return
	}
	p := plan("fnleave")
	if err := netns.Setup(t.Context(), p); err != nil {
		t.Fatal(err)
	}
	// A process that is still inside must not keep the network alive.
	sleeper := exec.CommandContext(t.Context(), "sleep", "60")
	netnstest.In(t, p.Path("a"), func() {
		if err := sleeper.Start(); err != nil {
			t.Fatal(err)
		}
	})
	shrunk := p
	shrunk.Zones = p.Zones[:1] // what the plan has forgotten goes too
	for range 2 {
		if err := netns.Teardown(t.Context(), shrunk); err != nil {
			t.Fatal(err)
		}
		nothingLeft(t, p)
	}
	_ = sleeper.Process.Kill()
	_ = sleeper.Wait()
}

func nothingLeft(t *testing.T, p netns.Plan) {
	t.Helper()
	if links, err := net.Interfaces(); err != nil || len(links) != 1 {
		t.Errorf("interfaces: got %v, %v, want the loopback alone", links, err)
	}
	if files, err := filepath.Glob(netns.Path("*")); err != nil || len(files) != 0 {
		t.Errorf("mounts: got %v, %v", files, err)
	}
	mounts, err := os.ReadFile("/proc/self/mounts")
	if err != nil || strings.Contains(string(mounts), p.Prefix) {
		t.Errorf("a mount is left, %v", err)
	}
}

func TestTwoInstallationsDoNotCollide(t *testing.T) {
	if !netnstest.Isolate(t) {
		return
	}
	one, two := plan("fnone"), plan("fntwo")
	setUp(t, one)
	err := netns.Setup(t.Context(), two)
	if err == nil || !strings.Contains(err.Error(), "routes 10.7.0.0/16 by fnone already") {
		t.Fatalf("got %v, want a refusal that names fnone", err)
	}
	if err := netns.Teardown(t.Context(), two); err != nil {
		t.Fatal(err)
	}
	echoes(t, one)
	reach(t, one)
}

// maker is set in the process that makes a network and dies at once.
const maker = "FOURNINES_TEST_MAKER"

func TestNetworkOutlivesItsMaker(t *testing.T) {
	p := plan("fnoutlive")
	if os.Getenv(maker) != "" {
		if err := netns.Setup(t.Context(), p); err != nil {
			t.Fatal(err)
		}
		_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
	}
	if !netnstest.Isolate(t) {
		return
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), maker+"=1")
	out, err := cmd.CombinedOutput()
	if err == nil || cmd.ProcessState.Sys().(syscall.WaitStatus).Signal() != syscall.SIGKILL {
		t.Fatalf("the maker should have been killed: %v\n%s", err, out)
	}
	echoes(t, p)
	reach(t, p)
	setUp(t, p)
	reach(t, p)
}
