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

// KindRecopy copies a standby cluster anew from its partner region's, which has outrun it
// (rows 7.1.4, 7.1.9).
const KindRecopy = "postgres.recopy"

// RecopyArgs are its arguments.
type RecopyArgs struct {
	Home string `json:"home"`
	From string `json:"from"` // region that serves
	To   string `json:"to"`   // region whose cluster is copied anew
}

// Copies copies data between regions.
type Copies interface {
	// WAL asks the leader of a region's cluster for what it has; an error where it takes no writes.
	WAL(ctx context.Context, region string) (fact.PostgresWAL, error)
	// CopyFrom makes a member of a region's cluster forget its data and copy those of another
	// region's primary.
	CopyFrom(ctx context.Context, region, member, of string) error
}

// outrunFor is how long a standby cluster must be outrun before it is copied anew.
const outrunFor = 10 * time.Second

// DecideRecopy returns the action that a standby cluster needs that cannot follow from what it
// has: only while the other region serves, and nobody moves customers.
func DecideRecopy(v MoveView, now time.Time) []control.Action {
	why := whyNotRecopy(v, now)
	_, next := copiesOf(v.Last, KindRecopy, HomeSubject(v.Home), now)
	if why != nil || v.Busy != "" || v.Source.WAL.Outrun.IsZero() || now.Sub(v.Source.WAL.Outrun) < outrunFor || !next.IsZero() {
		return nil
	}
	key, wait := rejoinKey(v.Last, Key("recopy", postgresOf(v.To)), now)
	if wait {
		return nil
	}
	a, err := control.NewAction(key, KindRecopy, HomeSubject(v.Home), RecopyArgs{v.Home, v.From, v.To})
	if err != nil {
		return nil
	}
	a.Actor, a.Reason = "system:availability", Outrun(v.Source, v.Target, now)
	return []control.Action{a}
}

// whyNotRecopy says why a standby cluster is not to be copied anew now.
func whyNotRecopy(v MoveView, now time.Time) error {
	source, leads := memberNamed(v.Source, v.Source.Lock.Leader)
	switch {
	case Outrun(v.Source, v.Target, now) == "":
		return fmt.Errorf("%s can follow from what it has, or leads, or nobody knows", postgresOf(v.To))
	case v.From == v.To || v.Fenced.Fenced != "" || v.Waits.Fenced != "":
		return fmt.Errorf("%s or %s is fenced, or it is the same region", v.From, v.To)
	case !leads || source.Role != "primary" || now.Sub(source.Seen) > freshMember:
		return fmt.Errorf("%s has no primary that answers", postgresOf(v.From))
	case v.Target.Lock.Paused:
		return fmt.Errorf("patroni of %s is paused: resume it with patronictl resume", postgresOf(v.To))
	}
	if apart := LinkTrouble(v.There, v.Back, now); apart != "" {
		return errors.New(apart)
	}
	return nil
}

func (m Mover) recopyKind() control.Kind {
	do := func(f func(context.Context, string, string) (any, error)) func(context.Context, *control.Run) (any, error) {
		return func(ctx context.Context, r *control.Run) (any, error) {
			a, err := decode[RecopyArgs](r)
			if err != nil {
				return nil, err
			}
			return f(ctx, a.From, a.To)
		}
	}
	return control.Kind{
		Name: KindRecopy, Guard: m.guardRecopy,
		Steps: []control.Step{
			{Name: "copy", Timeout: copyWithin, Do: do(m.copyFirst)},
			{Name: "lead", Timeout: 3 * time.Minute, Do: do(m.leadCopied)},
			{Name: "follow", Timeout: copyWithin, Do: do(func(ctx context.Context, from, to string) (any, error) {
				return m.copyOthers(ctx, from, to, true, true)
			})},
		},
	}
}

// copyWithin bounds a copy of all data.
const copyWithin = 2 * time.Hour

// guardRecopy looks once more: data is about to be removed.
func (m Mover) guardRecopy(_ context.Context, a control.Action) error {
	args, err := decode[RecopyArgs](&control.Run{Action: a})
	if err != nil {
		return err
	}
	v, err := m.MoveView(args.Home, args.To)
	if err != nil {
		return err
	}
	if v.From != args.From {
		return fmt.Errorf("%s is served by %s by now", args.Home, v.From)
	}
	return whyNotRecopy(v, m.Now())
}

// copied is what a standby cluster and whom it follows look like, during a copy.
type copied struct {
	lock    fact.PostgresLock
	members []fact.PostgresMember
	oldest  int64 // position that the other region's primary still has
}

// leader returns the member that leads.
func (c copied) leader() fact.PostgresMember {
	l, _ := memberNamed(fact.Postgres{Members: c.members}, c.lock.Leader)
	return l
}

// fresh returns the member that could follow the other region from what it has: the leader
// before others, and the furthest of these.
func (c copied) fresh() (out fact.PostgresMember, found bool) {
	for _, m := range c.members {
		if m.Error != "" || !follows(m.State) || position(m) == 0 || outruns(c.oldest, m) {
			continue
		}
		if !found || m.Name == c.lock.Leader || out.Name != c.lock.Leader && position(m) > position(out) {
			out, found = m, true
		}
	}
	return out, found
}

// copying returns a member that copies now, or starts from a copy.
func (c copied) copying() (fact.PostgresMember, bool) {
	i := slices.IndexFunc(c.members, func(m fact.PostgresMember) bool {
		return m.Error == "" && (m.State == "creating replica" || m.State == "starting" || m.State == "restarting")
	})
	if i < 0 {
		return fact.PostgresMember{}, false
	}
	return c.members[i], true
}

// first returns the member to copy first: one that does not lead, so that what the cluster has
// stays until there is something better. One that is alone has no choice.
func (c copied) first() (fact.PostgresMember, error) {
	for _, m := range c.members {
		if m.Error == "" && (m.Name != c.lock.Leader || len(c.members) == 1) {
			return m, nil
		}
	}
	return fact.PostgresMember{}, errors.New("no member but its leader answers")
}

// errGivenUp ends a wait that another look would not help.
var errGivenUp = errors.New("given up")

// Between two requests to the same member Patroni has time to begin. unseenFor is how long the
// other region may not be seen to serve.
const (
	askEvery  = 15 * time.Second
	unseenFor = 15 * time.Second
)

// watchCopy looks at the standby cluster of to again and again until f is content. It gives up
// when from is not seen to serve for a while, so that customers can be moved, and at once when
// to leads.
func (m Mover) watchCopy(ctx context.Context, from, to string, f func(copied) (any, error)) (any, error) {
	served := m.Now()
	var gaveUp error
	out, err := retry(ctx, func() (any, error) {
		var c copied
		wal, err := m.Copies.WAL(ctx, from)
		if err == nil {
			served = m.Now()
			if c.lock, err = m.Locks.Read(ctx, postgresOf(to)); err == nil && !c.lock.Standby {
				gaveUp = fmt.Errorf("%s leads by now: nothing of it is removed", postgresOf(to))
				return "", nil
			}
		}
		if err == nil {
			c.members, c.oldest = m.Members.Look(ctx, postgresOf(to)), wal.Oldest
			var v any
			if v, err = f(c); err == nil {
				return v, nil
			}
		}
		if errors.Is(err, errGivenUp) || m.Now().Sub(served) > unseenFor {
			gaveUp = err
			return "", nil
		}
		return nil, err
	})
	if gaveUp != nil {
		return nil, gaveUp
	}
	return out, err
}

// copyFirst gives one member a copy of the other region's primary.
func (m Mover) copyFirst(ctx context.Context, from, to string) (any, error) {
	begun, asked := m.Now(), time.Time{}
	return m.watchCopy(ctx, from, to, func(c copied) (any, error) {
		if has, ok := c.fresh(); ok {
			return has, nil
		}
		if busy, ok := c.copying(); ok {
			asked = m.Now() // between its copy and its start it does neither for a moment
			return nil, fmt.Errorf("%s copies %s: it is %s", busy.ID, postgresOf(from), busy.State)
		}
		next, err := c.first()
		if err != nil || m.Now().Sub(asked) < askEvery || !follows(next.State) && m.Now().Sub(begun) < askEvery {
			return nil, errors.Join(err, fmt.Errorf("no member of %s has a copy of %s yet", postgresOf(to), postgresOf(from)))
		}
		if err := m.Copies.CopyFrom(ctx, to, next.Name, from); err != nil {
			return nil, err
		}
		asked = m.Now()
		return nil, fmt.Errorf("%s has not begun to copy", next.ID)
	})
}

// leadCopied makes the member that has the copy lead the others, and waits until it streams from
// the other region.
func (m Mover) leadCopied(ctx context.Context, from, to string) (any, error) {
	asked := time.Time{}
	return m.watchCopy(ctx, from, to, func(c copied) (any, error) {
		has, ok := c.fresh()
		switch {
		case !ok:
			return nil, fmt.Errorf("%w: no member of %s can follow %s any more", errGivenUp, postgresOf(to), from)
		case has.Name == c.lock.Leader && streams(c.oldest, has):
			return has, nil
		case has.Name == c.lock.Leader:
			return nil, fmt.Errorf("%s leads and does not stream yet: it is %s", has.ID, has.State)
		case c.leader().Name == "" || m.Now().Sub(asked) < askEvery:
			return nil, fmt.Errorf("%s has the copy and does not lead yet", has.ID)
		}
		if err := m.Members.Switchover(ctx, postgresOf(to), c.lock.Leader, has.Name); err != nil {
			return nil, err
		}
		asked = m.Now()
		return nil, fmt.Errorf("%s is asked to lead", has.ID)
	})
}

// skippedAfter is how long a member may be silent before the others are enough: it gets its copy
// when it comes back, by an action of its own.
const skippedAfter = time.Minute

// How long a member may take to stream from a leader that does. One that lacks what is gone
// before it is consistent starts for ever, and tells no position; neither does one that
// recovers. Beside a leader that was just copied that is decided sooner.
const (
	lateAnew = 20 * time.Second
	lateElse = 5 * time.Minute
)

// copyOthers gives those a copy of the leader that cannot follow it: at once those that lack what
// the other region has no more, where the leader was copied anew, and others once they are late.
// skip leaves out who is silent.
func (m Mover) copyOthers(ctx context.Context, from, to string, anew, skip bool) (any, error) {
	asked, silent, late := map[string]time.Time{}, map[string]time.Time{}, lateElse
	if anew {
		late = lateAnew
	}
	var led time.Time // since when the leader streams
	var reached int64 // by the leader, when it was first seen: who follows has that, too
	return m.watchCopy(ctx, from, to, func(c copied) (any, error) {
		leader := c.leader()
		if !streams(c.oldest, leader) {
			return nil, fmt.Errorf("the leader of %s does not stream from %s", postgresOf(to), from)
		}
		if reached == 0 {
			reached, led = position(leader), m.Now()
		}
		var errs []error
		for _, x := range c.members {
			if x.Name == leader.Name || streams(reached, x) {
				continue
			}
			if x.Error == "" {
				delete(silent, x.Name)
			} else if silent[x.Name].IsZero() {
				silent[x.Name] = m.Now()
			}
			if at := silent[x.Name]; skip && !at.IsZero() && m.Now().Sub(at) > skippedAfter {
				continue
			} else if !at.IsZero() && m.Now().Sub(at) > catchUpWithin {
				return nil, fmt.Errorf("%w: %s does not answer: %s", errGivenUp, x.ID, x.Error)
			}
			errs = append(errs, fmt.Errorf("%s is %s", x.ID, orUnknown(x.State)))
			unable := anew && outruns(c.oldest, x) || m.Now().Sub(led) > late || m.broken(RejoinArgs{Cluster: postgresOf(to), Member: x.Name})
			again := askEvery
			if x.Error != "" { // one that starts for ever is slow to tell of itself, and still does as it is asked
				again = lateElse
				unable = unable && m.Now().Sub(silent[x.Name]) > late
			}
			if x.State != "creating replica" && unable && m.Now().Sub(asked[x.Name]) > again {
				asked[x.Name] = m.Now()
				errs = append(errs, m.Members.Reclone(ctx, postgresOf(to), x.Name))
			}
		}
		return c.members, errors.Join(errs...)
	})
}

// recopied brings a region's cluster to follow, by a new copy where it needs one: for a
// restore, whose region may have been away for long.
func (m Mover) recopied(ctx context.Context, _ *control.Run, a MoveArgs) (any, error) {
	short, cancel := context.WithTimeout(ctx, catchUpWithin)
	defer cancel()
	led := false
	needs, err := retry(short, func() (bool, error) {
		v, err := m.MoveView(a.Home, a.To)
		if err != nil {
			return false, err
		}
		leader, leads := memberNamed(v.Target, v.Target.Lock.Leader)
		led = !v.Target.Lock.Standby && v.Source.Lock.Standby // an earlier move came further
		switch why := Outrun(v.Source, v.Target, m.Now()); {
		case why != "":
			return true, nil
		case led || leads && keepsUp(v.Source, leader, m.Now()):
			return false, nil
		}
		return false, fmt.Errorf("%s does not stream from %s: its leader is %s", postgresOf(a.To), a.From, orUnknown(leader.State))
	})
	if err != nil || led {
		return nil, err
	}
	if needs {
		for _, step := range []func(context.Context, string, string) (any, error){m.copyFirst, m.leadCopied} {
			if _, err := step(ctx, a.From, a.To); err != nil {
				return nil, err
			}
		}
	}
	return m.copyOthers(ctx, a.From, a.To, needs, false) // an earlier life may have come as far as the leader
}
