package availability

import (
	"context"
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/spec"
)

// KindRedisSwitchover moves the Redis master on purpose. Unplanned failover is
// Sentinel's own; see [RedisReadiness] for what we check of it.
const KindRedisSwitchover = "redis.switchover"

// Sentinels reads a region's Redis and asks its Sentinels.
type Sentinels interface {
	Redis(cluster string) fact.Redis
	// Look asks every server and every Sentinel now: a server of ours that was just started has no facts,
	// and those that it has may be older than what it did.
	Look(ctx context.Context, cluster string) fact.Redis
	// Failover asks one Sentinel to promote a replica of its choice now.
	Failover(ctx context.Context, cluster string) error
}

// Redis carries out the actions on Redis.
type Redis struct {
	Sentinels Sentinels
	Policy    spec.Redis
	Now       func() time.Time
}

// Kinds returns the kinds of actions, for control.
func (x Redis) Kinds() []control.Kind {
	return []control.Kind{{
		Name: KindRedisSwitchover, MaxAge: time.Minute, Guard: x.guard,
		Steps: []control.Step{
			{Name: "choose", Timeout: 5 * time.Second, Do: x.choose},
			{Name: "move", Timeout: 20 * time.Second, Do: x.move},
			{Name: "verify", Timeout: 30 * time.Second, Do: x.verify},
		},
	}}
}

func (x Redis) ready(cluster string) Readiness {
	return RedisReadiness(x.Sentinels.Redis(cluster), x.Policy, x.Now())
}

func (x Redis) guard(_ context.Context, a control.Action) error {
	args, err := decode[SwitchoverArgs](&control.Run{Action: a})
	if err != nil {
		return err
	}
	if args.Candidate != "" {
		return fmt.Errorf("Sentinel itself chooses who takes over %s; leave the candidate out", args.Cluster) //nolint:staticcheck // a name
	}
	if r := x.ready(args.Cluster); !r.Ready {
		return fmt.Errorf("%s could not move now: %v", args.Cluster, r.Reasons)
	}
	return nil
}

// led returns who leads by the word of all Sentinels that answer now and by its own, or why nobody
// is known to. While a failover is under way they disagree, or it is not a master yet.
func (x Redis) led(ctx context.Context, cluster string) (fact.RedisNode, error) {
	f := x.Sentinels.Look(ctx, cluster)
	named := ""
	for _, s := range f.Sentinels {
		switch {
		case s.Error != "" || s.Seen.IsZero():
			continue
		case named != "" && named != s.Master:
			return fact.RedisNode{}, fmt.Errorf("the Sentinels of %s do not agree on a master yet: %s, %s", cluster, named, s.Master)
		}
		named = s.Master
	}
	for _, n := range f.Nodes {
		if named == "" || n.Address != named {
			continue
		}
		if n.Error != "" || n.Role != "master" {
			return n, fmt.Errorf("the Sentinels of %s name %s, which is no master now: it is %q %s", cluster, n.ID, n.Role, n.Error)
		}
		return n, nil
	}
	return fact.RedisNode{}, fmt.Errorf("no Sentinel of %s names a master that is known: %q", cluster, named)
}

// choose keeps who leads, so that a repeat after a crash does not move it once more.
func (x Redis) choose(ctx context.Context, r *control.Run) (any, error) {
	a, err := decode[SwitchoverArgs](r)
	if err != nil {
		return nil, err
	}
	return retry(ctx, func() (string, error) {
		n, err := x.led(ctx, a.Cluster)
		return n.ID, err
	})
}

// chosenFrom returns the cluster and who led it when the step choose looked.
func chosenFrom(r *control.Run) (cluster, from string, err error) {
	a, err := decode[SwitchoverArgs](r)
	if err != nil {
		return "", "", err
	}
	_, err = r.Result("choose", &from)
	return a.Cluster, from, err
}

// move asks for a failover only while the old master is seen to lead: an earlier life of this step may
// have moved it, or be about to.
func (x Redis) move(ctx context.Context, r *control.Run) (any, error) {
	cluster, from, err := chosenFrom(r)
	if err != nil {
		return nil, err
	}
	return retry(ctx, func() (any, error) {
		n, err := x.led(ctx, cluster)
		if err != nil || n.ID != from {
			return nil, err
		}
		return nil, x.Sentinels.Failover(ctx, cluster)
	})
}

func (x Redis) verify(ctx context.Context, r *control.Run) (any, error) {
	cluster, from, err := chosenFrom(r)
	if err != nil {
		return nil, err
	}
	return retry(ctx, func() (string, error) {
		now := RedisReadiness(x.Sentinels.Look(ctx, cluster), x.Policy, x.Now())
		switch {
		case now.Leader == from || now.Leader == "":
			return "", fmt.Errorf("%s still leads", from)
		case !now.Ready:
			return "", fmt.Errorf("%s leads, but: %v", now.Leader, now.Reasons)
		default:
			return now.Leader, nil
		}
	})
}
