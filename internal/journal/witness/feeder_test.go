package witness

import (
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// fed is a running feeder with what it has handed out.
type fed struct {
	signed heard[string]
	alarms heard[Alarm]
	stop   func()
}

func feed(t *testing.T, l *testLog, last []byte, clock *clock, peers ...Peer) *fed {
	t.Helper()
	r := &fed{}
	f, err := NewFeeder(FeederOptions{
		Log: l, Keys: logs(t, l), Peers: peers, Now: clock.now, Last: last,
		Interval: 3 * time.Millisecond, MaxBackoff: 10 * time.Millisecond,
		Cosigned: func(b []byte, _ int) error { r.signed.add(string(b)); return nil },
		Alarm:    r.alarms.add,
	})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	r.stop = func() {
		cancel()
		if err := <-ended; err != nil && !errors.Is(err, context.Canceled) {
			t.Errorf("Run: %v", err)
		}
		ended <- nil
	}
	t.Cleanup(r.stop)
	return r
}

// covered tells whether a checkpoint of this size has a quorum of these witnesses.
func (r *fed) covered(l *testLog, size uint64, k int, peers ...Peer) bool {
	keys := make([]string, 0, len(peers))
	for _, p := range peers {
		keys = append(keys, p.Key)
	}
	l.mu.Lock()
	text := l.text(size)
	l.mu.Unlock()
	for _, s := range r.signed.list() {
		if textOf(s) != text {
			continue
		}
		if _, err := Quorum([]byte(s), keys, k); err == nil {
			return true
		}
	}
	return false
}

func (r *fed) raised(kind Trouble) bool {
	for _, a := range r.alarms.list() {
		if a.Trouble == kind && !a.Cleared {
			return true
		}
	}
	return false
}

func (r *fed) cleared(kind Trouble) bool {
	for _, a := range r.alarms.list() {
		if a.Trouble == kind && a.Cleared {
			return true
		}
	}
	return false
}

// A log grows under three witnesses, one of which is restarted meanwhile; the feeder is
// restarted too. Everything ends cosigned by all, and nobody is accused.
func TestGrowthOverHTTP(t *testing.T) {
	t.Parallel()
	l, clock, dir := newLog(t, "example.com/log"), newClock(), t.TempDir()
	l.grow(3, "a")
	known := logs(t, l)
	var stations []*station
	var peers []Peer
	for _, name := range []string{"/w1", "/w2", "/w3"} {
		s := newStation(t, dir+name, nil, clock, known)
		stations, peers = append(stations, s), append(peers, s.serve(t))
	}
	r := feed(t, l, nil, clock, peers...)
	eventually(t, "all three cosign size 3", func() bool { return r.covered(l, 3, 3, peers...) })
	l.grow(70, "a")
	eventually(t, "all three cosign size 73", func() bool { return r.covered(l, 73, 3, peers...) })
	r.stop()
	last := r.signed.list()[len(r.signed.list())-1]

	if err := stations[0].Close(); err != nil {
		t.Fatal(err)
	}
	stations[0] = newStation(t, dir+"/w1", nil, clock, known)
	peers[0] = stations[0].serve(t)
	l.grow(27, "a")
	again := feed(t, l, []byte(last), clock, peers...)
	eventually(t, "all three cosign size 100 after restarts", func() bool { return again.covered(l, 100, 3, peers...) })
	again.stop()
	for _, s := range stations {
		if f := s.Findings(); len(f) > 0 {
			t.Errorf("findings %v", f)
		}
	}
	if a := append(r.alarms.list(), again.alarms.list()...); len(a) > 0 {
		t.Errorf("alarms %v", a)
	}
}

// The rollback of the log's directory is found by both sides, and is a fork as soon as
// the log has grown past the known size with other entries.
func TestRollbackOfTheLog(t *testing.T) {
	t.Parallel()
	l, clock := newLog(t, "example.com/log"), newClock()
	l.grow(30, "a")
	s := newStation(t, t.TempDir(), nil, clock, logs(t, l))
	p := s.serve(t)
	r := feed(t, l, nil, clock, p)
	eventually(t, "30 is cosigned", func() bool { return r.covered(l, 30, 1, p) })

	l.rollback(20)
	clock.forward(Grace + time.Second)
	eventually(t, "the feeder finds its log shrunk", func() bool { return r.raised(Shrunk) })
	eventually(t, "the witness finds the rollback", func() bool { return len(s.findings.list()) > 0 })
	if f := s.findings.list()[0]; f.Kind != Rollback || !strings.Contains(f.String(), "size 30, then offered at size 20") {
		t.Fatalf("found %v", f)
	} else if f.Verify(logs(t, l)) == nil {
		t.Fatal("two honest sizes were called a proof")
	}
	l.grow(25, "another past")
	eventually(t, "the feeder is told that its log contradicts itself", func() bool { return r.raised(Contradicted) })
	eventually(t, "the witness finds the fork", func() bool {
		for _, f := range s.findings.list() {
			if f.Kind == Fork {
				return f.Verify(logs(t, l)) == nil
			}
		}
		return false
	})
	if r.covered(l, 45, 1, p) {
		t.Fatal("the fork was cosigned")
	}

	l.rollback(20)
	l.grow(10, "a")
	l.grow(6, "more")
	eventually(t, "the true log is cosigned again", func() bool { return r.covered(l, 36, 1, p) })
	eventually(t, "the feeder's alarms are cleared", func() bool { return r.cleared(Contradicted) && r.cleared(Shrunk) })
}

// A witness that was rolled back is found by the feeder, even one that was restarted. By
// itself it cannot know: it opens and cosigns as if nothing had happened.
func TestRollbackOfAWitness(t *testing.T) {
	t.Parallel()
	for _, restart := range []bool{false, true} {
		l, clock, dir := newLog(t, "example.com/log"), newClock(), t.TempDir()
		l.grow(10, "a")
		s := newStation(t, dir, nil, clock, logs(t, l))
		if a := s.add(l.request(t, 0, 10)); a.status != 200 {
			t.Fatal(a.body)
		}
		backup, err := s.o.Files.Read(recordPath(dir, l.origin))
		if err != nil {
			t.Fatal(err)
		}
		p := s.serve(t)
		r := feed(t, l, nil, clock, p)
		l.grow(10, "a")
		eventually(t, "20 is cosigned", func() bool { return r.covered(l, 20, 1, p) })
		var last []byte
		if restart {
			r.stop()
			last = []byte(r.signed.list()[len(r.signed.list())-1])
		}

		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if err := s.o.Files.Write(recordPath(dir, l.origin), backup); err != nil {
			t.Fatal(err)
		}
		old := newStation(t, dir, nil, clock, logs(t, l))
		if len(old.Findings()) > 0 {
			t.Fatal("it did find out by itself: say so in the package's description")
		}
		s.logs[l.origin].mu.Lock()
		s.logs[l.origin].record = old.logs[l.origin].record
		s.logs[l.origin].mu.Unlock()
		if restart {
			r = feed(t, l, last, clock, p)
		}
		l.grow(5, "a")
		eventually(t, "the feeder finds the witness's rollback", func() bool { return r.raised(Forgot) })
		eventually(t, "it goes on all the same", func() bool { return r.covered(l, 25, 1, p) })
		r.stop()
	}
}

// A witness that is away is an alarm after a while, once, and is cleared; the log and the
// other witness never wait for it.
func TestAwayWitnessDelaysNobody(t *testing.T) {
	t.Parallel()
	l, clock := newLog(t, "example.com/log"), newClock()
	l.grow(1, "a")
	good := newStation(t, t.TempDir(), nil, clock, logs(t, l))
	var away atomic.Bool
	away.Store(true)
	slow := newStation(t, t.TempDir(), nil, clock, logs(t, l))
	p, q := good.serve(t), refusing(t, slow, &away)
	r := feed(t, l, nil, clock, p, q)
	for size := uint64(1); size <= 5; size++ {
		eventually(t, "the good one cosigns", func() bool { return r.covered(l, size, 1, p) })
		l.grow(1, "a")
	}
	if r.raised(Away) {
		t.Fatal("alarm before its time")
	}
	clock.forward(time.Hour)
	eventually(t, "the alarm is raised", func() bool { return r.raised(Away) })
	looks := l.looks()
	eventually(t, "the log is read on", func() bool { return l.looks() > looks+5 })
	away.Store(false)
	eventually(t, "the alarm is cleared", func() bool { return r.cleared(Away) })
	eventually(t, "both cosign", func() bool { return r.covered(l, 6, 2, p, q) })
	r.stop()
	if a := r.alarms.list(); len(a) != 2 || a[0].Witness != slow.Cosigner().Name() || a[0].Err == nil {
		t.Fatalf("alarms %v", a)
	}
}

// A witness that takes requests and never answers costs one timeout at a time.
func TestHangingWitness(t *testing.T) {
	t.Parallel()
	l, clock := newLog(t, "example.com/log"), newClock()
	l.grow(1, "a")
	h := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		_, _ = io.Copy(io.Discard, r.Body)
		<-r.Context().Done()
	}))
	t.Cleanup(h.Close)
	k, _ := NewKey("w")
	r := &fed{}
	f, err := NewFeeder(FeederOptions{Log: l, Keys: logs(t, l), Peers: []Peer{{URL: h.URL, Key: k.Public().String()}},
		Now: clock.now, Interval: time.Millisecond, MaxBackoff: time.Millisecond, Timeout: 10 * time.Millisecond, Alarm: r.alarms.add})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- f.Run(ctx) }()
	eventually(t, "the alarm is raised", func() bool { clock.forward(time.Minute); return r.raised(Away) })
	if err := r.alarms.list()[0].Err; !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("alarm %v", err)
	}
	looks := l.looks()
	eventually(t, "the log is read on", func() bool { return l.looks() > looks+5 })
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("Run: %v", err)
	}
}

// refusing serves a witness whose requests get 503 while away.
func refusing(t *testing.T, s *station, away *atomic.Bool) Peer {
	t.Helper()
	real := s.serve(t)
	return Peer{URL: proxy(t, real.URL, func(rw http.ResponseWriter) bool {
		if away.Load() {
			http.Error(rw, "away", http.StatusServiceUnavailable)
		}
		return away.Load()
	}), Key: real.Key}
}

// Two feeders of one log race for two witnesses: all is cosigned, nobody is accused.
func TestConcurrentFeeders(t *testing.T) {
	t.Parallel()
	a, b, clock, dir := newLog(t, "example.com/a"), newLog(t, "example.com/b"), newClock(), t.TempDir()
	a.grow(1, "a")
	b.grow(1, "b")
	s, u := newStation(t, dir+"/1", nil, clock, logs(t, a, b)), newStation(t, dir+"/2", nil, clock, logs(t, a, b))
	peers := []Peer{s.serve(t), u.serve(t)}
	feeders := []*fed{feed(t, a, nil, clock, peers...), feed(t, a, nil, clock, peers...), feed(t, b, nil, clock, peers...)}
	for range 20 {
		a.grow(3, "a")
		b.grow(1, "b")
		seen := a.looks()
		eventually(t, "the log is read", func() bool { return a.looks() > seen+1 })
	}
	for i, r := range feeders {
		l := []*testLog{a, a, b}[i]
		eventually(t, "the last size is cosigned by both", func() bool { return r.covered(l, l.tree.Size(), 2, peers...) })
	}
	for _, r := range feeders {
		r.stop()
		if alarms := r.alarms.list(); len(alarms) > 0 {
			t.Errorf("alarms %v", alarms)
		}
	}
	if f := append(s.Findings(), u.Findings()...); len(f) > 0 {
		t.Errorf("findings %v", f)
	}
}

func TestFeederOptions(t *testing.T) {
	t.Parallel()
	l, other := newLog(t, "a"), newLog(t, "b")
	k, _ := NewKey("w")
	for name, o := range map[string]FeederOptions{
		"a timeout that looks like a rollback": {Timeout: Grace},
		"a witness's key of the wrong type":    {Peers: []Peer{{Key: l.vkey}}},
		"a witness twice":                      {Peers: []Peer{{Key: k.Public().String()}, {Key: k.Public().String()}}},
		"another log's last checkpoint":        {Keys: logs(t, l), Last: other.at(0)},
	} {
		if _, err := NewFeeder(o); err == nil {
			t.Errorf("%s was accepted", name)
		}
	}
}
