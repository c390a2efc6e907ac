package assign

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/greenlang/fournines/internal/place"
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

// Plan returns what bringing up the regions of a layout would create, update and remove, given
// what runs there, and in which of them the application is to run. It covers what runs in
// regions; not what belongs to none, such as the servers. A component that is as declared
// is not in it: an empty plan means that nothing differs.
func Plan(l place.Layout, application func(region string) bool, running []Running) []Change {
	known := map[string]Running{}
	for _, r := range running {
		known[r.ID] = r
	}
	out := []Change{}
	wanted := map[string]bool{}
	for _, r := range l.Platform.Spec.Regions {
		if !slices.Contains(l.Regions, r.Name) {
			continue
		}
		all := Components(l, r.Name, application(r.Name))
		for i, c := range all {
			wanted[c.ID] = true
			if change, differs := c.compare(known, declared(all, i)); differs {
				out = append(out, change)
			}
		}
	}
	for _, r := range running {
		if !wanted[r.ID] {
			out = append(out, Change{ID: r.ID, Kind: r.Kind, Action: Remove, Why: why(l, r)})
		}
	}
	slices.SortStableFunc(out, func(a, b Change) int { return cmp.Compare(order(a.Action), order(b.Action)) })
	return out
}

func order(a Action) int { return slices.Index([]Action{Create, Update, Remove}, a) }

// compare holds a declared component against what runs.
func (c Component) compare(known map[string]Running, declared string) (Change, bool) {
	out := Change{ID: c.ID, Kind: c.Kind, Why: declared}
	r, runs := known[c.ID]
	switch {
	case !runs:
		out.Action = Create
	case r.Gone:
		out.Action, out.Why = Create, "it is missing"
	case !r.InSync:
		out.Action, out.Why = Update, "it is out of sync"
	default:
		return out, false
	}
	if runs && r.Detail != "" {
		out.Why += ": " + r.Detail
	}
	return out, true
}

// declared says why a region has a component: which one of its kind it is.
func declared(all []Component, i int) string {
	nth, of := 0, 0
	for j, c := range all {
		if c.Kind == all[i].Kind {
			of++
			if j <= i {
				nth++
			}
		}
	}
	return fmt.Sprintf("%s %d of %d of %s", all[i].Kind, nth, of, all[i].Region)
}

// why says why a running component is not wanted.
func why(l place.Layout, r Running) string {
	_, declared := l.Platform.Region(r.Region)
	switch {
	case !declared:
		return fmt.Sprintf("the platform declares no region %s", r.Region)
	case !slices.Contains(l.Regions, r.Region):
		return fmt.Sprintf("region %s shall not run here", r.Region)
	}
	return fmt.Sprintf("region %s declares no such %s", r.Region, r.Kind)
}
