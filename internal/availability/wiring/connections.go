package wiring

import (
	"context"
	"errors"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/wing"
)

// connectionsEvery is how often the sessions of a primary are counted and its limits looked
// at, over a new connection.
const connectionsEvery = 5 * time.Second

// slowLook is how long nothing may move while a person's or Patroni's session is looked at:
// nothing is decided on it that is in a hurry.
const slowLook = 5 * time.Second

// lookConnections looks at who is connected to the region's primary, and whether the limits
// are as declared. A standby cluster has the limits that it is sent.
func (r *region) lookConnections(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, 4*slowLook)
	defer cancel()
	p := r.facts.Postgres(r.spec.Name)
	id := r.primary()
	if id == "" {
		return nil // it has no leader; others say so
	}
	var c fact.PostgresConnections
	if !p.Lock.Standby {
		at, err := fact.Component(id)
		if err != nil {
			return err
		}
		if c, err = r.admin.Look(ctx, r.layout.Address(r.spec.Name, at.Zone, place.Postgres), slowLook); err != nil {
			return err
		}
	}
	bounded, err := r.lock.Bounded(ctx)
	if err != nil {
		return err
	}
	if !bounded {
		c.Differs = append(c.Differs, "the cluster's configuration keeps other connections free than declared")
	}
	c.At, c.Member = r.now(), id
	if _, short := availability.ConnectionFinding(fact.Postgres{Connections: c}, c.At); short {
		if c.Short = p.Connections.Short; c.Short.IsZero() {
			c.Short = c.At
		}
	}
	if c.Crowded != "" {
		if c.Crowd = p.Connections.Crowd; c.Crowd.IsZero() {
			c.Crowd = c.At
		}
	}
	r.facts.PutPostgres(r.spec.Name, func(p *fact.Postgres) { p.Connections = c })
	return nil
}

// limits implements availability.Limits.
type limits struct{ w *Wiring }

func (x limits) Bound(ctx context.Context, cluster string) ([]string, error) {
	r, err := x.w.region(cluster)
	if err != nil {
		return nil, err
	}
	if err := r.lock.Bound(ctx); err != nil {
		return nil, err
	}
	lock, err := r.lock.Read(ctx)
	if err != nil || lock.Standby {
		return nil, err
	}
	for _, z := range r.spec.Zones {
		if place.Member(r.spec.Name, z) == lock.Leader {
			return r.admin.Bound(ctx, r.layout.Address(r.spec.Name, z, place.Postgres), slowLook)
		}
	}
	return nil, errors.New(cluster + " has no leader whose limits could be set")
}

func (w *Wiring) connectionTasks() (out []wing.Task) {
	for _, name := range w.house.Layout.Regions {
		out = append(out, wing.Task{
			Name: "connections-" + name, Does: "Counts the sessions of the primary of " + name + ", looks whether their limits are as declared, and what write-ahead log it has.",
			Every: connectionsEvery, Do: func(ctx context.Context) error {
				return errors.Join(w.regions[name].lookConnections(ctx), w.regions[name].lookWAL(ctx)) // one after another: few sessions are kept free
			},
		})
	}
	return out
}

func (w *Wiring) connectionFindings(now time.Time) (out []wing.Finding) {
	for _, name := range w.house.Layout.Regions {
		p := w.house.Facts.Postgres(name)
		if f, short := availability.ConnectionFinding(p, now); short {
			out = append(out, f)
		}
		if f, crowded := availability.CrowdedFinding(p, now); crowded {
			out = append(out, f)
		}
	}
	return out
}

// connectionMetrics tell the sessions of edges and primaries. They are read at the moment of
// asking, from the newest facts.
type connectionMetrics struct{ w *Wiring }

var (
	edgeSessions = prometheus.NewDesc("fournines_edge_sessions", "Sessions that an edge has open at a leader, by role; role is empty where there are none or they are encrypted.", []string{"region", "service", "role"}, nil)
	edgeRefused  = prometheus.NewDesc("fournines_edge_sessions_refused_total", "Sessions that an edge has refused since it began because a bound of their number was reached.", []string{"region", "service"}, nil)
	roleSessions = prometheus.NewDesc("fournines_postgres_sessions", "Sessions of a role at the primary.", []string{"region", "role", "database"}, nil)
	roleLimit    = prometheus.NewDesc("fournines_postgres_sessions_limit", "Sessions that a role may have at the primary.", []string{"region", "role"}, nil)
)

// Describe implements prometheus.Collector.
func (connectionMetrics) Describe(out chan<- *prometheus.Desc) {
	out <- edgeSessions
	out <- edgeRefused
	out <- roleSessions
	out <- roleLimit
}

// Collect implements prometheus.Collector.
func (m connectionMetrics) Collect(out chan<- prometheus.Metric) {
	gauge := func(d *prometheus.Desc, v int, labels ...string) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, float64(v), labels...)
	}
	for _, region := range m.w.house.Layout.Regions {
		for _, t := range m.w.house.Facts.Edge(region).TCP {
			out <- prometheus.MustNewConstMetric(edgeRefused, prometheus.CounterValue, float64(t.Crowded), region, t.Service)
			if len(t.Roles) == 0 {
				gauge(edgeSessions, t.Seated, region, t.Service, "")
			}
			for _, r := range t.Roles {
				gauge(edgeSessions, r.Sessions, region, t.Service, r.Role)
			}
		}
		c := m.w.house.Facts.Postgres(region).Connections
		for of, n := range sums(c) {
			gauge(roleSessions, n, region, of.Role, of.Database)
		}
		for role, limit := range c.Roles {
			gauge(roleLimit, limit, region, role)
		}
	}
}

// sums counts a primary's sessions by role and database.
func sums(c fact.PostgresConnections) map[fact.PostgresSessions]int {
	out := map[fact.PostgresSessions]int{}
	for _, s := range c.Sessions {
		out[fact.PostgresSessions{Role: s.Role, Database: s.Database}] += s.Open
	}
	return out
}
