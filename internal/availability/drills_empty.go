package availability

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/fact"
)

// backWithin is how long a member without its data may take until it serves again.
const backWithin = 10 * time.Minute

// redisEmptySteps keep two loads apart: what both replicas had before the fault, of which
// nothing may be lost, and what was written while the master changed.
func redisEmptySteps() []drill.Action {
	var kept, cache *drill.Load
	begin := func(ctx context.Context, r *drill.Run, prefix string) (*drill.Load, error) {
		p, err := platform(r)
		if err != nil {
			return nil, err
		}
		l := &drill.Load{Writer: p.Cache(), Prefix: r.Report.ID + prefix, Every: 40 * time.Millisecond, Limit: 2 * time.Second, Worker: 4}
		l.Start(context.WithoutCancel(ctx))
		return l, l.Await(ctx, steady, time.Time{})
	}
	return []drill.Action{
		ready(),
		load(),
		{Name: "fill", Timeout: time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			var err error
			if kept, err = begin(ctx, r, "-kept"); err != nil {
				return "", err
			}
			kept.Stop()
			p, err := platform(r)
			if err != nil {
				return "", err
			}
			n, _ := kept.Acknowledged()
			return fmt.Sprintf("%d keys are on both replicas", n), p.Settle(ctx)
		}},
		{Name: "load cache", Timeout: time.Minute, Do: func(ctx context.Context, r *drill.Run) (_ string, err error) {
			cache, err = begin(ctx, r, "")
			return "", err
		}},
		{Name: "break", Timeout: 40 * time.Second, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			return breakLeader(ctx, r, "redis", "redis-empty", itself)
		}},
		{Name: "failover", Timeout: 2 * time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			return awaitLeader(ctx, r, "redis", false)
		}},
		{Name: "write again", Timeout: time.Minute, Do: func(ctx context.Context, _ *drill.Run) (string, error) {
			return "", cache.Await(ctx, steady/2, time.Now())
		}},
		{Name: "back", Timeout: backWithin, Do: awaitBack},
		heal(),
		{Name: "verify", Timeout: time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			cache.Stop()
			lost, _, err1 := kept.Check(ctx)
			late, _, err2 := cache.Check(ctx)
			if err := errors.Join(err1, err2); err != nil {
				return "", err
			}
			gap, _ := cache.Gap(r.FaultAt)
			n, _ := kept.Acknowledged()
			r.Objective(drill.AtLeast("keys_on_replicas", "count", steady, float64(n)))
			r.Objective(drill.AtMost("keys_lost", "count", 0, float64(len(lost))))
			// Replication is asynchronous: min-replicas-to-write bounds the loss by what one second of writes is.
			r.Objective(drill.AtMost("cache_writes_lost", "count", 100, float64(len(late))))
			r.Objective(drill.AtMost("cache_write_gap", "seconds", failoverBound, gap.Seconds()))
			return verifyWrites(ctx, r, false)
		}},
	}
}

func memberBrokenSteps() []drill.Action {
	const engine = "postgres"
	return []drill.Action{
		ready(),
		load(),
		{Name: "break", Timeout: 40 * time.Second, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			return breakLeader(ctx, r, engine, "postgres-broken", itself)
		}},
		{Name: "failover", Timeout: 2 * time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			return awaitLeader(ctx, r, engine, false)
		}},
		{Name: "write again", Timeout: time.Minute, Do: writeAgain},
		{Name: "back", Timeout: backWithin, Do: awaitBack},
		heal(),
		{Name: "verify", Timeout: time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			return verifyWrites(ctx, r, true)
		}},
	}
}

func etcdEmptySteps() []drill.Action {
	return []drill.Action{
		ready(),
		load(),
		{Name: "break", Timeout: 40 * time.Second, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			return breakLeader(ctx, r, "postgres", "etcd-empty", func(primary string) string { return fact.ZoneOf(primary) + "/etcd" })
		}},
		{Name: "back", Timeout: backWithin, Do: awaitBack},
		{Name: "write again", Timeout: time.Minute, Do: writeAgain},
		heal(),
		{Name: "verify", Timeout: time.Minute, Do: verifyNoFailover},
	}
}

// awaitBack waits until the fault is seen and everything is healthy again, and measures how
// long that took.
func awaitBack(ctx context.Context, r *drill.Run) (string, error) {
	p, err := platform(r)
	if err != nil {
		return "", err
	}
	id, _ := r.Notes["fault"].(string)
	if err := p.Injected(ctx, id); err != nil {
		return "", err
	}
	said, err := awaitHealth(ctx, r)
	if err != nil {
		return "", err
	}
	took := time.Since(r.FaultAt)
	r.Objective(drill.AtMost("member_back", "seconds", backWithin.Seconds(), took.Seconds()))
	return fmt.Sprintf("%s, %.1f s after the fault", said, took.Seconds()), nil
}
