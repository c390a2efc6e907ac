package availability

import (
	"context"
	"errors"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
)

// KindReserve gives a cluster the slot that its partner region's cluster streams from. A
// cluster that began before it had a partner lacks it (row 7.1.4).
const KindReserve = "postgres.reserve"

// ReserveArgs are its arguments.
type ReserveArgs struct {
	Cluster string `json:"cluster"`
	Region  string `json:"region"`
}

// DecideReserve returns the action that a cluster needs when it has a partner and keeps no
// slot for it. region is the cluster's own.
func DecideReserve(region string, v PostgresView, now time.Time) []control.Action {
	leader, known := memberNamed(v.Cluster, v.Cluster.Lock.Leader)
	if v.Cluster.Lock.Reserved || !known || leader.Seen.IsZero() || now.Sub(v.Cluster.At) > freshMember {
		return nil
	}
	subject := v.Cluster.Cluster + "/slot"
	key, wait := rejoinKey(v.Last, Key("reserve", v.Cluster.Cluster), now)
	if wait {
		return nil
	}
	a, err := control.NewAction(key, KindReserve, subject, ReserveArgs{v.Cluster.Cluster, region})
	if err != nil {
		return nil
	}
	a.Actor, a.Reason = "system:availability", v.Cluster.Cluster+" keeps no slot for its partner, which could not follow it"
	return []control.Action{a}
}

func (m Mover) reserveKind() control.Kind {
	return control.Kind{Name: KindReserve, Steps: []control.Step{{Name: "reserve", Timeout: 30 * time.Second, Do: m.reserve}}}
}

func (m Mover) reserve(ctx context.Context, r *control.Run) (any, error) {
	a, err := decode[ReserveArgs](r)
	if err != nil {
		return nil, err
	}
	return retry(ctx, func() (fact.PostgresLock, error) {
		if err := m.Clusters.Reserve(ctx, a.Region); err != nil {
			return fact.PostgresLock{}, err
		}
		lock, err := m.Locks.Read(ctx, a.Cluster)
		if err == nil && !lock.Reserved {
			err = errors.New("its configuration still names no slot for its partner")
		}
		return lock, err
	})
}
