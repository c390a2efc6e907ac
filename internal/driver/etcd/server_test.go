package etcd_test

import (
	"io"
	"net"
	"net/netip"
	"strings"
	"sync"
	"testing"

	"github.com/greenlang/fournines/internal/driver/etcd"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
)

// Whatever a member says to another one comes from its own address, also before it has joined.
func TestPeersAreDialledFromTheirOwnAddress(t *testing.T) {
	t.Parallel()
	n := loopback.New(t)
	shared, own := n.Host(1, 1, 2380), n.Host(1, 1, 2381)
	var mu sync.Mutex
	from := map[netip.Addr]int{}
	carry(t, shared, own, func(a netip.Addr) {
		mu.Lock()
		defer mu.Unlock()
		from[a]++
	})
	one := etcd.Member{Name: "one", Dir: t.TempDir(), Client: "http://" + n.Host(1, 1, 2379), Peer: "http://" + shared, Cluster: "one=http://" + shared, Token: "place"}
	first, err := etcd.Open(t.Context(), one, etcd.Place{Listen: "http://" + own, From: n.IP(1, 1)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(first.Close)
	two := etcd.Member{Name: "two", Dir: t.TempDir(), Client: "http://" + n.Host(1, 2, 2379), Peer: "http://" + n.Host(1, 2, 2380), Token: "place"}
	if two, err = etcd.Join(t.Context(), two, []string{one.Client}, []string{one.Peer}); err != nil {
		t.Fatal(err)
	}
	second, err := etcd.Open(t.Context(), two, etcd.Place{From: n.IP(1, 2)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(second.Close)
	if err := etcd.Promote(t.Context(), two.Peer, []string{one.Client}); err != nil {
		t.Fatal(err)
	}
	mu.Lock()
	defer mu.Unlock()
	if dialled := from[netip.MustParseAddr(n.IP(1, 2))]; dialled == 0 || len(from) != 1 {
		t.Errorf("the member at %s was dialled from %v", strings.TrimPrefix(one.Peer, "http://"), from)
	}
}

// carry carries connections from one address to another, and tells from where they come.
func carry(t *testing.T, near, far string, tell func(netip.Addr)) {
	t.Helper()
	l, err := net.Listen("tcp", near)
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
			tell(netip.MustParseAddrPort(c.RemoteAddr().String()).Addr())
			go func() {
				defer c.Close() //nolint:errcheck // the members look
				other, err := net.Dial("tcp", far)
				if err != nil {
					return
				}
				defer other.Close() //nolint:errcheck // the members look
				go func() {
					_, _ = io.Copy(other, c)
					_ = other.Close()
				}()
				_, _ = io.Copy(c, other)
			}()
		}
	}()
}
