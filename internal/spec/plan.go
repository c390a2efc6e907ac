package spec

import (
	"cmp"
	"fmt"
	"slices"
)

// Action is what a plan would do to a component.
type Action string

// The actions of a plan, in the order in which a plan lists them.
const (
	Create Action = "create"
	Update Action = "update"
	Remove Action = "remove"
)

// Running is a component as an installation reports it.
type Running struct {
	ID     string // REGION/ZONE/KIND, or REGION/edge
	Kind   string
	Region string
	InSync bool
	Gone   bool   // reported as missing
	Detail string // why it is not in sync; may be empty
}

// Change is one thing that bringing a platform up would do.
type Change struct {
	ID     string `json:"id"`
	Kind   string `json:"kind"`
	Action Action `json:"action"`
	Why    string `json:"why"`
}

// Plan returns what bringing up the named regions of a platform would create, update and
// remove, given what runs there. It covers what runs on the regions' own hosts; it does
// not cover engines that are only spoken to, such as a broker or an object store.
// A component that is as declared is not in it: an empty plan means that nothing differs.
func Plan(p *Platform, regions []string, running []Running) []Change {
	known := map[string]Running{}
	for _, r := range running {
		known[r.ID] = r
	}
	out := []Change{}
	wanted := map[string]bool{}
	for _, r := range p.Spec.Regions {
		if !slices.Contains(regions, r.Name) {
			continue
		}
		for _, c := range p.components(r) {
			wanted[c.ID] = true
			if change, differs := c.compare(known); differs {
				out = append(out, change)
			}
		}
	}
	for _, r := range running {
		if !wanted[r.ID] {
			out = append(out, Change{ID: r.ID, Kind: r.Kind, Action: Remove, Why: why(p, regions, r)})
		}
	}
	slices.SortStableFunc(out, func(a, b Change) int { return cmp.Compare(order(a.Action), order(b.Action)) })
	return out
}

func order(a Action) int { return slices.Index([]Action{Create, Update, Remove}, a) }

// compare holds a declared component against what runs.
func (c Change) compare(known map[string]Running) (Change, bool) {
	r, runs := known[c.ID]
	switch {
	case !runs:
		c.Action = Create
	case r.Gone:
		c.Action, c.Why = Create, "it is missing"
	case !r.InSync:
		c.Action, c.Why = Update, "it is out of sync"
	default:
		return c, false
	}
	if runs && r.Detail != "" {
		c.Why += ": " + r.Detail
	}
	return c, true
}

// why says why a running component is not wanted.
func why(p *Platform, regions []string, r Running) string {
	declared, ok := p.Region(r.Region)
	switch {
	case !ok:
		return fmt.Sprintf("the platform declares no region %s", r.Region)
	case !slices.Contains(regions, declared.Name):
		return fmt.Sprintf("region %s shall not run here", r.Region)
	}
	return fmt.Sprintf("region %s declares no such %s", r.Region, r.Kind)
}

// components returns what the platform declares in a region's own hosts: in each zone a
// node, and the first members of each engine in the first zones.
func (p *Platform) components(r Region) []Change {
	e := p.Spec.Engines
	out := []Change{{ID: r.Name + "/edge", Kind: "edge", Why: fmt.Sprintf("region %s has one edge", r.Name)}}
	for i, zone := range r.Zones {
		out = append(out, Change{ID: r.Name + "/" + zone + "/node", Kind: "node", Why: "each zone has a node"})
		for _, k := range []struct {
			kind, noun string
			members    int
		}{
			{"etcd", "etcd member", e.Etcd.Members},
			{"postgres", "PostgreSQL member", e.Postgres.Primaries + e.Postgres.Replicas},
			{"redis", "Redis node", e.Redis.Nodes},
			{"sentinel", "Sentinel", e.Redis.Sentinels},
			{"greenlang", "application cluster", e.Application.ClustersPerRegion},
		} {
			if i < k.members {
				out = append(out, Change{ID: r.Name + "/" + zone + "/" + k.kind, Kind: k.kind, Why: fmt.Sprintf("%d of %s", i+1, count(k.members, k.noun))})
			}
		}
	}
	return out
}
