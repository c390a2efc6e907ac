package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
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

func (s *ServerApp) postgres() availability.Postgres {
	return availability.Postgres{Fencer: fencer{s}, Locks: locks{s}, Members: members{s}, Route: route{s}, View: s.PostgresView, Now: time.Now}
}

func (s *ServerApp) region(cluster string) (*region, error) {
	name, _, _ := strings.Cut(cluster, "/")
	if r, ok := s.regions[name]; ok {
		return r, nil
	}
	return nil, fmt.Errorf("this installation does not run %s", cluster)
}

// lastOf is how many of a subject's newest operations a decision looks at; the newest alone
// numbers the next attempt.
const lastOf = 3

// PostgresView gathers all that a decision about the cluster rests on. After an error
// nothing may be decided: no fences are something else than fences that cannot be read.
func (s *ServerApp) PostgresView(cluster string) (availability.PostgresView, error) {
	region, _, _ := strings.Cut(cluster, "/")
	sp := s.Layout.Platform.Spec
	v := availability.PostgresView{
		Policy: sp.Engines.Postgres, Detection: sp.Failover.Detection, Path: sp.Failover.WithinRegion,
		Cluster: s.Facts.Postgres(region), Probes: s.Facts.Probes(), Fences: map[string]availability.Fence{}, Proved: map[string]string{}, Starting: map[string]bool{},
	}
	fences, err := state.List[availability.Fence](s.State, availability.FencePrefix+region+"/")
	if err != nil {
		return v, fmt.Errorf("what is fenced in %s: %w", region, err)
	}
	for _, f := range fences {
		v.Fences[f.Component] = f
	}
	var subjects []string // only those that something may be decided about: a quiet round reads no past
	if !v.Cluster.Lock.Reserved {
		subjects = append(subjects, cluster+"/slot")
	}
	if r, ok := s.regions[region]; ok {
		for _, z := range r.spec.Zones {
			if id := place.ID(region, z, place.Postgres); v.Fences[id].Component != "" {
				subjects = append(subjects, id)
			}
			n := s.Facts.Node(region, z)
			for _, u := range n.Units {
				if u.State == fact.UnitFenced {
					v.Proved[place.ID(region, z, u.Name)] = u.Fence
				}
				v.Starting[place.ID(region, z, u.Name)] = u.State == fact.UnitStarting && u.Restarts == 0 && time.Since(n.At) < nodeSilent
			}
		}
	}
	for _, subject := range subjects {
		last, err := control.LastOf(s.State, subject, lastOf)
		if err != nil {
			return v, fmt.Errorf("what was done to %s: %w", subject, err)
		}
		v.Last = append(v.Last, last...)
	}
	if o, found, err := control.Find(s.State, availability.FailoverKey(cluster, v.Cluster.Lock.Lease)); err != nil {
		return v, fmt.Errorf("whether the lease of %s was tried: %w", cluster, err)
	} else if found {
		v.Last = append(v.Last, o)
	}
	slices.SortFunc(v.Last, func(a, b control.Operation) int { return cmp.Compare(a.First, b.First) })
	return v, nil
}

// fencer keeps components dead through their node or, when it is silent, the host.
type fencer struct{ s *ServerApp }

// nodeGrace is how long a node alone may take before the host is asked as well.
const nodeGrace = 150 * time.Millisecond

func (x fencer) Fence(ctx context.Context, f availability.Fence) (availability.Proof, error) {
	var stands availability.Fence
	known, err := x.s.State.Get(availability.FencePrefix+f.Component, &stands)
	if err != nil {
		return availability.Proof{}, err
	}
	if !known || stands.Epoch != f.Epoch {
		e, err := availability.FenceSet.Entry(f.Component, f.Epoch, f)
		if err != nil {
			return availability.Proof{}, err
		}
		e.Actor, e.Reason = "system:availability", journal.Brief(f.Reason)
		if _, err := x.s.State.Append(ctx, e); err != nil {
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
	parts := strings.Split(f.Component, "/")
	proofs, failed := make(chan availability.Proof, 2), make(chan error, 1)
	go x.byNode(ctx, parts, f, proofs)
	go func() {
		node := x.s.Facts.Node(parts[0], parts[1])
		if time.Since(node.At) < 2*time.Second { // it is alive; give it the first word
			select {
			case <-time.After(nodeGrace):
			case <-ctx.Done():
				return
			}
		}
		off, err := x.s.power.PowerOff(ctx, host.PowerOff{Zone: parts[0] + "/" + parts[1], Unit: parts[2], Epoch: f.Epoch, Reason: f.Reason})
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

func (x fencer) byNode(ctx context.Context, parts []string, f availability.Fence, proofs chan<- availability.Proof) {
	for ctx.Err() == nil {
		changed := x.s.Facts.Changed()
		n := x.s.Facts.Node(parts[0], parts[1])
		for _, u := range n.Units {
			if u.Name == parts[2] && u.State == fact.UnitFenced && u.Fence == f.Epoch {
				proofs <- availability.Proof{By: "node " + parts[0] + "/" + parts[1], At: n.At}
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
	region, _, _ := strings.Cut(f.Component, "/")
	ctx, cancel := context.WithTimeout(ctx, 500*time.Millisecond)
	defer cancel()
	_ = x.s.awaitDirective(ctx, region)
}

// awaitDirective waits until the edge has carried out what is wanted now.
func (s *ServerApp) awaitDirective(ctx context.Context, region string) error {
	for {
		changed := s.Facts.Changed()
		d, err := s.Directive(ctx, region)
		if err != nil || s.Facts.Edge(region).Directive == d.Version {
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
	known, err := x.s.State.Get(availability.FencePrefix+component, &f)
	if err != nil || !known || f.Epoch != epoch {
		return err
	}
	e := availability.FenceLifted.Entry(component, epoch)
	e.Actor = "system:availability"
	_, err = x.s.State.Append(ctx, e)
	return err
}

type locks struct{ s *ServerApp }

func (x locks) Read(ctx context.Context, cluster string) (fact.PostgresLock, error) {
	r, err := x.s.region(cluster)
	if err != nil {
		return fact.PostgresLock{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	return r.lock.Read(ctx)
}

func (x locks) Release(ctx context.Context, cluster, leader string, lease int64) error {
	r, err := x.s.region(cluster)
	if err != nil {
		return err
	}
	err = r.lock.Release(ctx, leader, lease)
	if errors.Is(err, patroni.ErrNotHeld) {
		return fmt.Errorf("%w: %w", availability.ErrLockMoved, err)
	}
	return err
}

type members struct{ s *ServerApp }

func (x members) Look(ctx context.Context, cluster string) []fact.PostgresMember {
	r, err := x.s.region(cluster)
	if err != nil {
		return nil
	}
	return r.look(ctx)
}

func (x members) Switchover(ctx context.Context, cluster, leader, candidate string) error {
	r, err := x.s.region(cluster)
	if err != nil {
		return err
	}
	for _, z := range r.spec.Zones {
		if place.Member(r.spec.Name, z) == leader {
			return r.rest(z).Switchover(ctx, leader, candidate)
		}
	}
	return fmt.Errorf("%s has no member %s", cluster, leader)
}

type route struct{ s *ServerApp }

// Write commits a heartbeat through the edge, as a client would.
func (x route) Write(ctx context.Context, cluster string) error {
	r, err := x.s.region(cluster)
	if err != nil {
		return err
	}
	p := postgres.Prober{Observer: "verify", User: patroni.ProbeUser, Password: x.s.Secrets.Probe, Database: "postgres"}
	ctx, cancel := context.WithTimeout(ctx, 5*time.Second)
	defer cancel()
	writable, err := p.Probe(ctx, x.s.Layout.EdgeAddress(r.spec.Name, place.Postgres), 5*time.Second)
	if err == nil && !writable {
		err = errors.New("the write did not commit")
	}
	return err
}

func (x route) Hold(ctx context.Context, cluster string, d time.Duration) error {
	e, err := availability.RouteHeld.Entry(cluster, "", availability.Hold{Cluster: cluster, Until: time.Now().Add(d)})
	if err != nil {
		return err
	}
	e.Actor = "system:availability"
	if _, err := x.s.State.Append(ctx, e); err != nil {
		return err
	}
	region, engine, _ := strings.Cut(cluster, "/")
	if err := x.s.awaitDirective(ctx, region); err != nil {
		return err
	}
	return x.s.awaitIdle(ctx, region, engine)
}

// idleWithin is how long transactions under way may take to end during a hold; those
// that are longer are cut by the move itself.
const idleWithin = 3 * time.Second

// awaitIdle waits until no session of the service is within a transaction, for a while.
func (s *ServerApp) awaitIdle(ctx context.Context, region, service string) error {
	short, cancel := context.WithTimeout(ctx, idleWithin)
	defer cancel()
	for {
		changed := s.Facts.Changed()
		if service == place.GreenLang && s.requestsUnderWay(region) == 0 {
			return nil
		}
		for _, t := range s.Facts.Edge(region).TCP {
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
func (s *ServerApp) requestsUnderWay(region string) (n int64) {
	for _, t := range s.Facts.Edge(region).Targets {
		if t.Service == place.GreenLang {
			n += t.Inflight
		}
	}
	return n
}

func (x route) Resume(ctx context.Context, cluster string) error {
	known, err := x.s.State.Get(availability.HoldPrefix+cluster, &availability.Hold{})
	if err != nil || !known {
		return err
	}
	e := availability.RouteFreed.Entry(cluster, "")
	e.Actor = "system:availability"
	_, err = x.s.State.Append(ctx, e)
	return err
}

func (s *ServerApp) redis() availability.Redis {
	return availability.Redis{Sentinels: sentinels{s}, Policy: s.Layout.Platform.Spec.Engines.Redis, Now: time.Now}
}

type sentinels struct{ s *ServerApp }

func (x sentinels) Redis(cluster string) fact.Redis {
	region, _, _ := strings.Cut(cluster, "/")
	return x.s.Facts.Redis(region)
}

func (x sentinels) Failover(ctx context.Context, cluster string) error {
	r, err := x.s.region(cluster)
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
