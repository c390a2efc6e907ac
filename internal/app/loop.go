package app

import (
	"context"
	"errors"
	"time"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/chaos"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/state"
)

// tick is the longest time between two decisions; a change of facts decides at once.
const tick = 250 * time.Millisecond

// recordEvery bounds how often changes of components become entries.
const recordEvery = 500 * time.Millisecond

// loop runs the deciders whenever facts change, and hands what they want to control.
func (s *ServerApp) loop(ctx context.Context) {
	recorded := time.Time{}
	for ctx.Err() == nil {
		changed := s.Facts.Changed()
		now := time.Now()
		for region, r := range s.regions {
			if s.moving(region) { // nobody else decides about its databases meanwhile
				continue
			}
			view := s.PostgresView(Cluster(region, Postgres))
			s.submit(ctx, availability.DecidePostgres(view, now))
			if r.layout.Partner(r.spec).Name != "" {
				s.submit(ctx, availability.DecideReserve(region, view, now))
			}
		}
		s.endFaults(ctx, now)
		if now.Sub(recorded) >= recordEvery {
			recorded = now
			s.recordChanges(ctx, now)
		}
		select {
		case <-ctx.Done():
		case <-changed:
			// At most one round each 20 ms: facts come in bursts.
			sleep(ctx, 20*time.Millisecond)
		case <-time.After(tick):
		}
	}
}

func sleep(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
	case <-t.C:
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

// endFaults records the faults that are over and left no trace.
func (s *ServerApp) endFaults(ctx context.Context, now time.Time) {
	faults, err := s.activeFaults()
	if err != nil || len(faults) == 0 {
		return
	}
	if entries := chaos.End(faults, field{s}.left, now); len(entries) > 0 {
		if _, err := s.State.Append(ctx, entries...); err != nil && ctx.Err() == nil {
			s.Log.Error("cannot record the end of a fault", "err", err)
		}
	}
}

func (s *ServerApp) allFaults() ([]chaos.Fault, error) {
	return state.List[chaos.Fault](s.State, chaos.Prefix)
}

func (s *ServerApp) activeFaults() ([]chaos.Fault, error) {
	all, err := s.allFaults()
	var out []chaos.Fault
	for _, f := range all {
		if f.State != chaos.Ended {
			out = append(out, f)
		}
	}
	return out, err
}
