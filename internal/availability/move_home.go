package availability

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/control"
)

// catchUpWithin is how long a region that comes back may take to follow from what it has.
const catchUpWithin = 15 * time.Minute

// followServing turns the home region's cluster into a follower of who serves now, before any of
// its members may start: one of them still believes that it is primary.
func (m Mover) followServing(ctx context.Context, _ *control.Run, a MoveArgs) (any, error) {
	return retry(ctx, func() (struct{}, error) {
		home, err1 := m.led(ctx, a.To)
		away, err2 := m.led(ctx, a.From)
		if err := errors.Join(err1, err2); err != nil || (home && !away) { // an earlier move brought it this far
			return struct{}{}, err
		}
		return struct{}{}, m.Clusters.Follow(ctx, a.To, a.From)
	})
}

func (m Mover) liftRegion(ctx context.Context, _ *control.Run, a MoveArgs) (any, error) {
	return nil, m.liftAll(ctx, a.To, "")
}

// catchUp waits until the home region follows closely enough to be moved into.
func (m Mover) catchUp(ctx context.Context, _ *control.Run, a MoveArgs) (any, error) {
	return retry(ctx, func() (MovePlan, error) {
		p, err := m.plan(KindEvacuate, a) // also of a restore: its region has come back by now
		if err != nil {
			return p, err
		}
		if !p.Ready {
			return p, fmt.Errorf("%s is not ready to take its customers back: %s", a.To, p.WhyNot())
		}
		return p, nil
	})
}
