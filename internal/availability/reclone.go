package availability

import (
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
)

// KindReclone gives a member of a PostgreSQL cluster a new copy of the leader's data: what it
// has is damaged, or has left the leader's history where nothing leads back (row 7.1.4).
const KindReclone = "postgres.reclone"

const (
	// recloneAfter is how long a member must fail to start, again and again, or lack what it needs
	// to follow. Recovery after a crash, however long, does not fail.
	recloneAfter = 30 * time.Second
)

// Copies within an hour are bounded: one that fails again and again is no matter of copies, and
// neither is what breaks a fresh copy each time, though that takes longer to say.
const (
	mostFailedCopies = 3
	mostCopies       = 12
)

// copiesOf counts a subject's tries of a kind within an hour, and says when one is allowed again;
// zero: now.
func copiesOf(last []control.Operation, kind, subject string, now time.Time) (tries int, next time.Time) {
	var all, failed []time.Time
	for _, o := range last {
		if o.Kind != kind || o.Subject != subject || o.State == control.Refused || now.Sub(o.Begun) >= time.Hour {
			continue
		}
		all = append(all, o.Begun)
		if o.Finished() && o.State != control.Succeeded {
			failed = append(failed, o.Begun)
		}
	}
	for _, bound := range []struct {
		begun []time.Time
		most  int
	}{{all, mostCopies}, {failed, mostFailedCopies}} {
		slices.SortFunc(bound.begun, time.Time.Compare)
		if n := len(bound.begun) - bound.most; n >= 0 && bound.begun[n].Add(time.Hour).After(next) {
			next = bound.begun[n].Add(time.Hour)
		}
	}
	return len(all), next
}

// BrokenSince says since when a member cannot follow from what it has, from what was known before and what it
// says now. One that needs what its leader has no more cannot follow either; oldest is the
// oldest position of that one, 0 where it is unknown.
func BrokenSince(before time.Time, m fact.PostgresMember, oldest int64, now time.Time) time.Time {
	switch {
	case m.State == "start failed", m.State == "crashed", outruns(oldest, m) && stuck(m, now):
		if before.IsZero() {
			return now
		}
	case follows(m.State), m.State == "creating replica":
		return time.Time{}
	}
	return before // it starts, or stops: that decides nothing
}

// broken tells whether a member has failed to start for so long that it needs a new copy.
func (p Postgres) broken(a RejoinArgs) bool {
	v, err := p.View(a.Cluster)
	if err != nil {
		return false // what cannot be read is no reason to give up
	}
	m, _ := memberNamed(v.Cluster, a.Member)
	return !m.Broken.IsZero() && p.Now().Sub(m.Broken) >= recloneAfter
}

// unable tells whether a member is known to be unable to follow from what it has, whatever it
// says of itself: one that needs what is gone streams for a moment, again and again.
func (p Postgres) unable(a RejoinArgs) bool {
	v, err := p.View(a.Cluster)
	m, _ := memberNamed(v.Cluster, a.Member)
	return err != nil || !m.Broken.IsZero()
}

// decideReclone copies the leader anew to one member that cannot start.
func decideReclone(v PostgresView, now time.Time) []control.Action {
	leader, known := memberNamed(v.Cluster, v.Cluster.Lock.Leader)
	if !known || v.Cluster.Lock.Paused || leader.State != "running" && leader.State != "streaming" || now.Sub(leader.Seen) > freshMember {
		return nil
	}
	for _, m := range v.Cluster.Members {
		if m.Broken.IsZero() || now.Sub(m.Broken) < recloneAfter || m.Name == leader.Name || v.Fences[m.ID].Component != "" || now.Sub(m.Seen) > freshMember {
			continue
		}
		key, wait := rejoinKey(v.Last, Key("reclone", m.ID), now)
		if _, next := copiesOf(v.Last, KindReclone, m.ID, now); wait || !next.IsZero() {
			continue
		}
		a, err := control.NewAction(key, KindReclone, m.ID, RejoinArgs{Cluster: v.Cluster.Cluster, Member: m.Name, Component: m.ID})
		if err != nil {
			continue
		}
		a.Actor = "system:availability"
		a.Reason = fmt.Sprintf("%s has failed to start again and again for %.0f s; %s has the data", m.ID, now.Sub(m.Broken).Seconds(), leader.ID)
		if follows(m.State) {
			a.Reason = fmt.Sprintf("%s has needed write-ahead log for %.0f s that %s has no more", m.ID, now.Sub(m.Broken).Seconds(), leader.ID)
		}
		return []control.Action{a}
	}
	return nil
}

func (p Postgres) recloneKind() control.Kind {
	return control.Kind{
		Name: KindReclone, MaxAge: 2 * time.Minute, Guard: p.guardReclone, Settles: []string{KindRejoin},
		Steps: []control.Step{
			{Name: "copy", Timeout: time.Minute, Do: p.reclone},
			{Name: "follow", Timeout: 2 * time.Hour, Do: p.follow},
		},
	}
}

// guardReclone looks once more: data is about to be removed.
func (p Postgres) guardReclone(_ context.Context, a control.Action) error {
	args, err := decode[RejoinArgs](&control.Run{Action: a})
	if err != nil {
		return err
	}
	v, err := p.View(args.Cluster)
	if err != nil {
		return err
	}
	m, known := memberNamed(v.Cluster, args.Member)
	if !known || m.Broken.IsZero() || v.Cluster.Lock.Leader == args.Member {
		return fmt.Errorf("%s leads, or can start again: it is %q", args.Component, m.State)
	}
	return nil
}

// reclone asks for the copy, unless an earlier life of this step has done so.
func (p Postgres) reclone(ctx context.Context, r *control.Run) (any, error) {
	a, err := decode[RejoinArgs](r)
	if err != nil {
		return nil, err
	}
	return retry(ctx, func() (fact.PostgresMember, error) {
		for _, m := range p.Members.Look(ctx, a.Cluster) {
			switch {
			case m.Name != a.Member:
				continue
			case m.State == "creating replica" || m.State == "streaming" && !p.unable(a):
				return m, nil
			case m.Error != "":
				return m, fmt.Errorf("%s does not answer: %s", a.Component, m.Error)
			}
			if err := p.Members.Reclone(ctx, a.Cluster, a.Member); err != nil {
				return m, err
			}
		}
		return fact.PostgresMember{}, fmt.Errorf("%s has not begun to copy", a.Component)
	})
}
