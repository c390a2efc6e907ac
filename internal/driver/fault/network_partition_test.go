package fault

import (
	"errors"
	"net"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/netns/netnstest"
)

// shortly is how long a test listens for what must not come.
const shortly = 400 * time.Millisecond

// between returns connections over the cut around zone a, in both directions, and beside it.
func between(t *testing.T, b bed) (cut, whole []line) {
	t.Helper()
	cut = []line{
		b.mustDial(t, "a", "b"), b.mustDial(t, "a", "c"), b.mustDial(t, "a", "edge"), b.mustDial(t, "a", "server"),
		b.mustDial(t, "b", "a"), b.mustDial(t, "edge", "a"),
	}
	return cut, []line{b.mustDial(t, "a", "a"), b.mustDial(t, "b", "c"), b.mustDial(t, "b", "edge")}
}

func TestZonePartition(t *testing.T) {
	if !netnstest.Isolate(t) {
		return
	}
	b := newBed(t)
	cut, whole := between(t, b)
	l := b.lease(ZonePartition, "a", 6*time.Second)
	g := b.guard(t, l)
	stalls(t, cut)
	for _, w := range whole {
		w.mustSay(t)
	}
	for _, way := range [][2]string{{"a", "b"}, {"b", "a"}, {"a", "edge"}, {"a", "server"}, {"edge", "a"}} {
		_, err := b.dial(t, way[0], way[1], shortly)
		if !silent(err) {
			t.Errorf("%v: new connection: got %v, want silence", way, err)
		}
	}
	for _, way := range [][2]string{{"a", "a"}, {"b", "c"}, {"c", "edge"}} {
		b.mustDial(t, way[0], way[1])
	}
	// Nobody is left to end it but the kernel.
	kill(t, g)
	if time.Now().After(l.Until) {
		t.Fatal("too slow to see the guard's death before the lease's end; nothing is proven")
	}
	stalls(t, cut[:1])
	for _, c := range cut {
		heals(t, c)
	}
	if time.Now().Before(l.Until) {
		t.Error("it ended before its time")
	}
	if len(b.tables(t)) != 1 {
		t.Fatal("the dead guard's table should be left for its next life")
	}
	if err := b.keeper().Sweep(); err != nil {
		t.Fatal(err)
	}
	b.over(t, l)
}

// silent tells a wait in vain from a refusal: a drop from a reject.
func silent(err error) bool {
	var n net.Error
	return errors.As(err, &n) && n.Timeout()
}

// stalls looks that connections neither carry anything nor break.
func stalls(t *testing.T, lines []line) {
	t.Helper()
	for _, l := range lines {
		if took, err := l.say(shortly); !silent(err) {
			t.Errorf("%s: an established connection: %v after %v, want silence", l.name, err, took)
		}
	}
}

// heals waits until what was said during the cut comes back: TCP tries again by itself.
func heals(t *testing.T, l line) {
	t.Helper()
	_ = l.SetDeadline(time.Now().Add(2 * patience))
	if _, err := l.Read(make([]byte, 16)); err != nil {
		t.Errorf("%s: what was on its way: %v", l.name, err)
	}
}

func TestZonePartitionEndsOnDemand(t *testing.T) {
	if !netnstest.Isolate(t) {
		return
	}
	b := newBed(t)
	l := b.lease(ZonePartition, "a", time.Minute)
	for range 2 { // a second order for the same fault is harmless
		b.begin(t, l)
	}
	if _, err := b.dial(t, "a", "b", shortly); !silent(err) {
		t.Fatalf("got %v, want silence", err)
	}
	if _, err := b.keeper().Ensure(l, true); err != nil {
		t.Fatal(err)
	}
	b.over(t, l)
	b.mustDial(t, "a", "b")
	if time.Now().After(l.Until) {
		t.Error("it ended by its time, not on demand")
	}
}

func TestFaultEndsWithItsNetwork(t *testing.T) {
	if !netnstest.Isolate(t) {
		return
	}
	b := newBed(t)
	l := b.lease(ZonePartition, "a", time.Minute)
	b.begin(t, l)
	b.tearDown(t)
	if _, err := b.keeper().Ensure(l, true); err != nil {
		t.Fatal(err)
	}
	b.ends(t, l.ID)
}

// datagrams is a pair of UDP sockets, one in each of two places.
type datagrams struct{ from, to *net.UDPConn }

func (b bed) datagrams(t *testing.T, from, to string) datagrams {
	t.Helper()
	var d datagrams
	var err error
	addr, _ := net.ResolveUDPAddr("udp4", b.addr(to))
	netnstest.In(t, b.path(to), func() { d.to, err = net.ListenUDP("udp4", addr) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.to.Close() })
	netnstest.In(t, b.path(from), func() { d.from, err = net.DialUDP("udp4", nil, addr) })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = d.from.Close() })
	return d
}

// deliver sends n datagrams and returns how many arrive.
func (d datagrams) deliver(t *testing.T, n int) int {
	t.Helper()
	for range n {
		if _, err := d.from.Write([]byte("x")); err != nil {
			t.Fatalf("the sender must not notice: %v", err)
		}
	}
	for got := 0; ; got++ {
		_ = d.to.SetReadDeadline(time.Now().Add(shortly / 4))
		if _, err := d.to.Read(make([]byte, 1)); err != nil {
			return got
		}
	}
}

func TestZonePartitionOut(t *testing.T) {
	if !netnstest.Isolate(t) {
		return
	}
	b := newBed(t)
	out, in := b.datagrams(t, "a", "b"), b.datagrams(t, "c", "a")
	if got := out.deliver(t, 10) + in.deliver(t, 10); got != 20 {
		t.Fatalf("%d of 20 arrived before the fault", got)
	}
	l := b.lease(ZonePartitionOut, "a", time.Minute)
	b.begin(t, l)
	if got := out.deliver(t, 10); got != 0 {
		t.Errorf("%d of 10 left the zone", got)
	}
	if got := in.deliver(t, 10); got != 10 {
		t.Errorf("%d of 10 reached the zone", got)
	}
	if _, err := b.keeper().Ensure(l, true); err != nil {
		t.Fatal(err)
	}
	b.over(t, l)
	if got := out.deliver(t, 10); got != 10 {
		t.Errorf("%d of 10 left the zone after the fault", got)
	}
}

func TestZoneLoss(t *testing.T) {
	if !netnstest.Isolate(t) {
		return
	}
	b := newBed(t)
	d := b.datagrams(t, "b", "a")
	l := b.lease(ZoneLoss5, "a", time.Minute)
	b.begin(t, l)
	const rounds, each = 30, 100
	got := 0
	for range rounds {
		got += d.deliver(t, each)
	}
	lost := 100 * float64(rounds*each-got) / (rounds * each)
	t.Logf("%.1f of 100 lost", lost)
	if lost < 3 || lost > 8 { // 5 ± 0.4 is one standard deviation
		t.Errorf("%.1f of 100 lost, want about 5", lost)
	}
	if _, err := b.keeper().Ensure(l, true); err != nil {
		t.Fatal(err)
	}
	b.over(t, l)
	if got := d.deliver(t, each); got != each {
		t.Errorf("%d of %d arrived after the fault", got, each)
	}
}
