package availability

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
)

// SwitchoverArgs are the arguments of postgres.switchover.
type SwitchoverArgs struct {
	Cluster   string `json:"cluster"`
	Candidate string `json:"candidate,omitempty"` // component id; empty: the most advanced
}

// held is how long clients may be kept waiting by a planned switchover.
const held = 15 * time.Second

func (p Postgres) switchoverKind() control.Kind {
	return control.Kind{
		Name: KindSwitchover, MaxAge: time.Minute, Guard: p.guardSwitchover,
		Steps: []control.Step{
			{Name: "choose", Timeout: 10 * time.Second, Do: p.choose},
			{Name: "hold", Timeout: 10 * time.Second, Do: p.hold, Undo: p.resumeRoute},
			{Name: "move", Timeout: 20 * time.Second, Do: p.move},
			{Name: "resume", Timeout: 10 * time.Second, Do: func(ctx context.Context, r *control.Run) (any, error) { return nil, p.resumeRoute(ctx, r) }},
			{Name: "verify", Timeout: time.Minute, Do: p.verifySwitchover},
		},
	}
}

func (p Postgres) guardSwitchover(_ context.Context, a control.Action) error {
	args, err := decode[SwitchoverArgs](&control.Run{Action: a})
	if err != nil {
		return err
	}
	v, err := p.View(args.Cluster)
	if err != nil {
		return err
	}
	ready := moveReadiness(v, p.Now())
	if !ready.Ready {
		return fmt.Errorf("%s could not move now: %v", args.Cluster, ready.Reasons)
	}
	if args.Candidate != "" && !slices.Contains(ready.Candidates, args.Candidate) {
		return fmt.Errorf("%s cannot take over %s now; these can: %v", args.Candidate, args.Cluster, ready.Candidates)
	}
	return nil
}

// chosen is the outcome of the step choose. It is kept, so that a repeat after a
// crash moves to the same member and not back again.
type chosen struct {
	From fact.PostgresMember `json:"from"`
	To   fact.PostgresMember `json:"to"`
}

// choose waits for facts: a server that was just started again has none yet.
func (p Postgres) choose(ctx context.Context, r *control.Run) (any, error) {
	a, err := decode[SwitchoverArgs](r)
	if err != nil {
		return nil, err
	}
	return retry(ctx, func() (chosen, error) {
		v, err := p.View(a.Cluster)
		if err != nil {
			return chosen{}, err
		}
		from, _ := memberNamed(v.Cluster, v.Cluster.Lock.Leader)
		for _, m := range candidates(v, p.Now()) {
			if from.Name != "" && (a.Candidate == "" || a.Candidate == m.ID) {
				return chosen{from, m}, nil
			}
		}
		return chosen{}, fmt.Errorf("no candidate for %s now: %v", a.Cluster, moveReadiness(v, p.Now()).Reasons)
	})
}

func (p Postgres) hold(ctx context.Context, r *control.Run) (any, error) {
	a, err := decode[SwitchoverArgs](r)
	if err != nil {
		return nil, err
	}
	return nil, p.Route.Hold(ctx, a.Cluster, held)
}

func (p Postgres) resumeRoute(ctx context.Context, r *control.Run) error {
	a, err := decode[SwitchoverArgs](r)
	if err != nil {
		return err
	}
	return p.Route.Resume(ctx, a.Cluster)
}

func (p Postgres) move(ctx context.Context, r *control.Run) (any, error) {
	a, err := decode[SwitchoverArgs](r)
	if err != nil {
		return nil, err
	}
	var c chosen
	if _, err := r.Result("choose", &c); err != nil {
		return nil, err
	}
	return nil, p.moveTo(ctx, a.Cluster, c)
}

func (p Postgres) moveTo(ctx context.Context, cluster string, c chosen) error {
	leader, err := p.settled(ctx, cluster)
	if err != nil {
		return err
	}
	if leader == c.From.Name {
		refused := p.Members.Switchover(ctx, cluster, c.From.Name, c.To.Name)
		if refused == nil {
			return nil
		}
		// A request by an earlier run of this step may have been carried out since the last look.
		if leader, err = p.settled(ctx, cluster); err != nil || leader == c.From.Name {
			return errors.Join(refused, err)
		}
	}
	if leader != c.To.Name {
		return fmt.Errorf("%q leads now, not %s; nothing was moved", leader, c.From.Name)
	}
	return nil
}

// settling is how long a cluster may have no leader while a switchover is carried out. Longer
// would keep a failover waiting.
const settling = 8 * time.Second

// settled returns who leads. While a switchover is carried out nobody does for a moment: an
// earlier life of the step may have asked for it.
func (p Postgres) settled(ctx context.Context, cluster string) (string, error) {
	ctx, cancel := context.WithTimeout(ctx, settling)
	defer cancel()
	return retry(ctx, func() (string, error) {
		lock, err := p.Locks.Read(ctx, cluster)
		if err == nil && lock.Leader == "" {
			err = fmt.Errorf("no member leads %s", cluster)
		}
		return lock.Leader, err
	})
}

func (p Postgres) verifySwitchover(ctx context.Context, r *control.Run) (any, error) {
	a, err := decode[SwitchoverArgs](r)
	if err != nil {
		return nil, err
	}
	var c chosen
	if _, err := r.Result("choose", &c); err != nil {
		return nil, err
	}
	return p.verifyLeader(ctx, a.Cluster, func(m fact.PostgresMember) bool { return m.Name == c.To.Name && m.Timeline > c.From.Timeline })
}
