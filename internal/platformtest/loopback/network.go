package loopback

import (
	"fmt"
	"net"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
)

// The numbers that are handed out. Below are those of platforms that people run; a platform
// file allows none above.
const (
	first = 32
	last  = 200
)

// Network is the number of a network that one test process holds.
type Network int

// New holds a network until the test has ended.
func New(t testing.TB) Network {
	t.Helper()
	n, held, err := take()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = held.Close() }) // which frees the lock
	return n
}

// IP returns 127.N.a.b.
func (n Network) IP(a, b int) string { return fmt.Sprintf("127.%d.%d.%d", int(n), a, b) }

// Host returns 127.N.a.b:port.
func (n Network) Host(a, b, port int) string {
	return net.JoinHostPort(n.IP(a, b), strconv.Itoa(port))
}

// freePort is below the ports that kernels choose for connections.
const freePort = 7077

// single is the network that addresses come from one at a time. The process holds it to its
// end: whoever dials a closed address meets nobody, also after the test that was given it.
var single = sync.OnceValues(func() (Network, error) {
	n, held, err := take()
	if err == nil {
		kept.Store(held)
	}
	return n, err
})

var (
	kept  atomic.Pointer[os.File] // or the collector would close it
	given atomic.Int64
)

// Free returns an address, 127.N.a.b:port, at which nobody listens, and which nobody else is
// given in this process's life. It is free for TCP and for UDP.
func Free(t testing.TB) string {
	t.Helper()
	n, err := single()
	if err != nil {
		t.Fatal(err)
	}
	const hosts = 250
	i := int(given.Add(1))
	if i >= 255*hosts {
		t.Fatalf("loopback: this process has used every address of %s/16", n.IP(0, 0))
	}
	return n.Host(i/hosts, 1+i%hosts, freePort)
}
