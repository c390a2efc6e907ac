package availability

import (
	"context"
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
	ready := PostgresReadiness(p.View(args.Cluster), p.Now())
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
		v := p.View(a.Cluster)
		from, _ := memberNamed(v.Cluster, v.Cluster.Lock.Leader)
		for _, m := range candidates(v, p.Now()) {
			if from.Name != "" && (a.Candidate == "" || a.Candidate == m.ID) {
				return chosen{from, m}, nil
			}
		}
		return chosen{}, fmt.Errorf("no candidate for %s now: %v", a.Cluster, PostgresReadiness(v, p.Now()).Reasons)
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
	lock, err := p.Locks.Read(ctx, a.Cluster)
	if err != nil {
		return nil, err
	}
	if lock.Leader == c.To.Name { // an earlier life of this step has moved it
		return nil, nil
	}
	if lock.Leader != c.From.Name {
		return nil, fmt.Errorf("%q leads by now, not %s; nothing was moved", lock.Leader, c.From.Name)
	}
	return nil, p.Members.Switchover(ctx, a.Cluster, c.From.Name, c.To.Name)
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
