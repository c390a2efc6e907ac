package app

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/state"
)

// How old a report may be before what it says is unknown.
const (
	nodeSilent = 3 * time.Second
	edgeSilent = 4 * time.Second
)

// Components returns everything that runs, or should, with both axes: in sync and healthy.
func (s *ServerApp) Components(region string, now time.Time) []api.Component {
	r, ok := s.regions[region]
	if !ok {
		return nil
	}
	out := []api.Component{s.edgeComponent(region, now)}
	if s.Layout.ObjectPartner(region) != "" {
		out = append(out, s.storeComponent(region, now))
	}
	for _, z := range r.spec.Zones {
		out = append(out, s.zoneComponents(region, z, now)...)
	}
	for i := range out {
		var known component
		if found, err := s.State.Get(componentPrefix+out[i].ID, &known); err == nil && found {
			out[i].Since, out[i].Journal = known.Since, known.Index
		}
	}
	return out
}

func (s *ServerApp) edgeComponent(region string, now time.Time) api.Component {
	e := s.Facts.Edge(region)
	c := api.Component{ID: place.Cluster(region, place.Edge), Region: region, Kind: place.Edge, Address: s.Layout.EdgeAddress(region, place.Edge), Sync: api.SyncUnknown, Health: api.HealthUnknown, Seen: e.Seen}
	var v edgeVersion
	_, err := s.State.Get(edgePrefix+region, &v) // absent: no configuration yet
	placed, err2 := s.placement()
	switch err := errors.Join(err, err2); {
	case err != nil:
		c.Detail = "what it shall do is unknown: " + err.Error()
	case now.Sub(e.Seen) > edgeSilent:
		c.Detail = "the edge has not reported" + ago(e.Seen, now)
		if !e.Seen.IsZero() {
			c.Health = api.Missing
		}
	case e.Version != v.Version:
		c.Sync, c.Health, c.Detail = api.OutOfSync, api.Progressing, fmt.Sprintf("serves configuration %d, %d is wanted", e.Version, v.Version)
	default:
		c.Sync, c.Health = api.InSync, api.Healthy
		for _, t := range e.Certificates {
			c.Detail = "HTTPS on " + s.Layout.EdgeAddress(region, place.HTTPS) + " until " + t.NotAfter.UTC().Format(time.DateOnly)
			if t.Error != "" {
				c.Health, c.Detail = api.Degraded, t.Error
			}
		}
		for _, t := range e.Targets {
			switch {
			case t.Remote != "" && !t.Up:
				c.Health, c.Detail = api.Degraded, t.Remote+" is not reached from here: requests for its customers are refused at once until it is"
			case t.Ejected || !t.Up:
				c.Health, c.Detail = api.Degraded, fmt.Sprintf("target %s in zone %s is out (breaker %s)", t.Name, t.Zone, t.Breaker)
			}
		}
		for _, t := range e.TCP {
			if t.Leader == "" && (t.Service != place.Postgres || placed.Serves(region)) {
				c.Health, c.Detail = api.Degraded, "nobody leads "+t.Service
			}
		}
	}
	return c
}

func ago(t, now time.Time) string {
	if t.IsZero() {
		return " yet"
	}
	return fmt.Sprintf(" for %.0f s", now.Sub(t).Seconds())
}

func (s *ServerApp) zoneComponents(region, zone string, now time.Time) []api.Component {
	n := s.Facts.Node(region, zone)
	silent := now.Sub(n.At) > nodeSilent
	node := api.Component{ID: place.ID(region, zone, place.Node), Region: region, Zone: zone, Kind: place.Node, Sync: api.InSync, Health: api.Healthy, Seen: n.At}
	if silent {
		node.Sync, node.Health, node.Detail = api.SyncUnknown, api.HealthUnknown, "the node has not reported"+ago(n.At, now)
		if !n.At.IsZero() {
			node.Health = api.Missing
		}
	}
	out := []api.Component{node}
	placed, err := s.placement() // without it, an application that does not run is unknown
	for _, kind := range s.Layout.Kinds(region, zone) {
		c := api.Component{ID: place.ID(region, zone, kind), Region: region, Zone: zone, Kind: kind, Address: s.Layout.Address(region, zone, kind), Seen: n.At}
		i := slices.IndexFunc(n.Units, func(u fact.Unit) bool { return u.Name == kind })
		if kind == place.GreenLang && err == nil && !placed.Runs(region) && i < 0 {
			continue // the region stands by: its application is started when it takes over
		}
		if i < 0 {
			c.Sync, c.Health = api.SyncUnknown, api.HealthUnknown
		} else {
			s.unit(&c, n.Units[i])
		}
		s.role(&c, now)
		if silent {
			s.silent(&c, now)
		}
		out = append(out, c)
	}
	return out
}

// unit says what the node knows of the process.
func (s *ServerApp) unit(c *api.Component, u fact.Unit) {
	c.Sync = api.InSync
	switch {
	case u.State == fact.UnitFenced:
		c.Health, c.Sync, c.Detail = api.Suspended, api.OutOfSync, "fenced: kept dead until it may rejoin"
	case u.State == fact.UnitFailed:
		c.Health, c.Sync, c.Detail = api.Missing, api.OutOfSync, u.Error
	case u.State == fact.UnitStarting:
		c.Health, c.Detail = api.Progressing, u.Error
	case !u.Ready:
		c.Health, c.Detail = api.Degraded, u.Error
	default:
		c.Health = api.Healthy
	}
	if u.Version != "" && c.Sync == api.InSync && u.Version != s.units[c.ID] {
		c.Sync, c.Detail = api.OutOfSync, "runs an older configuration than its spec"
	}
}

// silent corrects what a node that is away said last: only what others still see counts.
func (s *ServerApp) silent(c *api.Component, now time.Time) {
	c.Sync = api.SyncUnknown
	fresh := now.Sub(c.Seen) <= nodeSilent
	switch {
	case fresh && c.Health != api.Suspended:
		c.Health = api.Healthy
	case c.Health == api.HealthUnknown && c.Seen.IsZero():
	default:
		c.Health, c.Detail = api.Missing, "neither its node nor the engine itself answers"
		c.Role = ""
	}
}

// role says what the engine itself answers.
func (s *ServerApp) role(c *api.Component, now time.Time) {
	switch c.Kind {
	case place.Postgres:
		s.postgresRole(c, now)
	case place.Redis:
		for _, n := range s.Facts.Redis(c.Region).Nodes {
			if n.ID == c.ID && now.Sub(n.Seen) <= nodeSilent {
				c.Seen = later(c.Seen, n.Seen)
				if c.Role = n.Role; n.Role == "slave" {
					c.Role = "replica"
					if !n.LinkUp && c.Health == api.Healthy {
						c.Health, c.Detail = api.Progressing, "its link to the master is down"
					}
				}
			}
		}
	case place.Kafka:
		s.brokerRole(c, now)
	case place.Mirror:
		s.mirrorRole(c, now)
	case place.Sentinel:
		for _, n := range s.Facts.Redis(c.Region).Sentinels {
			if n.ID == c.ID && now.Sub(n.Seen) <= nodeSilent {
				c.Seen = later(c.Seen, n.Seen)
			}
		}
	}
}

func (s *ServerApp) postgresRole(c *api.Component, now time.Time) {
	p := s.Facts.Postgres(c.Region)
	var leader fact.PostgresMember
	for _, m := range p.Members {
		if m.Name == p.Lock.Leader {
			leader = m
		}
	}
	for _, m := range p.Members {
		if m.ID != c.ID || now.Sub(m.Seen) > nodeSilent {
			continue
		}
		c.Seen = later(c.Seen, m.Seen)
		switch {
		case m.Role == "primary":
			c.Role = "primary"
			c.Detail = fmt.Sprintf("timeline %d", m.Timeline)
		case m.Role == "standby_leader":
			c.Role, c.Detail = "standby-leader", fmt.Sprintf("timeline %d, follows its partner region", m.Timeline)
			if m.State != "streaming" && c.Health == api.Healthy {
				c.Health, c.Detail = api.Progressing, "it does not stream from its partner region: it is "+m.State
			}
		case m.State == "streaming":
			c.Role = "replica"
			if slices.Contains(p.Lock.Sync, m.Name) {
				c.Role = "sync-standby"
			}
			c.Detail = fmt.Sprintf("timeline %d, lag %d B", m.Timeline, max(0, leader.Received-m.Received))
			if c.Role == "replica" && !p.Lock.Standby && s.Layout.Platform.Spec.Engines.Postgres.Synchronous == "quorum" && c.Health == api.Healthy {
				c.Health, c.Detail = api.Progressing, "it streams and is not a synchronous standby yet: after a failover, writes would wait for it"
			}
		default:
			c.Role = "replica"
			if c.Health == api.Healthy {
				c.Health, c.Detail = api.Progressing, "it is "+m.State
			}
		}
	}
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
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

// seen remembers what was recorded last, so that only changes become entries.
type seen struct {
	mu   sync.Mutex // guards last
	last map[string]component
}

func newSeen() *seen { return &seen{last: map[string]component{}} }

// recordChanges appends an entry for each component whose role, health or sync changed.
func (s *ServerApp) recordChanges(ctx context.Context, now time.Time) {
	s.seen.mu.Lock()
	defer s.seen.mu.Unlock()
	if len(s.seen.last) == 0 {
		docs, err := state.List[component](s.State, componentPrefix)
		if err != nil {
			s.Log.Error("no change of a component is recorded: the state cannot be read", "err", err)
			return
		}
		for _, c := range docs {
			s.seen.last[c.ID] = c
		}
	}
	var entries []journal.Entry
	changed := map[string]component{}
	for region := range s.regions {
		for _, c := range s.Components(region, now) {
			next := component{ID: c.ID, Role: c.Role, Health: c.Health, Sync: c.Sync}
			old := s.seen.last[c.ID]
			if old.Role == next.Role && old.Health == next.Health && old.Sync == next.Sync {
				continue
			}
			next.Detail = c.Detail
			e, err := componentChanged.Entry(c.ID, "", next)
			if err != nil {
				continue
			}
			e.Time, e.Actor = now, "system"
			entries = append(entries, e)
			changed[c.ID] = next
		}
	}
	if len(entries) == 0 {
		return
	}
	slices.SortFunc(entries, func(a, b journal.Entry) int { return strings.Compare(a.Subject, b.Subject) })
	if _, err := s.State.Append(ctx, entries...); err == nil {
		maps.Copy(s.seen.last, changed)
	}
}
