package availability

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/fact"
)

// DrillPlatform is the platform as the wing's drills reach it: from outside.
type DrillPlatform interface {
	// Look returns what is unhealthy or not ready now, and who leads each cluster of the region.
	Look(ctx context.Context) (Look, error)
	Inject(ctx context.Context, kind, target string, d time.Duration, reason string) (id string, err error)
	Clear(ctx context.Context, id string) error
	// Injected returns once the fault shows from outside.
	Injected(ctx context.Context, id string) error
	// Switchover moves the leader of a cluster to a candidate; to the best where it is empty.
	Switchover(ctx context.Context, cluster, candidate, reason string) (operation string, err error)
	// Detected returns when the first operation of the kind on the cluster after t
	// began; false when there is none.
	Detected(ctx context.Context, kind, cluster string, t time.Time) (time.Time, bool, error)
	// Cache writes to the region's Redis the way applications do.
	Cache() drill.Writer
	// Settle returns once everything that was written to the region's Redis is on both replicas.
	Settle(ctx context.Context) error
	// Queue produces to the region's Kafka the way applications do; nil where it could not
	// lose a broker.
	Queue() drill.Writer
}

// Look is one look at a region.
type Look struct {
	Region  string
	Trouble []string          // in words; empty: healthy, and ready to fail over where it has a second zone
	Alone   []string          // in words: what only its partner region could take over, by choice
	Leaders map[string]string // engine → component id

	Candidates map[string][]string // engine → component ids that could take over, the best first
}

// The bound of the seed for a failover inside a region (row 7.1.8).
const failoverBound = 30 // seconds

// faultFor is how long a drill's fault lasts at most; it is cleared before.
const faultFor = 90 * time.Second

// Drills returns the wing's drills.
func Drills() []drill.Drill {
	common := "writes go through the edge; every acknowledged one is looked up afterwards"
	return append([]drill.Drill{
		{
			Reaches: true, Needs: drill.Needs{Zones: 2},
			Name: "zone-loss", Rows: []string{"7.1.3", "7.1.4", "7.1.8"}, Description: "kills every process of the zone that holds the PostgreSQL primary",
			BlastRadius: "one zone of three; writes pause until a new primary leads", Verifies: common,
			Steps: failoverSteps("zone-kill", fact.ZoneOf),
		},
		{
			Reaches: true, Needs: drill.Needs{Zones: 2},
			Name: "primary-loss", Rows: []string{"7.1.4", "7.1.8"}, Description: "kills PostgreSQL and Patroni on the primary",
			BlastRadius: "one database server; writes pause until a primary leads", Verifies: common,
			Steps: failoverSteps("process-kill", itself),
		},
		{
			Reaches: true, Needs: drill.Needs{Zones: 2},
			Name: "primary-hang", Rows: []string{"7.1.4", "7.1.8", "7.1.10"}, Description: "stops the primary's postmaster: sessions live on, nobody gets a new one",
			BlastRadius: "one database server; new connections fail until a new primary leads", Verifies: common + "; Patroni alone never notices",
			Steps: failoverSteps("postmaster-hang", itself),
		},
		{
			Reaches: true, Needs: drill.Needs{Zones: 2, NetNS: true},
			Name: "zone-partition", Rows: []string{"7.1.4", "7.1.8"}, Description: "cuts the network of the zone that holds the primary (needs up --netns)",
			BlastRadius: "one zone of three; the old primary lives on, cut off, until it is fenced", Verifies: common,
			Steps: failoverSteps("zone-partition", fact.ZoneOf),
		},
		{
			Reaches: true, Needs: drill.Needs{Zones: 2},
			Name: "redis-loss", Rows: []string{"7.1.5", "7.1.8"}, Description: "freezes the Redis master; Sentinel fails over",
			BlastRadius: "the region's cache; the application goes on without it", Verifies: "writes to Redis through the edge are counted too; replication is asynchronous, so lost ones are reported",
			Steps: redisSteps(),
		},
		{
			Reaches: true, Needs: drill.Needs{Zones: 3},
			Name: "redis-empty", Rows: []string{"7.1.5", "7.1.8"}, Description: "takes the Redis master's data away and kills it, so that its node starts it empty",
			BlastRadius: "the region's cache; the application goes on without it", Verifies: "keys that both replicas acknowledged (WAIT) are all there afterwards, on whatever leads then",
			Steps: redisEmptySteps(),
		},
		{
			Reaches: true, Needs: drill.Needs{Zones: 3},
			Name: "etcd-empty", Rows: []string{"7.1.4", "7.1.8"}, Description: "takes the data of the etcd member beside the PostgreSQL primary away and kills it",
			BlastRadius: "one etcd member of three, until it is replaced by a new one", Verifies: common + "; no database fails over",
			Steps: etcdEmptySteps(),
		},
		{
			Reaches: true, Needs: drill.Needs{Zones: 3},
			Name: "member-broken", Rows: []string{"7.1.4", "7.1.8"}, Description: "takes the PostgreSQL primary's write-ahead log away and kills it: it cannot come back from what it has",
			BlastRadius: "one database server; writes pause until a new primary leads", Verifies: common + "; the broken server gets a new copy and follows",
			Steps: memberBrokenSteps(),
		},
		{
			Reaches: true, Needs: drill.Needs{Zones: 3, Root: true},
			Name: "disk-full", Rows: []string{"7.1.4", "7.1.8"}, Description: "fills the disk of the PostgreSQL primary, after moving it to a member with a small disk of its own",
			BlastRadius: "one database server; writes that need room fail until a primary with room leads", Verifies: common + "; Patroni alone never notices",
			Steps: diskFullSteps(),
		},
		{
			Reaches: true, Needs: drill.Needs{Zones: 2},
			Name: "switchover", Rows: []string{"7.1.4"}, Description: "moves the PostgreSQL primary on purpose",
			BlastRadius: "none: clients wait for a moment at the edge", Verifies: common + "; no client may see an error",
			Steps: switchoverSteps(),
		},
		connectionDrill(),
	}, append(append(kafkaDrills(), serverDrills()...), regionDrills()...)...)
}

func itself(component string) string { return component }

func failoverSteps(fault string, target func(string) string) []drill.Action {
	const engine = "postgres"
	return []drill.Action{
		ready(),
		load(),
		{Name: "break", Timeout: 40 * time.Second, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			return breakLeader(ctx, r, engine, fault, target)
		}},
		{Name: "failover", Timeout: 2 * time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			return awaitLeader(ctx, r, engine, fault == "process-kill")
		}},
		{Name: "write again", Timeout: time.Minute, Do: writeAgain},
		heal(),
		{Name: "verify", Timeout: time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			if err := measureDetect(ctx, r, engine, KindFailover); err != nil {
				return "", err
			}
			return verifyWrites(ctx, r, true)
		}},
	}
}

func platform(r *drill.Run) (DrillPlatform, error) {
	p, ok := r.Platform.(DrillPlatform)
	if !ok {
		return nil, errors.New("this drill needs the availability wing's platform")
	}
	return p, nil
}

func ready() drill.Action {
	return drill.Action{Name: "ready", Timeout: 3 * time.Minute, Do: awaitHealth}
}

func awaitHealth(ctx context.Context, r *drill.Run) (string, error) {
	p, err := platform(r)
	if err != nil {
		return "", err
	}
	l, err := retry(ctx, func() (Look, error) {
		l, err := p.Look(ctx)
		if l.Trouble = append(l.Trouble, l.Alone...); err == nil && len(l.Trouble) > 0 {
			err = errors.New(strings.Join(l.Trouble, "; "))
		}
		return l, err
	})
	if err != nil {
		return "", err
	}
	return "healthy and ready; " + l.Leaders["postgres"] + " and " + l.Leaders["redis"] + " lead", nil
}

// steady is how many writes must have been acknowledged before anything is broken:
// a drill without load proves nothing.
const steady = 100

func load() drill.Action {
	return drill.Action{Name: "load", Timeout: time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
		r.Load.Start(context.WithoutCancel(ctx)) // it ends with the drill, not with this step
		if err := r.Load.Await(ctx, steady, time.Time{}); err != nil {
			return "", err
		}
		n, failed := r.Load.Acknowledged()
		return fmt.Sprintf("%d writes acknowledged, %d failed", n, failed), nil
	}}
}

func breakLeader(ctx context.Context, r *drill.Run, engine, fault string, target func(string) string) (string, error) {
	p, err := platform(r)
	if err != nil {
		return "", err
	}
	l, err := retry(ctx, func() (Look, error) { return p.Look(ctx) })
	if err != nil {
		return "", err
	}
	leader := l.Leaders[engine]
	if leader == "" {
		return "", fmt.Errorf("%s of %s has no leader to break", engine, l.Region)
	}
	r.Notes["leader"], r.Notes["region"] = leader, l.Region
	r.FaultAt = time.Now()
	id, err := p.Inject(ctx, fault, target(leader), faultFor, "drill "+r.Report.ID)
	if err != nil {
		return "", err
	}
	r.Notes["fault"] = id
	return fmt.Sprintf("%s on %s (%s)", fault, target(leader), id), nil
}

// awaitLeader waits for another leader, or, where the old one may come back by itself,
// for writes that go on after the fault.
func awaitLeader(ctx context.Context, r *drill.Run, engine string, mayReturn bool) (string, error) {
	p, err := platform(r)
	if err != nil {
		return "", err
	}
	old := r.Notes["leader"]
	leader, err := retry(ctx, func() (string, error) {
		l, err := p.Look(ctx)
		if err != nil {
			return "", err
		}
		switch leader := l.Leaders[engine]; {
		case leader == "":
			return "", errors.New("no member leads")
		case leader != old:
			return leader, nil
		case mayReturn && len(l.Trouble) == 0 && time.Since(r.FaultAt) > 5*time.Second:
			return leader, nil
		}
		return "", fmt.Errorf("%v still leads", old)
	})
	if err != nil {
		return "", err
	}
	r.Notes["led"] = time.Now()
	return leader + " leads", nil
}

func writeAgain(ctx context.Context, r *drill.Run) (string, error) {
	if err := r.Load.Await(ctx, steady/2, time.Now()); err != nil {
		return "", err
	}
	gap, _ := r.Load.Gap(r.FaultAt)
	return fmt.Sprintf("longest time without an acknowledged write: %.2f s", gap.Seconds()), nil
}

func heal() drill.Action {
	return drill.Action{Name: "heal", Timeout: 5 * time.Minute, Always: true, Do: func(ctx context.Context, r *drill.Run) (string, error) {
		p, err := platform(r)
		if err != nil {
			return "", err
		}
		if id, ok := r.Notes["fault"].(string); ok {
			if _, err := retry(ctx, func() (struct{}, error) { return struct{}{}, p.Clear(ctx, id) }); err != nil {
				return "", err
			}
		}
		return awaitHealth(ctx, r)
	}}
}

// measureDetect adds the objective detect: from the fault to the begin of the operation
// that answers it. Where Patroni was faster there is none, and the change of leader counts.
func measureDetect(ctx context.Context, r *drill.Run, engine, kind string) error {
	p, err := platform(r)
	if err != nil {
		return err
	}
	region, _ := r.Notes["region"].(string)
	at, ok, err := p.Detected(ctx, kind, region+"/"+engine, r.FaultAt)
	if err != nil {
		return err
	}
	if !ok {
		at, _ = r.Notes["led"].(time.Time)
	}
	r.Objective(drill.AtMost("detect", "seconds", failoverBound, at.Sub(r.FaultAt).Seconds()))
	return nil
}

// verifyWrites stops the load and adds the objectives about writes.
func verifyWrites(ctx context.Context, r *drill.Run, mayFail bool) (string, error) {
	r.Load.Stop()
	n, failed := r.Load.Acknowledged()
	lost, doubled, err := r.Load.Check(ctx)
	if err != nil {
		return "", err
	}
	gap, recovered := r.Load.Recovered(r.FaultAt)
	r.Objective(drill.AtLeast("writes_acknowledged", "count", steady, float64(n)))
	r.Objective(drill.AtMost("writes_lost", "count", 0, float64(len(lost))))
	r.Objective(drill.AtMost("writes_doubled", "count", 0, float64(len(doubled))))
	r.Objective(drill.AtMost("write_gap", "seconds", failoverBound, gap.Seconds()))
	r.Objective(drill.AtMost("recover", "seconds", failoverBound, recovered.Seconds()))
	if !mayFail {
		r.Objective(drill.AtMost("client_errors", "count", 0, float64(failed)))
	}
	detail := fmt.Sprintf("%d writes acknowledged, %d failed, %d lost, %d doubled", n, failed, len(lost), len(doubled))
	if len(lost) > 0 {
		detail += "; lost " + strings.Join(lost[:min(len(lost), 5)], ", ")
	}
	return detail, nil
}

func switchoverSteps() []drill.Action {
	return []drill.Action{
		ready(),
		load(),
		{Name: "move", Timeout: time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			p, err := platform(r)
			if err != nil {
				return "", err
			}
			l, err := p.Look(ctx)
			if err != nil {
				return "", err
			}
			r.Notes["leader"], r.Notes["region"] = l.Leaders["postgres"], l.Region
			r.FaultAt = time.Now()
			return p.Switchover(ctx, l.Region+"/postgres", "", "drill "+r.Report.ID)
		}},
		{Name: "moved", Timeout: 2 * time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			return awaitLeader(ctx, r, "postgres", false)
		}},
		{Name: "write again", Timeout: time.Minute, Do: writeAgain},
		heal(),
		{Name: "verify", Timeout: time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			if err := measureDetect(ctx, r, "postgres", KindSwitchover); err != nil {
				return "", err
			}
			return verifyWrites(ctx, r, false)
		}},
	}
}

// redisSteps run a second load, against Redis itself.
func redisSteps() []drill.Action {
	var cache *drill.Load
	return []drill.Action{
		ready(),
		load(),
		{Name: "load cache", Timeout: time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			p, err := platform(r)
			if err != nil {
				return "", err
			}
			cache = &drill.Load{Writer: p.Cache(), Prefix: r.Report.ID, Every: 40 * time.Millisecond, Limit: 2 * time.Second, Worker: 4}
			cache.Start(context.WithoutCancel(ctx))
			return "", cache.Await(ctx, steady, time.Time{})
		}},
		{Name: "break", Timeout: 40 * time.Second, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			return breakLeader(ctx, r, "redis", "process-freeze", itself)
		}},
		{Name: "failover", Timeout: 2 * time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			return awaitLeader(ctx, r, "redis", false)
		}},
		{Name: "write again", Timeout: time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			return "", cache.Await(ctx, steady/2, time.Now())
		}},
		heal(),
		{Name: "verify", Timeout: time.Minute, Do: func(ctx context.Context, r *drill.Run) (string, error) {
			cache.Stop()
			lost, _, err := cache.Check(ctx)
			if err != nil {
				return "", err
			}
			gap, _ := cache.Gap(r.FaultAt)
			n, _ := cache.Acknowledged()
			r.Objective(drill.AtMost("cache_write_gap", "seconds", failoverBound, gap.Seconds()))
			// Replication is asynchronous: min-replicas-to-write bounds the loss by what one second of writes is.
			r.Objective(drill.AtMost("cache_writes_lost", "count", 100, float64(len(lost))))
			r.Objective(drill.AtLeast("cache_writes_acknowledged", "count", steady, float64(n)))
			led, _ := r.Notes["led"].(time.Time)
			r.Objective(drill.AtMost("detect", "seconds", failoverBound, led.Sub(r.FaultAt).Seconds()))
			return verifyWrites(ctx, r, false)
		}},
	}
}
