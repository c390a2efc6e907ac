package fault

import (
	"bytes"
	"crypto/sha256"
	"io"
	"math/rand/v2"
	"os"
	"syscall"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/netns/netnstest"
)

const (
	undelayed = 100 * time.Millisecond // no round trip without delay takes longer
	nearly    = Delay - 50*time.Millisecond
)

func TestZoneLatency(t *testing.T) {
	if !netnstest.Isolate(t) {
		return
	}
	b := newBed(t)
	outside := []line{b.mustDial(t, "a", "b"), b.mustDial(t, "a", "server"), b.mustDial(t, "c", "a"), b.mustDial(t, "edge", "a")}
	inside := []line{b.mustDial(t, "a", "a"), b.mustDial(t, "b", "c"), b.mustDial(t, "b", "edge")}
	before := map[string]time.Duration{}
	for _, l := range append(outside, inside...) {
		if before[l.name] = l.mustSay(t); before[l.name] >= undelayed {
			t.Fatalf("%s took %v before the fault", l.name, before[l.name])
		}
	}
	l := b.lease(ZoneLatency, "a", time.Minute)
	b.begin(t, l)
	for _, o := range outside {
		took := o.mustSay(t)
		t.Logf("%s: %v, before %v", o.name, took, before[o.name])
		if took-before[o.name] < nearly || took > 2*Delay {
			t.Errorf("%s: %v, before %v, want %v more", o.name, took, before[o.name], Delay)
		}
	}
	for _, i := range inside {
		if took := i.mustSay(t); took >= undelayed {
			t.Errorf("%s must not be delayed, took %v", i.name, took)
		}
	}
	carries(t, b.mustDial(t, "b", "a"), 8<<20)
	if active, err := b.keeper().Ensure(l, true); err != nil {
		t.Fatal(active, err)
	}
	b.over(t, l)
	for _, o := range outside {
		if took := o.mustSay(t); took >= undelayed {
			t.Errorf("%s took %v after the fault", o.name, took)
		}
	}
}

// carries sends bytes there and back and looks that they are the same.
func carries(t *testing.T, l line, size int) {
	t.Helper()
	sent := make([]byte, size)
	for i, r := 0, rand.NewPCG(1, 2); i < size; i++ {
		sent[i] = byte(r.Uint64())
	}
	begin := time.Now()
	_ = l.SetDeadline(begin.Add(time.Minute))
	failed := make(chan error, 1)
	go func() {
		_, err := io.Copy(l, bytes.NewReader(sent))
		failed <- err
	}()
	sum := sha256.New()
	if _, err := io.CopyN(sum, l, int64(size)); err != nil {
		t.Fatalf("%s: %v", l.name, err)
	}
	if err := <-failed; err != nil {
		t.Fatal(err)
	}
	t.Logf("%s: %d MiB there and back in %v", l.name, size>>20, time.Since(begin))
	if want := sha256.Sum256(sent); !bytes.Equal(sum.Sum(nil), want[:]) {
		t.Errorf("%s: the bytes came back as others", l.name)
	}
}

func TestTwoLatenciesAddUp(t *testing.T) {
	if !netnstest.Isolate(t) {
		return
	}
	b := newBed(t)
	ab, ac, bc := b.mustDial(t, "a", "b"), b.mustDial(t, "a", "c"), b.mustDial(t, "b", "c")
	b.begin(t, b.lease(ZoneLatency, "a", time.Minute))
	b.begin(t, b.lease(ZoneLatency, "b", time.Minute))
	for _, c := range []struct {
		line
		want time.Duration
	}{{ac, Delay}, {bc, Delay}, {ab, 2 * Delay}} {
		if took := c.mustSay(t); took < c.want-50*time.Millisecond || took > c.want+Delay {
			t.Errorf("%s: %v, want %v", c.name, took, c.want)
		}
	}
	for _, z := range []string{"a", "b"} {
		if _, err := b.keeper().Ensure(Lease{ID: ZoneLatency + "-" + z}, true); err != nil {
			t.Fatal(err)
		}
	}
	b.ends(t, ZoneLatency+"-a")
	b.over(t, Lease{ID: ZoneLatency + "-b"})
	if took := ab.mustSay(t); took >= undelayed {
		t.Errorf("took %v after the faults", took)
	}
}

func TestLatencyEndsWithItsGuard(t *testing.T) {
	if !netnstest.Isolate(t) {
		return
	}
	b := newBed(t)
	c := b.mustDial(t, "b", "a")
	l := b.lease(ZoneLatency, "a", 8*time.Second)
	g := b.guard(t, l)
	if took := c.mustSay(t); took < nearly {
		t.Fatalf("took %v, want a delay", took)
	}
	kill(t, g)
	wait(t, "packets that pass without a reader", func() bool {
		took, err := c.say(patience)
		return err == nil && took < undelayed
	})
	if time.Now().After(l.Until) {
		t.Fatal("too slow to tell the guard's death from the lease's end; nothing is proven")
	}
	if len(b.tables(t)) == 0 {
		t.Fatal("the dead guard's table is gone: the test proves nothing")
	}
	// The guard's next life goes on with the fault, and then cleans up.
	if err := b.keeper().Sweep(); err != nil {
		t.Fatal(err)
	}
	wait(t, "the delay again, or the lease's end", func() bool {
		took, err := c.say(patience)
		return err == nil && (took >= nearly || time.Now().After(l.Until))
	})
	b.over(t, l)
	if took := c.mustSay(t); took >= undelayed {
		t.Errorf("took %v after the fault", took)
	}
}

// A guard that hangs is the worst: packets wait for it. The kernel ends that too.
func TestLatencyEndsWhenItsGuardHangs(t *testing.T) {
	if !netnstest.Isolate(t) {
		return
	}
	b := newBed(t)
	l := b.lease(ZoneLatency, "a", 4*time.Second)
	g := b.guard(t, l)
	defer kill(t, g)
	if err := g.Signal(syscall.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	if c, err := b.dial(t, "b", "a", undelayed); err == nil {
		t.Errorf("%s connected while the reader was stopped", c.name)
	}
	wait(t, "packets that pass by the stopped guard", func() bool {
		_, err := b.dial(t, "b", "a", undelayed)
		return err == nil
	})
	if time.Now().Before(l.Until) {
		t.Error("it ended before its time")
	}
}

func kill(t *testing.T, p *os.Process) {
	t.Helper()
	if err := p.Kill(); err != nil {
		t.Fatal(err)
	}
	if _, err := p.Wait(); err != nil {
		t.Fatal(err)
	}
}
