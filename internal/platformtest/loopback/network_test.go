package loopback

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
)

const child = "FOURNINES_LOOPBACK_CHILD"

// TestHolder is a process that holds as many networks as it is told to, until it is ended.
func TestHolder(t *testing.T) {
	if os.Getenv(child) == "" {
		return // only as a process of the other test
	}
	fmt.Println(int(New(t)), int(New(t)), Free(t))
	_, _ = io.Copy(io.Discard, os.Stdin)
}

func TestNoTwoProcessesAreGivenOneNetwork(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	hold := func() *exec.Cmd {
		cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^TestHolder$") //nolint:gosec // ourselves
		cmd.Env = append(os.Environ(), child+"=1")
		if _, err := cmd.StdinPipe(); err != nil { // stays open: it holds what it has
			t.Fatal(err)
		}
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		line, err := bufio.NewReader(out).ReadString('\n')
		if err != nil {
			t.Fatal(err)
		}
		f := strings.Fields(line)
		if len(f) != 3 {
			t.Fatalf("%q", line)
		}
		f[2] = strings.Split(f[2], ".")[1]
		for _, n := range f {
			if seen[n] {
				t.Errorf("network %s is held twice", n)
			}
			seen[n] = true
		}
		return cmd
	}
	var held []*exec.Cmd
	for range 4 {
		held = append(held, hold())
	}
	for _, cmd := range held {
		if err := cmd.Process.Signal(syscall.SIGKILL); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait() // it was killed
	}
	mine, err := lock(lockOf(t, seen))
	if err != nil {
		t.Fatalf("a process was killed, and what it held is not free: %v", err)
	}
	_ = mine.Close()
}

func lockOf(t *testing.T, seen map[string]bool) string {
	t.Helper()
	for n := range seen {
		return os.TempDir() + "/fournines-test-networks/" + n + ".lock"
	}
	t.Fatal("nothing was held")
	return ""
}

func TestFreeAddressesAreFree(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for range 600 {
		a := Free(t)
		if seen[a] {
			t.Fatalf("%s is given twice", a)
		}
		seen[a] = true
	}
	a := Free(t)
	l, err := net.Listen("tcp", a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	c, err := net.ListenPacket("udp", a)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
}

// What a killed test left behind is seen, however it listens.
func TestNetworkInUseIsPassedOver(t *testing.T) {
	t.Parallel()
	n := New(t)
	if inUse(n) {
		t.Fatalf("%d is given, and in use", n)
	}
	for _, network := range []string{"tcp", "udp"} {
		var end func()
		if network == "tcp" {
			l, err := net.Listen(network, n.Host(3, 1, 7077))
			if err != nil {
				t.Fatal(err)
			}
			end = func() { _ = l.Close() }
		} else {
			c, err := net.ListenPacket(network, n.Host(3, 1, 7077))
			if err != nil {
				t.Fatal(err)
			}
			end = func() { _ = c.Close() }
		}
		if !inUse(n) {
			t.Errorf("a %s socket is not seen", network)
		}
		end()
	}
	const table = "  sl  local_address rem_address   st\n   0: 0000000000000000FFFF00000101%02X7F:1F90 0:0 %s 0\n"
	for state, want := range map[string]bool{"0A": true, "01": true, "06": false} {
		if got := socketsIn(fmt.Sprintf(table, int(n), state), n); got != want {
			t.Errorf("state %s: %v", state, got)
		}
	}
}
