package wiring

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/driver/postgres"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/host"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/state"
)

func (w *Wiring) postgres() availability.Postgres {
	return availability.Postgres{Fencer: fencer{w}, Locks: locks{w}, Members: members{w}, Route: route{w}, View: w.PostgresView, Moving: w.movingOf, Now: w.house.Now}
}

func (w *Wiring) region(cluster string) (*region, error) {
	if r, ok := w.regions[fact.RegionOf(cluster)]; ok {
		return r, nil
	}
	return nil, fmt.Errorf("this installation does not run %s", cluster)
}

// lastOf is how many of a subject's newest operations a decision looks at; the newest alone
// numbers the next attempt.
const lastOf = 12

// PostgresView gathers the input of a decision about the cluster. After an error nothing
// may be decided: an empty list of fences is not the same as a list that cannot be read.
func (w *Wiring) PostgresView(cluster string) (availability.PostgresView, error) {
	region := fact.RegionOf(cluster)
	sp := w.house.Layout.Platform.Spec
	v := availability.PostgresView{
		Policy: sp.Engines.Postgres, Detection: sp.Failover.Detection, Path: sp.Failover.WithinRegion,
		Cluster: w.house.Facts.Postgres(region), Probes: w.house.Facts.Probes(), Fences: map[string]availability.Fence{}, Proved: map[string]string{}, Disks: map[string]fact.Disk{},
	}
	if r, ok := w.regions[region]; ok && v.Cluster.Lock.Standby {
		v.Source = w.house.Facts.Postgres(r.layout.Partner(r.spec).Name)
	}
	fences, err := state.List[availability.Fence](w.house.State, availability.FencePrefix+region+"/")
	if err != nil {
		return v, fmt.Errorf("read the fences of %s: %w", region, err)
	}
	for _, f := range fences {
		v.Fences[f.Component] = f
	}
	if slices.ContainsFunc(v.Probes, func(p fact.Probe) bool {
		return (p.Misses > 0 || p.Outcome == fact.Full) && fact.RegionOf(p.Target) == region
	}) {
		if v.Failovers, v.Practice, err = w.failovers(cluster); err != nil {
			return v, err
		}
	}
	var subjects []string // only those that something may be decided about: a quiet round reads no past
	if !v.Cluster.Lock.Reserved {
		subjects = append(subjects, cluster+"/slot")
	}
	if len(v.Cluster.Connections.Differs) > 0 {
		subjects = append(subjects, availability.BoundSubject(cluster))
	}
	if r, ok := w.regions[region]; ok {
		for _, z := range r.spec.Zones {
			id := place.ID(region, z, place.Postgres)
			broken := slices.ContainsFunc(v.Cluster.Members, func(m fact.PostgresMember) bool { return m.ID == id && !m.Broken.IsZero() })
			if v.Fences[id].Component != "" || broken {
				subjects = append(subjects, id)
			}
			n := w.house.Facts.Node(region, z)
			for _, u := range n.Units {
				if w.house.Now().Sub(u.Disk.At) <= availability.FreshDisk {
					v.Disks[place.ID(region, z, u.Name)] = u.Disk
				}
				if u.State == fact.UnitFenced {
					v.Proved[place.ID(region, z, u.Name)] = u.Fence
				}
			}
		}
	}
	for _, subject := range subjects {
		last, err := control.LastOf(w.house.State, subject, lastOf)
		if err != nil {
			return v, fmt.Errorf("read the operations on %s: %w", subject, err)
		}
		v.Last = append(v.Last, last...)
	}
	if o, found, err := control.Find(w.house.State, availability.FailoverKey(cluster, v.Cluster.Lock.Lease)); err != nil {
		return v, fmt.Errorf("find the failover for the lease of %s: %w", cluster, err)
	} else if found {
		v.Last = append(v.Last, o)
	}
	slices.SortFunc(v.Last, func(a, b control.Operation) int { return cmp.Compare(a.First, b.First) })
	return v, nil
}

// failovers returns when the cluster failed over lately, and whether a failover now would be practice.
func (w *Wiring) failovers(cluster string) (begun []time.Time, practice bool, err error) {
	last, err := control.LastOf(w.house.State, cluster, failoversRead)
	if err == nil && w.house.Practice != nil {
		practice, err = w.house.Practice()
	}
	if err != nil {
		return nil, false, fmt.Errorf("read the failovers of %s: %w", cluster, err)
	}
	return availability.CountFailovers(last, w.house.Now()), practice, nil
}

// failoversRead is how many of a cluster's newest operations are searched for failovers.
const failoversRead = 50

// fencer keeps components dead through their node or, when it is silent, the host.
type fencer struct{ w *Wiring }

// nodeGrace is how long a node alone may take before the host is asked as well.
const nodeGrace = 150 * time.Millisecond

func (x fencer) Fence(ctx context.Context, f availability.Fence) (availability.Proof, error) {
	var stands availability.Fence
	known, err := x.w.house.State.Get(availability.FencePrefix+f.Component, &stands)
	if err != nil {
		return availability.Proof{}, err
	}
	if !known || stands.Epoch != f.Epoch {
		e, err := availability.FenceSet.Entry(f.Component, f.Epoch, f)
		if err != nil {
			return availability.Proof{}, err
		}
		e.Actor, e.Reason = "system:availability", journal.Brief(f.Reason)
		if _, err := x.w.house.State.Append(ctx, e); err != nil {
			return availability.Proof{}, err
		}
	}
	proof, err := x.prove(ctx, f)
	if err != nil {
		return proof, err
	}
	x.awaitEdge(ctx, f)
	return proof, nil
}

// prove waits for the first of node and host that has seen the component dead.
func (x fencer) prove(ctx context.Context, f availability.Fence) (availability.Proof, error) {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	at, err := fact.Component(f.Component)
	if err != nil {
		return availability.Proof{}, err
	}
	proofs, failed := make(chan availability.Proof, 2), make(chan error, 1)
	go x.byNode(ctx, at, f, proofs)
	go func() {
		node := x.w.house.Facts.Node(at.Region, at.Zone)
		if x.w.house.Now().Sub(node.At) < 2*time.Second { // it is alive; give it the first word
			select {
			case <-time.After(nodeGrace):
			case <-ctx.Done():
				return
			}
		}
		off, err := x.w.power.PowerOff(ctx, host.PowerOff{Zone: fact.ZoneOf(f.Component), Unit: at.Kind, Epoch: f.Epoch, Reason: f.Reason})
		if err != nil {
			failed <- err
			return
		}
		proofs <- availability.Proof{By: "host power-off", At: off.At}
	}()
	var why error
	for {
		select {
		case p := <-proofs:
			return p, nil
		case why = <-failed:
		case <-ctx.Done():
			return availability.Proof{}, errors.Join(fmt.Errorf("no proof that %s is dead, so its lock stays untouched: %w", f.Component, ctx.Err()), why)
		}
	}
}

func (x fencer) byNode(ctx context.Context, at fact.Ref, f availability.Fence, proofs chan<- availability.Proof) {
	for ctx.Err() == nil {
		changed := x.w.house.Facts.Changed()
		n := x.w.house.Facts.Node(at.Region, at.Zone)
		for _, u := range n.Units {
			if u.Name == at.Kind && u.State == fact.UnitFenced && u.Fence == f.Epoch {
				proofs <- availability.Proof{By: "node " + fact.ZoneOf(f.Component), At: n.At}
				return
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
		}
	}
}

// awaitEdge gives the edge a moment to cut its sessions. An edge that is away has
// none to a process that is proved dead, so it does not hold the failover up.
func (x fencer) awaitEdge(ctx context.Context, f availability.Fence) {
	region := fact.RegionOf(f.Component)
	ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	_ = x.w.awaitDirective(ctx, region)
}

// awaitDirective waits until the edge has carried out what is wanted now.
func (w *Wiring) awaitDirective(ctx context.Context, region string) error {
	for {
		changed := w.house.Facts.Changed()
		d, err := w.Directive(ctx, region)
		if err != nil || w.house.Facts.Edge(region).Directive == d.Version {
			return err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("the edge of %s has not carried out its directive: %w", region, ctx.Err())
		}
	}
}

func (x fencer) Lift(ctx context.Context, component, epoch string) error {
	var f availability.Fence
	known, err := x.w.house.State.Get(availability.FencePrefix+component, &f)
	if err != nil || !known || f.Epoch != epoch {
		return err
	}
	e := availability.FenceLifted.Entry(component, epoch)
	e.Actor = "system:availability"
	_, err = x.w.house.State.Append(ctx, e)
	return err
}

type locks struct{ w *Wiring }

func (x locks) Read(ctx context.Context, cluster string) (fact.PostgresLock, error) {
	r, err := x.w.region(cluster)
	if err != nil {
		return fact.PostgresLock{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return r.lock.Read(ctx)
}

func (x locks) Release(ctx context.Context, cluster, leader string, lease int64, to string) error {
	r, err := x.w.region(cluster)
	if err != nil {
		return err
	}
	err = r.lock.Release(ctx, leader, lease, to)
	if errors.Is(err, patroni.ErrNotHeld) {
		return fmt.Errorf("%w: %w", availability.ErrLockMoved, err)
	}
	return err
}

type members struct{ w *Wiring }

func (x members) Look(ctx context.Context, cluster string) []fact.PostgresMember {
	r, err := x.w.region(cluster)
	if err != nil {
		return nil
	}
	return r.look(ctx)
}

// at returns a member's region and its zone.
func (x members) at(cluster, member string) (*region, string, error) {
	r, err := x.w.region(cluster)
	if err != nil {
		return nil, "", err
	}
	for _, z := range r.spec.Zones {
		if place.Member(r.spec.Name, z) == member {
			return r, z, nil
		}
	}
	return nil, "", fmt.Errorf("%s has no member %s", cluster, member)
}

func (x members) Checkpoint(ctx context.Context, cluster, member string, within time.Duration) error {
	r, zone, err := x.at(cluster, member)
	if err != nil {
		return err
	}
	return r.admin.Checkpoint(ctx, r.layout.Addr(r.spec.Name, zone, patroni.PostgresPort), within)
}

func (x members) Reclone(ctx context.Context, cluster, member string) error {
	r, zone, err := x.at(cluster, member)
	if err != nil {
		return err
	}
	return r.rest(zone).Reinitialize(ctx, true)
}

func (x members) Switchover(ctx context.Context, cluster, leader, candidate string) error {
	r, zone, err := x.at(cluster, leader)
	if err != nil {
		return err
	}
	return r.rest(zone).Switchover(ctx, leader, candidate)
}

type route struct{ w *Wiring }

// Write commits a heartbeat through the edge, as a client would.
func (x route) Write(ctx context.Context, cluster string) error {
	r, err := x.w.region(cluster)
	if err != nil {
		return err
	}
	p := postgres.Prober{Observer: "verify", User: patroni.ProbeUser, Password: x.w.house.Secrets.Probe, Database: "postgres"}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	seen := p.Probe(ctx, x.w.house.Layout.EdgeAddress(r.spec.Name, place.Postgres), 5*time.Second)
	switch {
	case seen.Outcome != fact.Serves:
		return errors.New(seen.Error)
	case !seen.Writable:
		return errors.New("the write did not commit")
	}
	return nil
}

func (x route) Hold(ctx context.Context, cluster, by string, d time.Duration) error {
	e, err := availability.RouteHeld.Entry(cluster, by, availability.Hold{Cluster: cluster, Until: x.w.house.Now().Add(d)})
	if err != nil {
		return err
	}
	e.Actor = "system:availability"
	if _, err := x.w.house.State.Append(ctx, e); err != nil {
		return err
	}
	at, err := fact.Cluster(cluster)
	if err != nil {
		return err
	}
	if err := x.w.awaitDirective(ctx, at.Region); err != nil {
		return err
	}
	return x.w.awaitIdle(ctx, at.Region, at.Kind)
}

// idleWithin is how long transactions under way may take to end during a hold; those
// that are longer are cut by the move itself.
const idleWithin = 3 * time.Second

// awaitIdle waits until no session of the service is within a transaction, for a while.
func (w *Wiring) awaitIdle(ctx context.Context, region, service string) error {
	short, cancel := context.WithTimeout(ctx, idleWithin)
	defer cancel()
	for {
		changed := w.house.Facts.Changed()
		if service == place.GreenLang && w.requestsUnderWay(region) == 0 {
			return nil
		}
		for _, t := range w.house.Facts.Edge(region).TCP {
			if t.Service == service && t.Held && t.Busy == 0 {
				return nil
			}
		}
		select {
		case <-changed:
		case <-short.Done():
			return ctx.Err()
		}
	}
}

// requestsUnderWay returns how many requests the region's application answers now.
func (w *Wiring) requestsUnderWay(region string) (n int64) {
	for _, t := range w.house.Facts.Edge(region).Targets {
		if t.Service == place.GreenLang {
			n += t.Inflight
		}
	}
	return n
}

func (x route) Resume(ctx context.Context, cluster, by string) error {
	known, err := x.w.house.State.Get(availability.HoldKey(cluster, by), &availability.Hold{})
	if err != nil || !known {
		return err
	}
	e := availability.RouteFreed.Entry(cluster, by)
	e.Actor = "system:availability"
	_, err = x.w.house.State.Append(ctx, e)
	return err
}

func (w *Wiring) redis() availability.Redis {
	return availability.Redis{Sentinels: sentinels{w}, Policy: w.house.Layout.Platform.Spec.Engines.Redis, Now: w.house.Now}
}

type sentinels struct{ w *Wiring }

func (x sentinels) Redis(cluster string) fact.Redis {
	region := fact.RegionOf(cluster)
	return x.w.house.Facts.Redis(region)
}

func (x sentinels) Look(ctx context.Context, cluster string) fact.Redis {
	r, err := x.w.region(cluster)
	if err != nil {
		return fact.Redis{Cluster: cluster} // nobody of it answers
	}
	return r.lookRedis(ctx)
}

func (x sentinels) Failover(ctx context.Context, cluster string) error {
	r, err := x.w.region(cluster)
	if err != nil {
		return err
	}
	for _, z := range r.spec.Zones {
		if err = r.redis.Failover(ctx, r.layout.Address(r.spec.Name, z, place.Sentinel)); err == nil {
			return nil
		}
	}
	return err
}
