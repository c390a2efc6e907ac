package availability

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
)

// The kinds of actions on PostgreSQL.
const (
	KindFailover   = "postgres.failover"
	KindRejoin     = "postgres.rejoin"
	KindSwitchover = "postgres.switchover"
)

// Fencer keeps components dead.
type Fencer interface {
	// Fence returns once no process of the component is left and its sessions at the
	// edge are cut, with what proves it. Repeating it with the same epoch is harmless.
	Fence(ctx context.Context, f Fence) (Proof, error)
	// Lift lets the component run again.
	Lift(ctx context.Context, component, epoch string) error
}

// Proof says which observer saw the component dead.
type Proof struct {
	By string    `json:"by"` // node REGION/ZONE, or the host that switched it off
	At time.Time `json:"at"`
}

// Locks reads and takes the leader key in the region's etcd.
type Locks interface {
	Read(ctx context.Context, cluster string) (fact.PostgresLock, error)
	// Release takes the key from leader if it is still held under that lease;
	// otherwise the error is ErrLockMoved. The member to takes it next, if it can; where it
	// is empty, one that has everything does.
	Release(ctx context.Context, cluster, leader string, lease int64, to string) error
}

// ErrLockMoved means that the leader key is not held as it was seen.
var ErrLockMoved = errors.New("the leader key has moved")

// Members reads and moves the members of a cluster.
type Members interface {
	Look(ctx context.Context, cluster string) []fact.PostgresMember
	Switchover(ctx context.Context, cluster, leader, candidate string) error
	// Checkpoint returns once a member has written to its disk what it has in memory; an error
	// when that takes longer than within.
	Checkpoint(ctx context.Context, cluster, member string, within time.Duration) error
	// Reclone makes a member forget its data and copy the leader's.
	Reclone(ctx context.Context, cluster, member string) error
}

// Route is the path of clients: the edge's listener of the cluster.
type Route interface {
	// Write commits a write the way a client does.
	Write(ctx context.Context, cluster string) error
	// Hold lets new work of clients wait instead of fail, for at most d. It is the operation's
	// by, and Resume ends the hold of that one: what another operation holds stays held.
	Hold(ctx context.Context, cluster, by string, d time.Duration) error
	Resume(ctx context.Context, cluster, by string) error
}

// Postgres carries out the actions on PostgreSQL clusters.
type Postgres struct {
	Fencer  Fencer
	Locks   Locks
	Members Members
	Route   Route
	View    func(cluster string) (PostgresView, error) // the newest facts, and what is wished for
	Moving  func(cluster string) (string, error)       // why its region is nobody else's to decide about: it is fenced, or customers move from or to it; empty: neither; nil: never
	Now     func() time.Time
}

// Kinds returns the kinds of actions, for control.
func (p Postgres) Kinds() []control.Kind {
	return []control.Kind{
		{
			Name: KindFailover, MaxAge: 2 * time.Minute, Guard: p.guardFailover, Still: p.stillFailover, Settles: []string{KindSwitchover},
			Steps: []control.Step{
				{Name: "fence", Timeout: 8 * time.Second, Do: p.fence, Undo: p.unfence},
				{Name: "check", Timeout: 8 * time.Second, Do: p.check},
				{Name: "release", Timeout: 8 * time.Second, Do: p.release},
				{Name: "verify", Timeout: time.Minute, Do: p.verify},
			},
		},
		{
			Name: KindRejoin, Settles: []string{KindReclone},
			Steps: []control.Step{
				{Name: "lift", Timeout: 10 * time.Second, Do: p.lift},
				{Name: "follow", Timeout: 3 * time.Minute, Do: p.follow},
			},
		},
		p.recloneKind(),
		p.switchoverKind(),
	}
}

// unmoved refuses while the cluster's region is fenced, or customers move from or to it.
func (p Postgres) unmoved(cluster string) error {
	if p.Moving == nil {
		return nil
	}
	why, err := p.Moving(cluster)
	if err == nil && why != "" {
		err = fmt.Errorf("%s is not to be moved now: %s", cluster, why)
	}
	return err
}

// guardFailover looks once more, with the newest facts, before anything is touched.
func (p Postgres) guardFailover(_ context.Context, a control.Action) error {
	args, err := decode[FailoverArgs](&control.Run{Action: a})
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
	if _, err := successors(v, args.Full, p.Now()); err != nil {
		return fmt.Errorf("%s: %w", args.Cluster, err)
	}
	return nil
}

// stillFailover asks whether the reason of a failover stands that waits for a person.
func (p Postgres) stillFailover(_ context.Context, a control.Action) error {
	args, err := decode[FailoverArgs](&control.Run{Action: a})
	if err != nil {
		return err
	}
	v, err := p.View(args.Cluster)
	if err != nil {
		return err
	}
	return stillFailover(args, v, p.Now())
}

func decode[T any](r *control.Run) (T, error) {
	var v T
	err := r.Decode(&v)
	return v, err
}

// epoch names the fence that an operation lays around a member. Each demand has a name of its own,
// because a proof names what it proves: one that was lifted a moment ago proves nothing of the
// next. It is short, since it is part of other keys.
func epoch(member string, r *control.Run) string {
	sum := sha256.Sum256([]byte(r.Key))
	return member + "-" + hex.EncodeToString(sum[:6])
}

func (p Postgres) fence(ctx context.Context, r *control.Run) (any, error) {
	a, err := decode[FailoverArgs](r)
	if err != nil {
		return nil, err
	}
	return p.Fencer.Fence(ctx, Fence{Component: a.Component, Epoch: epoch(a.Member, r), Reason: r.Reason, Since: a.Suspected})
}

// unfence gives the old primary back its life while it still holds its lock. If the
// lock is gone somebody else may lead, and it comes back as a follower: also right.
func (p Postgres) unfence(ctx context.Context, r *control.Run) error {
	a, err := decode[FailoverArgs](r)
	if err != nil {
		return err
	}
	return p.Fencer.Lift(ctx, a.Component, epoch(a.Member, r))
}

// checked is the outcome of the step check.
type checked struct {
	Candidates []string `json:"candidates"`
	Lease      int64    `json:"lease,omitempty"` // under which the fenced member holds the lock
	Moved      bool     `json:"moved,omitempty"` // the lock has left the old leader already
}

// check holds the lock against what was suspected, from etcd itself, and makes sure
// that a member with every acknowledged write answers now. The lease may be a newer one
// than was suspected: a Patroni that was started again takes its own lock back before the
// fence reaches it. Since the fence is proved, it cannot do so any more.
func (p Postgres) check(ctx context.Context, r *control.Run) (any, error) {
	a, err := decode[FailoverArgs](r)
	if err != nil {
		return nil, err
	}
	lock, err := retry(ctx, func() (fact.PostgresLock, error) { return p.Locks.Read(ctx, a.Cluster) })
	if err != nil {
		return nil, err
	}
	if lock.Leader != a.Member {
		return checked{Moved: true}, nil
	}
	v, err := p.View(a.Cluster)
	if err != nil {
		return nil, err
	}
	v.Cluster.Lock, v.Cluster.Members = lock, p.lookShortly(ctx, a.Cluster)
	can, err := successors(v, a.Full, p.Now())
	if err != nil {
		v.Cluster.Members = p.Members.Look(ctx, a.Cluster)
		can, err = successors(v, a.Full, p.Now())
	}
	if err != nil {
		return nil, err
	}
	var names []string
	for _, c := range can {
		names = append(names, c.ID)
	}
	return checked{Candidates: names, Lease: lock.Lease}, nil
}

// lookShortly does not wait for a member that is cut off: one that answers is enough.
func (p Postgres) lookShortly(ctx context.Context, cluster string) []fact.PostgresMember {
	ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	return p.Members.Look(ctx, cluster)
}

func (p Postgres) release(ctx context.Context, r *control.Run) (any, error) {
	a, err := decode[FailoverArgs](r)
	if err != nil {
		return nil, err
	}
	var c checked
	if _, err := r.Result("check", &c); err != nil || c.Moved {
		return nil, err
	}
	_, err = retry(ctx, func() (struct{}, error) {
		err := p.Locks.Release(ctx, a.Cluster, a.Member, c.Lease, "")
		if errors.Is(err, ErrLockMoved) {
			return struct{}{}, nil // by an earlier life of ours, or by its own end: either is what we want
		}
		return struct{}{}, err
	})
	return nil, err
}

// Verified is the outcome of a verification: the member that leads now.
type Verified struct {
	Leader   string    `json:"leader"`
	Timeline int       `json:"timeline"`
	WroteAt  time.Time `json:"wrote_at"` // first write committed through the edge
}

func (p Postgres) verify(ctx context.Context, r *control.Run) (any, error) {
	a, err := decode[FailoverArgs](r)
	if err != nil {
		return nil, err
	}
	return p.verifyLeader(ctx, a.Cluster, func(m fact.PostgresMember) bool { return m.Name != a.Member && m.Timeline > a.Timeline })
}

// verifyLeader waits until a member that is accepted leads by its own word and by the
// lock, and a write through the edge has committed.
func (p Postgres) verifyLeader(ctx context.Context, cluster string, accept func(fact.PostgresMember) bool) (Verified, error) {
	return retry(ctx, func() (Verified, error) {
		lock, err := p.Locks.Read(ctx, cluster)
		if err != nil {
			return Verified{}, err
		}
		for _, m := range p.lookShortly(ctx, cluster) {
			if m.Name != lock.Leader || m.Role != "primary" || m.State != "running" || !accept(m) {
				continue
			}
			if err := p.Route.Write(ctx, cluster); err != nil {
				return Verified{}, fmt.Errorf("%s leads, but no write gets through the edge: %w", m.ID, err)
			}
			return Verified{m.ID, m.Timeline, p.Now()}, nil
		}
		return Verified{}, errors.New("no new primary yet")
	})
}

func (p Postgres) lift(ctx context.Context, r *control.Run) (any, error) {
	a, err := decode[RejoinArgs](r)
	if err != nil {
		return nil, err
	}
	return nil, p.Fencer.Lift(ctx, a.Component, a.Epoch)
}

// follow waits until the member streams from the leader, on its timeline. A rejoin gives one
// up that cannot start from what it has, so that it gets a new copy.
func (p Postgres) follow(ctx context.Context, r *control.Run) (any, error) {
	a, err := decode[RejoinArgs](r)
	if err != nil {
		return nil, err
	}
	broken := false
	m, err := retry(ctx, func() (fact.PostgresMember, error) {
		if broken = r.Kind == KindRejoin && p.broken(a); broken {
			return fact.PostgresMember{}, nil
		}
		members := p.Members.Look(ctx, a.Cluster)
		i := slices.IndexFunc(members, func(m fact.PostgresMember) bool { return m.Name == a.Member })
		l := slices.IndexFunc(members, func(m fact.PostgresMember) bool { return m.Role == "primary" || m.Role == "standby_leader" })
		switch {
		case i < 0 || l < 0:
			return fact.PostgresMember{}, errors.New("the cluster has no leader now")
		case i == l: // it leads again: it follows nobody, and that is well too
			return members[i], nil
		case r.Kind == KindReclone && p.unable(a):
			return fact.PostgresMember{}, fmt.Errorf("%s has no new copy yet", a.Component)
		case members[i].State != "streaming" || members[i].Timeline != members[l].Timeline:
			return fact.PostgresMember{}, fmt.Errorf("%s is %q on timeline %d, the primary on %d", a.Component, members[i].State, members[i].Timeline, members[l].Timeline)
		}
		return members[i], nil
	})
	if broken {
		return nil, fmt.Errorf("%s cannot start from what it has: it needs a new copy", a.Component)
	}
	return m, err
}

// retryPause is the time between two looks while waiting for an effect.
const retryPause = 50 * time.Millisecond

// retry repeats f until it succeeds or ctx ends; then it says why f did not.
func retry[T any](ctx context.Context, f func() (T, error)) (T, error) {
	for {
		v, err := f()
		if err == nil {
			return v, nil
		}
		t := time.NewTimer(retryPause)
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return v, fmt.Errorf("%w (%w)", err, ctx.Err())
		}
	}
}
