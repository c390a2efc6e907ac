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

// The lead moves the way a failover moves it, with what a failover cannot do before: the old
// leader's memory is on disk, clients wait, and a member has all that it has. Then it is ended
// within 0.1 s instead of asked to demote itself, which takes Patroni 3 s while clients wait,
// and it comes back by a rejoin.
func (p Postgres) switchoverKind() control.Kind {
	return control.Kind{
		Name: KindSwitchover, MaxAge: time.Minute, Guard: p.guardSwitchover, Settles: []string{KindFailover},
		Steps: []control.Step{
			{Name: "choose", Timeout: 10 * time.Second, Do: p.choose},
			{Name: "checkpoint", Timeout: checkpointWithin + 5*time.Second, Do: p.checkpoint},
			{Name: "hold", Timeout: 10 * time.Second, Do: p.hold, Undo: p.resumeRoute},
			{Name: "settle", Timeout: 4 * time.Second, Do: p.settle},
			{Name: "fence", Timeout: orderlyWithin, Do: p.fenceOld, Undo: p.unfenceOld},
			{Name: "hand", Timeout: 8 * time.Second, Do: p.hand},
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
	if err := p.unmoved(args.Cluster); err != nil {
		return err
	}
	v, err := p.View(args.Cluster)
	if err != nil {
		return err
	}
	ready := moveReadiness(v, p.Now())
	if v.Cluster.Lock.Standby {
		return fmt.Errorf("%s follows another region and takes no writes, so nothing is gained by another leader there; move the leader of the region that it follows", args.Cluster)
	}
	leader, _ := memberNamed(v.Cluster, v.Cluster.Lock.Leader)
	switch {
	case !ready.Ready:
		return fmt.Errorf("%s could not move now: %v", args.Cluster, ready.Reasons)
	case p.Now().Sub(leader.Seen) > freshMember:
		return fmt.Errorf("%s does not answer%s, so it cannot be moved off on purpose: a leader that is dead is failed over without being asked", leader.ID, since(leader.Seen, p.Now()))
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
	return nil, p.Route.Hold(ctx, a.Cluster, r.Key, held)
}

func (p Postgres) resumeRoute(ctx context.Context, r *control.Run) error {
	a, err := decode[SwitchoverArgs](r)
	if err != nil {
		return err
	}
	return p.Route.Resume(ctx, a.Cluster, r.Key)
}

// switching reads what a step of a switchover needs: its arguments and what was chosen.
func switching(r *control.Run) (a SwitchoverArgs, c chosen, err error) {
	if a, err = decode[SwitchoverArgs](r); err != nil {
		return a, c, err
	}
	_, err = r.Result("choose", &c)
	return a, c, err
}

// checkpointWithin bounds a checkpoint: while it goes on nobody else fails the cluster over.
const checkpointWithin = 15 * time.Second

// checkpoint writes the old leader's memory to its disk while it still works, so that it need
// not recover much when it comes back.
func (p Postgres) checkpoint(ctx context.Context, r *control.Run) (any, error) {
	a, c, err := switching(r)
	if err != nil {
		return nil, err
	}
	if err = p.Members.Checkpoint(ctx, a.Cluster, c.From.Name, checkpointWithin); err != nil {
		err = fmt.Errorf("%s has not written its memory to its disk within %s; it goes on with that, so try again later: %w", c.From.ID, checkpointWithin, err)
	}
	return nil, err
}

// settle waits until the candidate has what the leader had when clients began to wait: with
// asynchronous replication nothing else keeps what they were told.
func (p Postgres) settle(ctx context.Context, r *control.Run) (any, error) {
	a, c, err := switching(r)
	if err != nil {
		return nil, err
	}
	return p.caughtUp(ctx, a.Cluster, c)
}

func (p Postgres) caughtUp(ctx context.Context, cluster string, c chosen) (fact.PostgresMember, error) {
	var reached int64
	return retry(ctx, func() (fact.PostgresMember, error) {
		members := p.lookShortly(ctx, cluster)
		named := func(name string) fact.PostgresMember {
			m, _ := memberNamed(fact.Postgres{Members: members}, name)
			return m
		}
		from, to := named(c.From.Name), named(c.To.Name)
		if reached == 0 {
			reached = from.Received
		}
		switch {
		case from.Error != "" || to.Error != "" || from.Name == "" || to.Name == "":
			return to, fmt.Errorf("%s or %s does not answer: %s%s", c.From.ID, c.To.ID, from.Error, to.Error)
		case from.Role == "replica": // it was moved by an earlier life of this operation, or by somebody else
			return to, nil
		case to.Received < reached:
			return to, fmt.Errorf("%s lacks %d bytes of what %s has", c.To.ID, reached-to.Received, c.From.ID)
		}
		return to, nil
	})
}

// fenceOld ends the old leader while it holds the lock; one that has lost it is left alone.
func (p Postgres) fenceOld(ctx context.Context, r *control.Run) (any, error) {
	a, c, err := switching(r)
	if err != nil {
		return nil, err
	}
	var settled fact.PostgresMember
	if _, err := r.Result("settle", &settled); err != nil {
		return nil, err
	}
	v, err := p.View(a.Cluster)
	if err != nil {
		return nil, err
	}
	if v.Policy.Synchronous == "off" {
		return Proof{}, p.endInOrder(ctx, a, c, settled.Seen, r)
	}
	ctx, cancel := context.WithTimeout(ctx, fenceWithin)
	defer cancel()
	return p.endOld(ctx, a, c, settled.Seen, r)
}

// How long the old leader may take to be ended: by a fence, and in order.
const (
	fenceWithin   = 8 * time.Second
	orderlyWithin = 20 * time.Second
)

// endInOrder lets Patroni end the old leader: where replication is asynchronous only a server that
// is shut down in order sends all that it was told past the edge, and a fence ends it before it has.
// Patroni hands the lock on once the candidate has the shutdown's own record. It takes longer, so
// that a planned switchover without synchronous replication is a longer pause.
func (p Postgres) endInOrder(ctx context.Context, a SwitchoverArgs, c chosen, settled time.Time, r *control.Run) error {
	var asked time.Time
	waits := fmt.Errorf("%s has not handed its lock to %s yet", c.From.ID, c.To.ID)
	_, err := retry(ctx, func() (struct{}, error) {
		var none struct{}
		lock, err := p.Locks.Read(ctx, a.Cluster)
		switch {
		case err != nil:
			return none, err
		case lock.Leader != "" && lock.Leader != c.From.Name:
			return none, nil
		case lock.Leader == "" || p.Now().Sub(asked) < askEvery:
			return none, waits
		}
		if err := p.sure(ctx, a, c, lock, settled, r.Key); err != nil {
			return none, err
		}
		asked = p.Now()
		if err := p.Members.Switchover(ctx, a.Cluster, c.From.Name, c.To.Name); err != nil {
			return none, err
		}
		return none, waits
	})
	if err != nil {
		return err
	}
	lock, err := p.Locks.Read(ctx, a.Cluster)
	if err != nil {
		return err
	}
	return p.ledBy(ctx, a, lock.Leader)
}

// settledFor is how long what settle has seen may be old: a server that was started again in
// between finds clients that do not wait any more.
const settledFor = 3 * time.Second

func (p Postgres) endOld(ctx context.Context, a SwitchoverArgs, c chosen, settled time.Time, r *control.Run) (Proof, error) {
	lock, err := retry(ctx, func() (fact.PostgresLock, error) { return p.Locks.Read(ctx, a.Cluster) })
	if err != nil {
		return Proof{}, err
	}
	// Nobody leads when an earlier life has fenced it, and has been away for longer than a lock lasts.
	if lock.Leader != c.From.Name && lock.Leader != "" {
		return Proof{}, p.ledBy(ctx, a, lock.Leader)
	}
	if lock.Leader != "" {
		if err := p.sure(ctx, a, c, lock, settled, r.Key); err != nil {
			return Proof{}, err
		}
	}
	return p.Fencer.Fence(ctx, Fence{Component: c.From.ID, Epoch: epoch(c.From.Name, r), Reason: r.Reason, Since: p.Now()})
}

// sure looks once more before the old leader is ended: somebody could take its place.
func (p Postgres) sure(ctx context.Context, a SwitchoverArgs, c chosen, lock fact.PostgresLock, settled time.Time, by string) error {
	if p.Now().Sub(settled) > settledFor {
		if err := p.Route.Hold(ctx, a.Cluster, by, held); err != nil {
			return err
		}
		if m, _ := memberNamed(fact.Postgres{Members: p.lookShortly(ctx, a.Cluster)}, c.From.Name); m.Name != "" && m.Error == "" { // else an earlier life has ended it
			if _, err := p.caughtUp(ctx, a.Cluster, c); err != nil {
				return err
			}
		}
	}
	if lock.Paused {
		return errors.New("Patroni is paused, so nobody would take the lead: resume it with patronictl resume") //nolint:staticcheck // a name
	}
	_, err := p.heirNow(ctx, a, lock)
	return err
}

// heirNow asks the members, and judges by what they say.
func (p Postgres) heirNow(ctx context.Context, a SwitchoverArgs, lock fact.PostgresLock) (fact.PostgresMember, error) {
	v, err := p.View(a.Cluster)
	if err != nil {
		return fact.PostgresMember{}, err
	}
	v.Cluster.Lock, v.Cluster.Members = lock, p.lookShortly(ctx, a.Cluster)
	return heir(v, a.Candidate, p.Now())
}

// unfenceOld lets the old leader live again: as the leader while the lock is its own, else as
// one that follows.
func (p Postgres) unfenceOld(ctx context.Context, r *control.Run) error {
	_, c, err := switching(r)
	if err != nil {
		return err
	}
	return p.Fencer.Lift(ctx, c.From.ID, epoch(c.From.Name, r))
}

// ledBy judges a leader that is not the old one.
func (p Postgres) ledBy(ctx context.Context, a SwitchoverArgs, leader string) error {
	m, _ := memberNamed(fact.Postgres{Members: p.Members.Look(ctx, a.Cluster)}, leader)
	if a.Candidate != "" && m.ID != a.Candidate {
		return fmt.Errorf("%s leads %s now, and not %s, which was asked for", leader, a.Cluster, a.Candidate)
	}
	return nil
}

// handed is the outcome of the step hand.
type handed struct {
	To string `json:"to,omitempty"` // component id; empty: the first that has everything takes it
}

// hand gives the lock away. The old leader is proved to be dead: what the others have now is
// all that there is. A member is named only where a person wishes for it: the others wait for
// it then, for 2 s each, and commits wait for one of those.
func (p Postgres) hand(ctx context.Context, r *control.Run) (any, error) {
	a, c, err := switching(r)
	if err != nil {
		return nil, err
	}
	var dead Proof
	if _, err := r.Result("fence", &dead); err != nil {
		return nil, err
	}
	alive := false
	out, err := retry(ctx, func() (handed, error) {
		lock, err := p.Locks.Read(ctx, a.Cluster)
		if err != nil {
			return handed{}, err
		}
		if lock.Leader != c.From.Name {
			return handed{}, nil // by an earlier life of ours, or by its own end
		}
		if alive = dead.By == ""; alive {
			return handed{}, nil
		}
		to, err := p.heirNow(ctx, a, lock)
		if err != nil {
			return handed{}, err
		}
		err = p.Locks.Release(ctx, a.Cluster, c.From.Name, lock.Lease, to.Name)
		if errors.Is(err, ErrLockMoved) {
			err = nil
		}
		return handed{To: to.ID}, err
	})
	if alive {
		return nil, fmt.Errorf("%s leads again, and nobody has proved it dead: its lock stays untouched", c.From.ID)
	}
	return out, err
}

// heir returns the member that the lock of a dead leader is left to: the one that is wished
// for, by its component id. Nobody, and no error, without a wish, when another is ahead of it,
// or when it is not known what each of those has that may lead: then Patroni asks them.
func heir(v PostgresView, wished string, now time.Time) (fact.PostgresMember, error) {
	can, err := successors(v, false, now)
	if err != nil {
		return fact.PostgresMember{}, err
	}
	if _, silent := voters(v, now); len(silent) > 0 {
		return fact.PostgresMember{}, nil
	}
	for _, m := range can {
		if m.ID == wished && m.Received >= can[0].Received {
			return m, nil
		}
	}
	return fact.PostgresMember{}, nil
}

func (p Postgres) verifySwitchover(ctx context.Context, r *control.Run) (any, error) {
	a, c, err := switching(r)
	if err != nil {
		return nil, err
	}
	v, err := p.verifyLeader(ctx, a.Cluster, func(m fact.PostgresMember) bool { return m.Name != c.From.Name && m.Timeline > c.From.Timeline })
	if err == nil && a.Candidate != "" && v.Leader != a.Candidate {
		return v, fmt.Errorf("%s leads %s and takes writes, and not %s, which was asked for: it could not, or it lacked writes that %s has", v.Leader, a.Cluster, a.Candidate, v.Leader)
	}
	return v, err
}
