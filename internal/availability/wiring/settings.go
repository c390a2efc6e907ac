package wiring

import (
	"context"
	"errors"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/wing"
)

// settingsEvery is how often each PostgreSQL server is asked how it is set. Few sessions are kept
// free on a server, so that one is opened and ended at a time.
const settingsEvery = 10 * time.Second

// lookSettings compares how each of the region's PostgreSQL servers is set with what is declared.
// A server that does not answer keeps what was last known of it: others say that it is silent.
func (r *region) lookSettings(ctx context.Context) error {
	declared := parameters(r.lock.Declared)
	found := maps.Clone(r.facts.Postgres(r.spec.Name).Settings)
	if found == nil {
		found = map[string][]string{}
	}
	var failed error
	for _, z := range r.spec.Zones {
		id := place.ID(r.spec.Name, z, place.Postgres)
		differs, err := r.admin.Settings(ctx, r.layout.Address(r.spec.Name, z, place.Postgres), slowLook, declared)
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		if delete(found, id); len(differs) > 0 {
			found[id] = differs
		}
	}
	r.facts.PutPostgres(r.spec.Name, func(p *fact.Postgres) {
		p.Settings = once(found, p.Lock.Differs)
		p.Drifted(r.now())
	})
	return failed
}

// parameters are those of a Patroni configuration.
func parameters(declared map[string]any) map[string]any {
	server, _ := declared["postgresql"].(map[string]any)
	out, _ := server["parameters"].(map[string]any)
	return out
}

// once leaves out what the cluster's configuration says already, and Patroni has handed on.
func once(settings map[string][]string, told []string) map[string][]string {
	for id, all := range settings {
		left := slices.DeleteFunc(slices.Clone(all), func(one string) bool {
			name, _, _ := strings.Cut(one, " is ")
			return slices.ContainsFunc(told, func(t string) bool { return strings.HasPrefix(t, "postgresql.parameters."+name+" is ") })
		})
		if settings[id] = left; len(left) == 0 {
			delete(settings, id)
		}
	}
	return settings
}

func settingsTasks(w *Wiring) (out []wing.Task) {
	for _, name := range w.house.Layout.Regions {
		out = append(out, wing.Task{
			Name: "settings-" + name, Does: "Asks each PostgreSQL server of " + name + " whether it is set as declared, or by ALTER SYSTEM or a role's own settings.",
			Every: settingsEvery, Do: func(ctx context.Context) error { return w.regions[name].lookSettings(ctx) },
		})
	}
	return out
}
