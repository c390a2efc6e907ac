package wan

import (
	"bytes"
	"context"
	"errors"
	"io"
	"testing"
	"testing/synctest"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// end is one end of a connection in memory: what is read from it is given in advance.
type end struct {
	in     io.Reader
	got    bytes.Buffer
	at     []time.Time // of every write
	closed time.Time
	fail   error
}

func (e *end) Read(b []byte) (int, error) { return e.in.Read(b) }

func (e *end) Write(b []byte) (int, error) {
	if e.fail != nil {
		return 0, e.fail
	}
	e.at = append(e.at, time.Now())
	return e.got.Write(b)
}

func (e *end) CloseWrite() error {
	e.closed = time.Now()
	return nil
}

var there = fact.Way{From: "a", To: "b"}

func TestLineDelaysAndKeepsTheOrder(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		r, w := io.Pipe()
		begun := time.Now()
		go func() {
			for _, s := range []string{"one", "two"} {
				_, _ = io.WriteString(w, s)
				time.Sleep(10 * time.Millisecond)
			}
			_ = w.Close()
		}()
		to := &end{}
		if err := newLine(there, Link{RoundTrip: 60 * time.Millisecond}, &gates{}).run(t.Context(), r, to); err != nil {
			t.Fatal(err)
		}
		if to.got.String() != "onetwo" || len(to.at) != 2 {
			t.Fatalf("got %q in %d writes", to.got.String(), len(to.at))
		}
		for i, want := range []time.Duration{30, 40, 50} {
			at := append(to.at, to.closed)[i].Sub(begun)
			if at != want*time.Millisecond {
				t.Errorf("%d came after %v, want %v", i, at, want*time.Millisecond)
			}
		}
	})
}

func TestLineHoldsWhileItsWayIsCut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := &gates{}
		g.set([]fact.Way{there})
		begun := time.Now()
		time.AfterFunc(time.Minute, func() { g.set([]fact.Way{there.Back()}) }) // the other way is another matter
		to := &end{}
		err := newLine(there, Link{RoundTrip: time.Second}, g).run(t.Context(), bytes.NewReader([]byte("late")), to)
		if err != nil || to.got.String() != "late" || to.at[0].Sub(begun) != time.Minute {
			t.Errorf("%v: %q after %v", err, to.got.String(), to.at)
		}
	})
}

func TestLineEndsWithItsContextWhileCut(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := &gates{}
		g.set([]fact.Way{there})
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		to := &end{}
		if err := newLine(there, Link{}, g).run(ctx, bytes.NewReader([]byte("never")), to); err == nil || to.got.Len() != 0 {
			t.Errorf("%v: %q", err, to.got.String())
		}
	})
}

// A sender that is gone is not one that has said all: the receiver must learn the difference.
func TestLineTellsWhoIsGone(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		cause := errors.New("connection reset")
		r, w := io.Pipe()
		go func() {
			_, _ = io.WriteString(w, "half")
			_ = w.CloseWithError(cause)
		}()
		to := &end{}
		err := newLine(there, Link{RoundTrip: time.Second}, &gates{}).run(t.Context(), r, to)
		if !errors.Is(err, errGone) || !errors.Is(err, cause) || to.got.String() != "half" || !to.closed.IsZero() {
			t.Errorf("%v: %q, closed %v", err, to.got.String(), to.closed)
		}
		to = &end{fail: cause}
		err = newLine(there, Link{}, &gates{}).run(t.Context(), bytes.NewReader([]byte("x")), to)
		if err == nil || errors.Is(err, errGone) {
			t.Errorf("a receiver that takes no more: %v", err)
		}
	})
}

// many gives endless bytes and counts them.
type many struct{ given int }

func (m *many) Read(b []byte) (int, error) {
	m.given += len(b)
	return len(b), nil
}

func TestLineHoldsItsSenderBack(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		g := &gates{}
		g.set([]fact.Way{there})
		ctx, cancel := context.WithCancel(t.Context())
		from := &many{}
		go newLine(there, Link{}, g).run(ctx, from, &end{}) //nolint:errcheck // it is cancelled
		synctest.Wait()
		if from.given > inFlight+2*oneRead || from.given < inFlight {
			t.Errorf("took %d bytes", from.given)
		}
		cancel()
		synctest.Wait()
	})
}

func TestLossDelaysAndTakesNothing(t *testing.T) {
	t.Parallel()
	l := Link{RoundTrip: 100 * time.Millisecond, Loss: 0.5}
	for _, c := range []struct {
		bytes       int
		least, most time.Duration
	}{
		{100, 50 * time.Millisecond, time.Minute},      // alone: it waits for its timer
		{100 * segment, time.Second, 10 * time.Minute}, // half of a hundred are missed
	} {
		slower := false
		for range 100 {
			d := l.carry(c.bytes)
			if d < c.least || d > c.most {
				t.Errorf("%d bytes take %v", c.bytes, d)
			}
			slower = slower || d > l.oneWay()
		}
		if !slower {
			t.Errorf("no loss in a hundred times %d bytes", c.bytes)
		}
	}
	if d := (Link{RoundTrip: time.Second}).carry(1 << 20); d != 500*time.Millisecond {
		t.Errorf("without loss: %v", d)
	}
}

func FuzzParseNote(f *testing.F) {
	for _, s := range []string{"pulse a>b 1", "answer us-east-1>us-west-2 18446744073709551615", "", "pulse a>a 1", "pulse a>b -1", "x a>b 1"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		n, err := parseNote(s)
		if err != nil {
			return
		}
		again, err := parseNote(n.String())
		if err != nil || again != n {
			t.Errorf("%q is %+v and then %+v, %v", s, n, again, err)
		}
	})
}

func TestTrackerCountsWhatIsMissed(t *testing.T) {
	t.Parallel()
	now := time.Unix(0, 0)
	k := newTracker(map[fact.Way]Link{there: {RoundTrip: 2 * time.Second}, there.Back(): {}}, now)
	of := func(w fact.Way) (missed int) {
		for _, f := range k.facts(now) {
			if f.From == w.From {
				missed = f.Missed
			}
		}
		return missed
	}
	for range 3 { // two under way for a second, and one that is just said
		k.begin(there, now)
	}
	if of(there) != 0 {
		t.Errorf("%d missed while they are under way", of(there))
	}
	for range 10 {
		k.begin(there, now)
	}
	if of(there) != 10 || of(there.Back()) != 0 {
		t.Errorf("missed %d and %d", of(there), of(there.Back()))
	}
	for _, n := range []note{{way: there, number: 99}, {way: fact.Way{From: "a", To: "c"}, number: 1}, {way: there, number: 0}} {
		if k.hear("b", n, now) {
			t.Errorf("answers %v, which nobody said", n)
		}
	}
	if k.hear("a", note{way: there, number: 13}, now) || !k.hear("b", note{way: there, number: 13}, now) || of(there) != 0 {
		t.Errorf("missed %d after the newest was heard", of(there))
	}
	now = now.Add(2 * time.Second)
	k.hear("a", note{answer: true, way: there, number: 13}, now)
	for _, f := range k.facts(now) {
		if f.From == "a" && f.RoundTrip != 2*time.Second {
			t.Errorf("round trip %v", f.RoundTrip)
		}
	}
}
