package wan

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"net"
	"net/netip"
	"sync"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
)

// bed is a network of two regions with one server in b, on real sockets.
type bed struct {
	near string // where a reaches the server
	far  string

	mu    sync.Mutex // guards what follows
	cut   []fact.Way
	facts []fact.Link
}

func (b *bed) set(ways ...fact.Way) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.cut = ways
}

// fact is the newest one about a way.
func (b *bed) fact(w fact.Way) fact.Link {
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, f := range b.facts {
		if f.From == w.From && f.To == w.To {
			return f
		}
	}
	return fact.Link{}
}

func newBed(t *testing.T, l Link) *bed {
	t.Helper()
	b := &bed{near: loopback.Free(t), far: loopback.Free(t)}
	stations := map[string]string{"a": loopback.Free(t), "b": loopback.Free(t)}
	n := Network{
		Links:    map[fact.Way]Link{there: l, there.Back(): l},
		Relays:   []Relay{{Way: there, Near: b.near, Far: b.far}},
		Pulses:   []Relay{{Way: there, Near: loopback.Free(t), Far: stations["b"]}, {Way: there.Back(), Near: loopback.Free(t), Far: stations["a"]}},
		Stations: stations,
		Cut: func() []fact.Way {
			b.mu.Lock()
			defer b.mu.Unlock()
			return b.cut
		},
		Report: func(_ context.Context, f []fact.Link) {
			b.mu.Lock()
			defer b.mu.Unlock()
			b.facts = f
		},
	}
	running(t, n)
	return b
}

// running runs a network until the test ends.
func running(t *testing.T, n Network) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- n.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}

// serve answers each connection of the server in b.
func (b *bed) serve(t *testing.T, answer func(*net.TCPConn)) {
	t.Helper()
	l, err := net.Listen("tcp", b.far)
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
			go func() {
				defer c.Close() //nolint:errcheck // the other end looks
				answer(c.(*net.TCPConn))
			}()
		}
	}()
}

func echo(c *net.TCPConn) { _, _ = io.Copy(c, c) }

// dial connects as region a does, until it can.
func (b *bed) dial(t *testing.T) *net.TCPConn {
	t.Helper()
	var out net.Conn
	until(t, "nobody can connect", func() bool {
		c, err := net.Dial("tcp", b.near)
		if err != nil {
			return false
		}
		out = c
		return true
	})
	t.Cleanup(func() { _ = out.Close() })
	return out.(*net.TCPConn)
}

func until(t *testing.T, what string, ok func() bool) {
	t.Helper()
	look := time.NewTicker(5 * time.Millisecond)
	defer look.Stop()
	limit := time.After(time.Minute)
	for !ok() {
		select {
		case <-look.C:
		case <-limit:
			t.Fatal(what)
		}
	}
}

// ask says a word and returns how long its echo took.
func ask(c *net.TCPConn, word string) (time.Duration, error) {
	begun := time.Now()
	if _, err := io.WriteString(c, word); err != nil {
		return 0, err
	}
	b := make([]byte, len(word))
	if _, err := io.ReadFull(c, b); err != nil {
		return 0, err
	}
	if string(b) != word {
		return 0, fmt.Errorf("got %q", b)
	}
	return time.Since(begun), nil
}

func TestARoundTripTakesItsTime(t *testing.T) {
	t.Parallel()
	const trip = 80 * time.Millisecond
	b := newBed(t, Link{RoundTrip: trip})
	b.serve(t, echo)
	c := b.dial(t)
	for i := range 3 {
		took, err := ask(c, "word")
		if want := trip; err != nil || took < want || (i == 0 && took < 2*trip) {
			t.Errorf("round %d took %v, %v; a trip takes %v and a connection begins with one", i, took, err, want)
		}
	}
	until(t, "the round trip is not measured", func() bool { return b.fact(there).RoundTrip >= trip && b.fact(there.Back()).RoundTrip >= trip })
}

// What is carried is what was sent, at more than the distance would allow if each piece
// waited for the one before, and both ends are closed properly.
func TestDistanceDoesNotLimitWhatIsCarried(t *testing.T) {
	t.Parallel()
	b := newBed(t, Link{RoundTrip: 40 * time.Millisecond})
	b.serve(t, echo)
	c := b.dial(t)
	data := make([]byte, 64<<20)
	_, _ = rand.Read(data[:1<<20])
	want, got := sha256.Sum256(data), sha256.New()
	go func() {
		_, _ = io.Copy(c, bytes.NewReader(data))
		_ = c.CloseWrite()
	}()
	n, err := io.Copy(got, c)
	if err != nil || n != int64(len(data)) || [32]byte(got.Sum(nil)) != want {
		t.Errorf("%d bytes of %d came back, %v", n, len(data), err)
	}
}

func TestAnAbsentServerRefusesHereToo(t *testing.T) {
	t.Parallel()
	b := newBed(t, Link{})
	until(t, "it does not refuse", func() bool {
		c, err := net.Dial("tcp", b.near)
		if err == nil {
			_ = c.Close()
		}
		return err != nil
	})
	b.serve(t, echo)
	if _, err := ask(b.dial(t), "there again"); err != nil {
		t.Error(err)
	}
}

func TestADeathIsTold(t *testing.T) {
	t.Parallel()
	b := newBed(t, Link{RoundTrip: 10 * time.Millisecond})
	b.serve(t, func(c *net.TCPConn) {
		_, _ = c.Read(make([]byte, 1))
		reset(c)
	})
	_, err := ask(b.dial(t), "x")
	if err == nil || errors.Is(err, io.EOF) {
		t.Errorf("a server that died: %v", err)
	}
}

// One way is cut: what a says is lost, what b says arrives, and nobody new can connect. When
// it is open again all that waited goes on.
func TestOneWayIsCut(t *testing.T) {
	t.Parallel()
	b := newBed(t, Link{})
	tick := make(chan struct{}, 1)
	b.serve(t, func(c *net.TCPConn) {
		go func() {
			for range tick {
				_, _ = io.WriteString(c, "!")
			}
		}()
		_, _ = io.Copy(io.Discard, c)
		_, _ = io.WriteString(c, "all")
	})
	c := b.dial(t)
	heard := make(chan string, 8)
	go func() {
		buf := make([]byte, 8)
		for {
			n, err := c.Read(buf)
			if err != nil {
				close(heard)
				return
			}
			heard <- string(buf[:n])
		}
	}()
	tick <- struct{}{}
	if got := <-heard; got != "!" {
		t.Fatalf("heard %q", got)
	}
	b.set(there)
	until(t, "nobody notices the cut", func() bool { return b.fact(there).Missed >= 3 })
	if back := b.fact(there.Back()); back.Missed != 0 {
		t.Errorf("%d pulses of the other way are missed", back.Missed)
	}
	if err := c.CloseWrite(); err != nil {
		t.Fatal(err)
	}
	tick <- struct{}{}
	if got := <-heard; got != "!" {
		t.Errorf("heard %q while only the other way is cut", got)
	}
	other := b.dial(t)
	if err := other.SetReadDeadline(time.Now().Add(300 * time.Millisecond)); err != nil {
		t.Fatal(err)
	}
	if got, err := other.Read(make([]byte, 1)); err == nil {
		t.Errorf("a new connection carries %d bytes", got)
	}
	b.set()
	if got := <-heard; got != "all" {
		t.Errorf("heard %q after the cut", got)
	}
	until(t, "the way is not known to be open", func() bool { return b.fact(there).Missed == 0 })
	close(tick)
}

// One address is dialled from two regions and from outside of both: each has its own
// distance, and a cut ends one of them only.
func TestTheSourceSaysTheWay(t *testing.T) {
	t.Parallel()
	const trip = 80 * time.Millisecond
	sources := loopback.New(t)
	fromA, fromC := sources.IP(0, 1), sources.IP(0, 2)
	near, far, cut := loopback.Free(t), loopback.Free(t), make(chan []fact.Way, 1)
	b := &bed{near: near, far: far}
	b.serve(t, echo)
	other := fact.Way{From: "c", To: "b"}
	var ways []fact.Way
	n := Network{
		Links: map[fact.Way]Link{there: {RoundTrip: trip}, there.Back(): {RoundTrip: trip}, other: {}, other.Back(): {}},
		Relays: []Relay{{Near: near, Far: far, Sources: map[netip.Addr]fact.Way{
			netip.MustParseAddr(fromA): there, netip.MustParseAddr(fromC): other,
		}}},
		Cut: func() []fact.Way {
			select {
			case ways = <-cut:
			default:
			}
			return ways
		},
		Report: func(context.Context, []fact.Link) {},
	}
	running(t, n)
	dial := func(from string) *net.TCPConn {
		t.Helper()
		var out net.Conn
		until(t, "nobody can connect from "+from, func() bool {
			c, err := (&net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}}).Dial("tcp", near)
			out = c
			return err == nil
		})
		t.Cleanup(func() { _ = out.Close() })
		return out.(*net.TCPConn)
	}
	begun := time.Now()
	a, c, outside := dial(fromA), dial(fromC), dial("127.0.0.1")
	_, err := ask(a, "far")
	if took := time.Since(begun); err != nil || took < 2*trip { // one to connect, which goes on while others dial, and one to ask
		t.Errorf("from a: %v, %v", took, err)
	}
	for _, conn := range []*net.TCPConn{c, outside} {
		if _, err := ask(conn, "near"); err != nil {
			t.Error(err)
		}
	}
	cut <- []fact.Way{other}
	until(t, "the cut of another region's way is not noticed", func() bool {
		if err := c.SetDeadline(time.Now().Add(200 * time.Millisecond)); err != nil {
			t.Fatal(err)
		}
		_, err := ask(c, "x")
		return err != nil
	})
	for _, conn := range []*net.TCPConn{a, outside} {
		if _, err := ask(conn, "goes on"); err != nil {
			t.Error(err)
		}
	}
}

func TestWrongNetworksAreRefused(t *testing.T) {
	t.Parallel()
	none := func() []fact.Way { return nil }
	for name, n := range map[string]Network{
		"a loss of everything": {Links: map[fact.Way]Link{there: {Loss: 1}}, Cut: none},
		"a relay to nowhere":   {Relays: []Relay{{Way: there, Near: "127.0.0.1:0", Far: "127.0.0.1:1"}}, Cut: none},
		"a source in nowhere":  {Links: map[fact.Way]Link{there: {}}, Relays: []Relay{{Near: "127.0.0.1:0", Far: "127.0.0.1:1", Sources: map[netip.Addr]fact.Way{{}: there}}}, Cut: none},
		"a name as an address": {Links: map[fact.Way]Link{there: {}, there.Back(): {}}, Relays: []Relay{{Way: there, Near: "nowhere"}}, Cut: none},
	} {
		if err := n.Run(t.Context()); err == nil {
			t.Errorf("%s is accepted", name)
		}
	}
	for _, s := range []string{"", "a", "a>", ">b", "a>a", "a>b>c"} {
		if w, err := fact.ParseWay(s); err == nil {
			t.Errorf("%q is the way %v", s, w)
		}
	}
}
