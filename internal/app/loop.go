package app

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/wait"
)

// tick is the longest time between two decisions; a change of facts decides at once.
const tick = 250 * time.Millisecond

// newLag returns the histogram of the loop's lag: bounds that matter are 1 s (goal) and 5 s (floor).
func newLag() prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "fournines_control_loop_lag_seconds",
		Help:    "Time from a change of facts until everything was decided on it and handed to control.",
		Buckets: []float64{.005, .01, .02, .03, .04, .05, .075, .1, .15, .25, .5, 1, 2, 5, 10},
	})
}

// loop is the control loop between two rounds.
type loop struct {
	changed <-chan struct{} // facts that the newest round did not see
	late    time.Time       // begin of that round, where they changed during it
}

// burst is how long a round waits for more, because facts come in bursts.
const burst = 20 * time.Millisecond

// decideRound runs the deciders once, and hands what they want to control.
func (s *ServerApp) decideRound(ctx context.Context) error {
	since := s.loop.since(time.Now())
	if !since.IsZero() {
		wait.Sleep(ctx, burst)
	}
	s.loop.changed = s.Facts.Changed()
	now := time.Now()
	err := s.decideWings(ctx, now)
	if !since.IsZero() {
		s.lag.Observe(time.Since(since).Seconds())
	}
	s.loop.end(now)
	return err
}

// since returns when the facts changed that a round decides on, which begins because they
// did; zero when none has changed. What changed during the round before is taken as old as it.
func (l *loop) since(now time.Time) time.Time {
	if !l.late.IsZero() {
		return l.late
	}
	select {
	case <-l.changed:
		return now
	default:
		return time.Time{}
	}
}

// end notes whether facts have changed during the round that began at a moment.
func (l *loop) end(began time.Time) {
	l.late = time.Time{}
	select {
	case <-l.changed:
		l.late = began
	default:
	}
}

func (s *ServerApp) submit(ctx context.Context, actions []control.Action) {
	for _, a := range actions {
		_, err := s.Control.Submit(ctx, a)
		switch {
		case err == nil || errors.Is(err, control.ErrBusy) || ctx.Err() != nil:
		default:
			s.Log.Error("cannot begin operation", "kind", a.Kind, "subject", a.Subject, "err", err)
		}
	}
}
