package availability

import (
	"context"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/control"
)

// KindBound limits the sessions of a cluster's roles and databases as they are declared, so
// that probes and Patroni have connections that nobody else can take (row 7.1.8). A cluster
// that began before there were limits lacks them, and people change them.
const KindBound = "postgres.bound"

// BoundArgs are its arguments.
type BoundArgs struct {
	Cluster string   `json:"cluster"`
	Differs []string `json:"differs"` // what was seen
}

// Limits sets what bounds a cluster's sessions.
type Limits interface {
	// Bound makes the limits as declared, reads them back, and returns what was different.
	Bound(ctx context.Context, cluster string) (changed []string, err error)
}

// freshConnections is how old what is known of a primary's sessions may be.
const freshConnections = 30 * time.Second

// DecideBound returns the action that a cluster needs whose limits are not as declared.
func DecideBound(v PostgresView, now time.Time) []control.Action {
	c := v.Cluster.Connections
	if len(c.Differs) == 0 || now.Sub(c.At) > freshConnections || v.Cluster.Lock.Leader == "" {
		return nil
	}
	key, wait := rejoinKey(v.Last, Key("bound", v.Cluster.Cluster), now)
	if wait {
		return nil
	}
	a, err := control.NewAction(key, KindBound, BoundSubject(v.Cluster.Cluster), BoundArgs{v.Cluster.Cluster, c.Differs})
	if err != nil {
		return nil
	}
	a.Actor, a.Reason = "system:availability", strings.Join(c.Differs, "; ")
	return []control.Action{a}
}

// BoundSubject is what an operation of that kind works on.
func BoundSubject(cluster string) string { return cluster + "/connections" }

// Bounder carries out that kind.
type Bounder struct{ Limits Limits }

// Kinds returns the kinds of actions.
func (b Bounder) Kinds() []control.Kind {
	return []control.Kind{{Name: KindBound, Steps: []control.Step{{Name: "bound", Timeout: 30 * time.Second, Do: b.bound}}}}
}

// Bounded is the result of the step.
type Bounded struct {
	Changed []string `json:"changed"`
}

func (b Bounder) bound(ctx context.Context, r *control.Run) (any, error) {
	a, err := decode[BoundArgs](r)
	if err != nil {
		return nil, err
	}
	return retry(ctx, func() (Bounded, error) {
		changed, err := b.Limits.Bound(ctx, a.Cluster)
		return Bounded{changed}, err
	})
}
