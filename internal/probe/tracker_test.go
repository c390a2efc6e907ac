package probe

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/greenlang/fournines/internal/fact"
)

// TestTracker plays the scenarios of testdata: each line is a round, "at+duration result".
func TestTracker(t *testing.T) {
	t.Parallel()
	datadriven.RunTest(t, "testdata/tracker.txt", func(t *testing.T, d *datadriven.TestData) string {
		tracker := Tracker{Observer: "us-east-1/b", Target: "us-east-1/a/postgres"}
		zero := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
		var out strings.Builder
		for line := range strings.SplitSeq(d.Input, "\n") {
			var at, took, result string
			if _, err := fmt.Sscan(line, &at, &took, &result); err != nil {
				d.Fatalf(t, "line %q: %v", line, err)
			}
			begin, err1 := time.ParseDuration(at)
			length, err2 := time.ParseDuration(took)
			if err := errors.Join(err1, err2); err != nil {
				d.Fatalf(t, "line %q: %v", line, err)
			}
			r := Round{Begun: zero.Add(begin), Ended: zero.Add(begin + length)}
			var silent bool
			result, r.Stalled = strings.CutSuffix(result, "-stalled")
			result, silent = strings.CutSuffix(result, "-control-too")
			r.Outcome, r.ControlOK, r.Error = fact.Outcome(result), !silent, result
			r.Writable = r.Outcome == fact.Serves
			f := tracker.Add(r)
			fmt.Fprintf(&out, "%s misses=%d since=%s\n", f.Outcome, f.Misses, f.Since.Sub(zero))
		}
		return out.String()
	})
}

type scripted struct {
	hang    atomic.Bool
	refuses bool // whoever does not hang
}

func (s *scripted) Probe(ctx context.Context, address string, silence time.Duration) fact.ProbeResult {
	if address == "primary" && s.hang.Load() {
		select {
		case <-ctx.Done():
		case <-time.After(silence):
		}
		return fact.ProbeResult{Outcome: fact.Hangs, Error: "nothing moves"}
	}
	if s.refuses {
		return fact.ProbeResult{Outcome: fact.Refuses, Error: "password authentication failed"}
	}
	return fact.ProbeResult{Outcome: fact.Serves, Writable: true}
}

// A primary that begins to hang is accused three times within two and a half seconds,
// although each probe takes its whole timeout.
// Who serves and takes no write, though it is no standby, is barred since the first time.
func TestBarred(t *testing.T) {
	t.Parallel()
	begin := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	tracker := Tracker{Observer: "a", Target: "b"}
	for i, c := range []struct {
		result fact.ProbeResult
		want   int // second; -1: it is not
	}{
		{fact.ProbeResult{Outcome: fact.Serves, Writable: true}, -1},
		{fact.ProbeResult{Outcome: fact.Serves, Error: "read-only transaction"}, 1},
		{fact.ProbeResult{Outcome: fact.Serves, Error: "read-only transaction"}, 1},
		{fact.ProbeResult{Outcome: fact.Serves}, -1}, // a standby
		{fact.ProbeResult{Outcome: fact.Serves, Error: "read-only transaction"}, 4},
		{fact.ProbeResult{Outcome: fact.Gone, Error: "refused"}, -1},
	} {
		at := begin.Add(time.Duration(i) * time.Second)
		got := tracker.Add(Round{Begun: at, Ended: at, ProbeResult: c.result})
		if want := begin.Add(time.Duration(c.want) * time.Second); got.Barred.IsZero() != (c.want < 0) || c.want >= 0 && !got.Barred.Equal(want) {
			t.Errorf("%d: barred since %v, want second %d", i, got.Barred, c.want)
		}
	}
}

func TestWatcherAccusesAHungPrimary(t *testing.T) {
	t.Parallel()
	for name, refuses := range map[string]bool{"it serves before": false, "it and its controls refuse this observer": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) { hangs(t, &scripted{refuses: refuses}) })
		})
	}
}

func hangs(t *testing.T, p *scripted) {
	t.Helper()
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	var hung time.Time
	suspected := make(chan time.Duration, 1)
	w := Watcher{
		Observer: "us-east-1/b", Primary: Target{"us-east-1/a/postgres", "primary"}, Control: []Target{{"us-east-1/c/postgres", "replica"}},
		Interval: 500 * time.Millisecond, Timeout: 700 * time.Millisecond, Prober: p,
		Report: func(f fact.Probe) {
			if f.Outcome.Lives() && hung.IsZero() && time.Now().Nanosecond() > 0 {
				p.hang.Store(true)
				hung = time.Now()
			}
			if f.Misses == 3 {
				suspected <- time.Since(hung)
				cancel()
			}
		},
	}
	w.Run(ctx)
	if took := <-suspected; took > 2500*time.Millisecond {
		t.Fatalf("three misses took %v of virtual time", took)
	}
}

func TestGoneIsRecognised(t *testing.T) {
	t.Parallel()
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		var last fact.Probe
		w := Watcher{Primary: Target{"x", "primary"}, Interval: time.Second, Timeout: time.Second, Prober: refuser{},
			Report: func(f fact.Probe) {
				if last = f; f.Misses == 2 {
					cancel()
				}
			}}
		w.Run(ctx)
		if last.Outcome != fact.Gone {
			t.Fatalf("%+v", last)
		}
	})
}

type refuser struct{}

func (refuser) Probe(context.Context, string, time.Duration) fact.ProbeResult {
	return fact.ProbeResult{Outcome: fact.Gone, Error: "connection refused"}
}
