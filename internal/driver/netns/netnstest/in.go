package netnstest

import (
	"net"
	"os"
	"runtime"
	"testing"
	"time"

	"golang.org/x/sys/unix"
)

// In runs do in the network namespace mounted at path; "" is the process's own. Sockets
// that do opens belong to that namespace for good.
func In(t *testing.T, path string, do func()) {
	t.Helper()
	if path == "" {
		do()
		return
	}
	there, err := os.Open(path) //nolint:gosec // the test's own
	if err != nil {
		t.Fatal(err)
	}
	defer there.Close() //nolint:errcheck // nothing was written
	runtime.LockOSThread()
	home, err := os.Open("/proc/thread-self/ns/net")
	if err != nil {
		t.Fatal(err)
	}
	defer home.Close() //nolint:errcheck // nothing was written
	if err := unix.Setns(int(there.Fd()), unix.CLONE_NEWNET); err != nil {
		t.Fatalf("enter %s: %v", path, err)
	}
	defer func() {
		if err := unix.Setns(int(home.Fd()), unix.CLONE_NEWNET); err != nil {
			t.Errorf("leave %s: %v", path, err)
			return // and keep the thread locked: nobody else may run on it
		}
		runtime.UnlockOSThread()
	}()
	do()
}

// Dial connects from the namespace at path to a TCP address.
func Dial(t *testing.T, path, address string, timeout time.Duration) (net.Conn, error) {
	t.Helper()
	var c net.Conn
	var err error
	In(t, path, func() { c, err = net.DialTimeout("tcp4", address, timeout) })
	return c, err
}

// Echo answers at a TCP address in the namespace at path whatever it is told, until the
// test ends.
func Echo(t *testing.T, path, address string) {
	t.Helper()
	var l net.Listener
	var err error
	In(t, path, func() { l, err = net.Listen("tcp4", address) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	go func() {
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			go answer(c.(*net.TCPConn))
		}
	}()
}

func answer(c *net.TCPConn) {
	defer c.Close() //nolint:errcheck // the peer sees it
	_, _ = c.WriteTo(c)
}
