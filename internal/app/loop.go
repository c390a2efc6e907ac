package app

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/wait"
)

// tick is the longest time between two decisions; a change of facts decides at once.
const tick = 250 * time.Millisecond

// recordEvery bounds how often changes of components become entries.
const recordEvery = 500 * time.Millisecond

// newLag returns the histogram of the loop's lag: bounds that matter are 1 s (goal) and 5 s (floor).
func newLag() prometheus.Histogram {
	return prometheus.NewHistogram(prometheus.HistogramOpts{
		Name:    "fournines_control_loop_lag_seconds",
		Help:    "Time from a change of facts until everything was decided on it and handed to control.",
		Buckets: []float64{.005, .01, .02, .03, .04, .05, .075, .1, .15, .25, .5, 1, 2, 5, 10},
	})
}

// loop runs the deciders whenever facts change, and hands what they want to control.
func (s *ServerApp) loop(ctx context.Context) {
	var recorded, since time.Time
	for ctx.Err() == nil {
		changed := s.Facts.Changed()
		now := time.Now()
		for region, r := range s.regions {
			moving, err := s.moving(region)
			if moving && err == nil { // nobody else decides about its databases meanwhile
				continue
			}
			view, err2 := s.PostgresView(place.Cluster(region, place.Postgres))
			if err := errors.Join(err, err2); err != nil {
				s.Log.Error("nothing is decided about a region's databases: the state cannot be read", "region", region, "err", err)
				continue
			}
			s.submit(ctx, availability.DecidePostgres(view, now))
			if r.layout.Partner(r.spec).Name != "" {
				s.submit(ctx, availability.DecideReserve(region, view, now))
			}
		}
		s.decideWings(ctx, now)
		if !since.IsZero() {
			s.lag.Observe(time.Since(since).Seconds())
		}
		if now.Sub(recorded) >= recordEvery {
			recorded = now
			s.recordChanges(ctx, now)
		}
		since = awaitChange(ctx, changed, now)
	}
}

// awaitChange returns when the next round is due, and when the facts changed that it decides on:
// zero when none did. What changed during the round before is taken as old as that round.
func awaitChange(ctx context.Context, changed <-chan struct{}, round time.Time) time.Time {
	since := round
	select {
	case <-changed:
	default:
		select {
		case <-ctx.Done():
			return time.Time{}
		case <-time.After(tick):
			return time.Time{}
		case <-changed:
			since = time.Now()
		}
	}
	wait.Sleep(ctx, 20*time.Millisecond) // at most one round each 20 ms: facts come in bursts
	return since
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
