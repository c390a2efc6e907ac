package wiring

import (
	"context"
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/spec"
)

// Region implements the door's Source.
func (w *Wiring) Region(_ context.Context, name string) (api.Region, error) {
	r, ok := w.house.Layout.Platform.Region(name)
	if !ok {
		return api.Region{}, fmt.Errorf("the platform has no region %q: %w", name, api.ErrNotFound)
	}
	return w.RegionStatus(r, w.house.Now()), nil
}

func (w *Wiring) RegionStatus(r spec.Region, now time.Time) api.Region {
	out := api.Region{Name: r.Name, Role: r.Role, Pair: r.Pair, Zones: r.Zones, Components: []api.Component{}, Links: []api.Relation{}, Readiness: []api.Readiness{}}
	if _, ok := w.regions[r.Name]; !ok {
		return out
	}
	out.Running = true
	if placed, err := w.placement(); err == nil { // else its components say that it is unknown
		out.Applied = placed.Runs(r.Name)
	}
	out.Components = w.Components(r.Name, now)
	out.Links = relations(out.Components)
	view, err := w.PostgresView(place.Cluster(r.Name, place.Postgres))
	postgres := availability.PostgresReadiness(view, now)
	if err != nil {
		postgres.Ready, postgres.Reasons = false, []string{"unknown: " + err.Error()}
	}
	out.Readiness = []api.Readiness{
		postgres,
		availability.RedisReadiness(w.house.Facts.Redis(r.Name), w.house.Layout.Redis(r.Name), now),
	}
	engines := []string{place.Postgres, place.Redis}
	if len(w.house.Layout.Brokers(r.Name)) > 1 { // a single broker could never be lost
		out.Readiness = append(out.Readiness, availability.KafkaReadiness(w.house.Facts.Kafka(r.Name), w.house.Layout.Platform.Spec.Engines.Kafka, now))
		engines = append(engines, place.Kafka)
	}
	for i, engine := range engines {
		out.Readiness[i].Cluster = place.Cluster(r.Name, engine) // also while nothing of it was seen
		out.Readiness[i].Alone = w.house.Layout.Alone(r.Name)
	}
	return out
}

// relations relates the components: who replicates from whom, and where the edge sends traffic.
func relations(components []api.Component) []api.Relation {
	var out []api.Relation
	leader := map[string]api.Component{}
	for _, c := range components {
		if c.Role == "primary" || c.Role == "master" || c.Role == "controller" {
			leader[c.Kind] = c
		}
	}
	for _, c := range components {
		switch {
		case c.Role == "replica" || c.Role == "sync-standby":
			if l, ok := leader[c.Kind]; ok {
				out = append(out, api.Relation{From: l.ID, To: c.ID, Kind: "replication", Health: c.Health, Label: c.Detail})
			}
		case c.Role == "broker":
			if l, ok := leader[c.Kind]; ok {
				out = append(out, api.Relation{From: l.ID, To: c.ID, Kind: "quorum", Health: c.Health})
			}
		case c.Kind == place.Mirror:
			out = append(out, api.Relation{From: c.ID, To: place.ID(c.Region, c.Zone, place.Kafka), Kind: "replication", Health: c.Health})
		case c.Kind == place.GreenLang || (c.Kind == place.Postgres && c.Role == "primary") || (c.Kind == place.Redis && c.Role == "master"):
			out = append(out, api.Relation{From: place.Cluster(c.Region, place.Edge), To: c.ID, Kind: "traffic", Health: c.Health})
		}
	}
	return out
}
