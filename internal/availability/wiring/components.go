package wiring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/state"
)

// Components returns everything that runs or should run, with both axes: in sync and
// healthy.
func (w *Wiring) Components(region string, now time.Time) []api.Component {
	r, ok := w.regions[region]
	if !ok {
		return nil
	}
	out := []api.Component{w.edgeComponent(region, now)}
	if w.house.Layout.ObjectPartner(region) != "" {
		out = append(out, w.storeComponent(region, now))
	}
	for _, z := range r.spec.Zones {
		out = append(out, w.zoneComponents(region, z, now)...)
	}
	for i := range out {
		var known component
		if found, err := w.house.State.Get(componentPrefix+out[i].ID, &known); err == nil && found {
			out[i].Since, out[i].Journal = known.Since, known.Index
		}
	}
	return out
}

func (w *Wiring) edgeComponent(region string, now time.Time) api.Component {
	e := w.house.Facts.Edge(region)
	c := api.Component{ID: place.Cluster(region, place.Edge), Region: region, Kind: place.Edge, Address: w.house.Layout.EdgeAddress(region, place.Edge), Sync: api.SyncUnknown, Health: api.HealthUnknown, Seen: e.Seen}
	var v edgeVersion
	_, err := w.house.State.Get(edgePrefix+region, &v) // absent: no configuration yet
	placed, err2 := w.placement()
	switch err := errors.Join(err, err2); {
	case err != nil:
		c.Detail = "what it shall do is unknown: " + err.Error()
	case now.Sub(e.Seen) > availability.EdgeSilent:
		c.Detail = "the edge has not reported" + availability.Ago(e.Seen, now)
		if w.house.Short(now) {
			c.Detail = availability.ShortServer
		} else if !e.Seen.IsZero() {
			c.Health = api.Missing
		}
	case e.Version != v.Version:
		c.Sync, c.Health, c.Detail = api.OutOfSync, api.Progressing, fmt.Sprintf("serves configuration %d, %d is wanted", e.Version, v.Version)
	default:
		c.Sync, c.Health = api.InSync, api.Healthy
		own := false // something is wrong here, and not in another region
		for _, t := range e.Certificates {
			c.Detail = "HTTPS on " + w.house.Layout.EdgeAddress(region, place.HTTPS) + " until " + t.NotAfter.UTC().Format(time.DateOnly)
			if t.Error != "" {
				c.Health, c.Detail, own = api.Degraded, t.Error, true
			}
		}
		for _, t := range e.Targets {
			switch {
			case t.Remote != "" && !t.Up:
				c.Health, c.Detail, c.Cause = api.Degraded, t.Remote+" is not reached from here: requests for its customers are refused at once until it is", t.Remote
			case t.Ejected || !t.Up:
				c.Health, c.Detail, own = api.Degraded, fmt.Sprintf("target %s in zone %s is out (breaker %s)", t.Name, t.Zone, t.Breaker), true
			}
		}
		for _, t := range e.TCP {
			if t.Leader == "" && (t.Service != place.Postgres || placed.Serves(region)) {
				c.Health, c.Detail, own = api.Degraded, "nobody leads "+t.Service, true
			}
		}
		if own {
			c.Cause = ""
		}
	}
	return c
}

func (w *Wiring) zoneComponents(region, zone string, now time.Time) []api.Component {
	n := w.house.Facts.Node(region, zone)
	silent := now.Sub(n.At) > fact.NodeSilent
	node := api.Component{ID: place.ID(region, zone, place.Node), Region: region, Zone: zone, Kind: place.Node, Sync: api.InSync, Health: api.Healthy, Seen: n.At}
	if silent {
		node.Sync, node.Health, node.Detail = api.SyncUnknown, api.HealthUnknown, "the node has not reported"+availability.Ago(n.At, now)
		if w.house.Short(now) {
			node.Detail = availability.ShortServer
		} else if !n.At.IsZero() {
			node.Health = api.Missing
		}
	}
	out := []api.Component{node}
	placed, err := w.placement() // without it, an application that does not run is unknown
	for _, kind := range w.house.Layout.Kinds(region, zone) {
		c := api.Component{ID: place.ID(region, zone, kind), Region: region, Zone: zone, Kind: kind, Address: w.house.Layout.Address(region, zone, kind), Seen: n.At}
		i := slices.IndexFunc(n.Units, func(u fact.Unit) bool { return u.Name == kind })
		if kind == place.GreenLang && err == nil && !placed.Runs(region) && i < 0 {
			continue // the region stands by: its application is started when it takes over
		}
		if i < 0 {
			c.Sync, c.Health = api.SyncUnknown, api.HealthUnknown
		} else {
			wanted := w.units[c.ID]
			if aside, err := w.asideOf(region, zone); kind == place.Mirror && err == nil && len(aside) > 0 {
				wanted = assign.MirrorUnit(w.house.Layout, w.house.Programs, region, aside).Version()
			}
			c.Unit(n.Units[i], wanted)
		}
		w.role(&c, now)
		if i >= 0 {
			c.Stores(n.Units[i].Disk, w.house.Facts.Probes(), now)
		}
		if silent {
			c.Silent(now, w.house.Short(now))
		}
		out = append(out, c)
	}
	return out
}

// role says what the engine itself answers.
func (w *Wiring) role(c *api.Component, now time.Time) {
	facts := w.house.Facts
	switch c.Kind {
	case place.Postgres:
		c.Postgres(facts.Postgres(c.Region), w.house.Layout.Platform.Spec.Engines.Postgres, now)
		c.Shut(facts.Probes(), w.house.Layout.Platform.Spec.Failover.Detection.Observers, now)
	case place.Redis:
		c.Redis(facts.Redis(c.Region), now)
	case place.Sentinel:
		c.Sentinel(facts.Redis(c.Region), now)
	case place.Etcd:
		c.Etcd(facts.Etcd(c.Region), now)
	case place.Kafka:
		c.Broker(facts.Kafka(c.Region), now)
	case place.Mirror:
		r, _ := w.house.Layout.Platform.Region(c.Region)
		c.Mirror(facts.Mirror(r.Pair, c.Region), facts.Mirror(c.Region, r.Pair), now)
	}
}

// component is the document of one component: what was last recorded of it.
type component struct {
	ID     string     `json:"id"`
	Role   string     `json:"role"`
	Health api.Health `json:"health"`
	Sync   api.Sync   `json:"sync"`
	Detail string     `json:"detail,omitempty"`
	Since  time.Time  `json:"since"`
	Index  uint64     `json:"index"`
}

const componentPrefix = "component/"

func foldComponents(d *state.Docs, r journal.Record) error {
	if r.Kind != componentChanged.Name {
		return nil
	}
	var c component
	if err := r.Decode(&c); err != nil {
		return err
	}
	c.Since, c.Index = r.Time, r.Index
	return d.Put(componentPrefix+c.ID, c)
}

// recordEvery bounds how often changes of components become entries.
const recordEvery = 500 * time.Millisecond

// recordChanges appends an entry for each component whose role, health or sync changed.
func (w *Wiring) recordChanges(ctx context.Context) error {
	now := w.house.Now()
	var entries []journal.Entry
	for region := range w.regions {
		for _, c := range w.Components(region, now) {
			next := component{ID: c.ID, Role: c.Role, Health: c.Health, Sync: c.Sync}
			var old component
			if _, err := w.house.State.Get(componentPrefix+c.ID, &old); err != nil {
				return err
			}
			if c.Health == api.HealthUnknown && w.house.Blinded(now) {
				continue // this server has only begun to look, or cannot
			}
			if old.Role == next.Role && old.Health == next.Health && old.Sync == next.Sync {
				continue
			}
			next.Detail = c.Detail
			e, err := componentChanged.Entry(c.ID, "", next)
			if err != nil {
				return err
			}
			e.Time, e.Actor = now, "system"
			entries = append(entries, e)
		}
	}
	if len(entries) == 0 {
		return nil
	}
	slices.SortFunc(entries, func(a, b journal.Entry) int { return strings.Compare(a.Subject, b.Subject) })
	_, err := w.house.State.Append(ctx, entries...)
	return err
}
