package probe

import (
	"context"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// Prober connects anew to the database at address, reads, and then tries to commit a write.
// It gives up when nothing moves for the time of silence.
type Prober interface {
	Probe(ctx context.Context, address string, silence time.Duration) fact.ProbeResult
}

// Target is a database to probe.
type Target struct {
	ID      string // component id
	Address string
}

// Watcher probes one primary until its context ends.
type Watcher struct {
	Observer string
	Primary  Target
	Control  []Target
	Interval time.Duration // between two rounds while all is well; half of it after a miss
	Timeout  time.Duration // without any progress, until a probe has missed
	Prober   Prober
	Report   func(fact.Probe) // called after each round, one at a time
}

// Run probes until ctx ends.
func (w Watcher) Run(ctx context.Context) {
	rounds := make(chan Round)
	tracker := Tracker{Observer: w.Observer, Target: w.Primary.ID}
	var still Standstill
	go still.Watch(ctx)
	next := time.NewTimer(time.Duration(rand.Int64N(int64(w.Interval)))) // observers do not knock together
	defer next.Stop()
	missed := false
	for {
		select {
		case <-ctx.Done():
			return
		case <-next.C:
			wait := w.Interval
			if missed {
				wait /= 2
			}
			next.Reset(wait)
			go w.round(ctx, &still, rounds)
		case r := <-rounds:
			accused := !r.Outcome.Lives() && r.Outcome != fact.Unseen // who cannot look does not look more often
			if accused && !missed {
				next.Reset(0)
			}
			missed = accused
			w.Report(tracker.Add(r))
		}
	}
}

func (w Watcher) round(ctx context.Context, still *Standstill, out chan<- Round) {
	r := Round{Begun: time.Now()}
	r.ProbeResult = w.probe(ctx, w.Primary)
	if r.Outcome == fact.Hangs {
		r.ControlOK = slices.ContainsFunc(w.Control, func(c Target) bool { return w.probe(ctx, c).Outcome.Lives() })
	}
	r.Ended = time.Now()
	r.Stalled = still.Since(r.Begun)
	select {
	case out <- r:
	case <-ctx.Done():
	}
}

func (w Watcher) probe(ctx context.Context, t Target) fact.ProbeResult {
	ctx, cancel := context.WithTimeout(ctx, longest*w.Timeout)
	defer cancel()
	return w.Prober.Probe(ctx, t.Address, w.Timeout)
}

// longest bounds a whole probe, in silences: connecting and logging in are some ten steps.
const longest = 10
