package cli

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/cli/verb"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/spec"
)

// planned is what `plan` prints with -o json and -o yaml.
type planned struct {
	Platform string          `json:"platform"`
	Regions  []string        `json:"regions"`
	Running  bool            `json:"running"` // an installation answered
	Changes  []assign.Change `json:"changes"`
	Settings []spec.Setting  `json:"settings"`
}

func (w world) planCommand() *cobra.Command {
	var file string
	var regions []string
	c := &cobra.Command{
		Use: "plan", Short: "Show what differs between the platform file and what runs", Args: cobra.NoArgs,
		Long:    "Show what bringing the platform up here would create, update and remove, and which settings\ndiffer from the running installation's. Exit 0 when nothing differs, 3 when something does.",
		Example: "  fournines plan\n  fournines plan -f platform.yaml -o json",
		RunE: func(c *cobra.Command, _ []string) error {
			d, err := spec.Open(file)
			if err != nil {
				return w.unusable(file, err)
			}
			if err := known(d.Platform, regions); err != nil {
				return err
			}
			p, err := w.plan(c.Context(), d.Platform, regions)
			if err != nil {
				return err
			}
			return w.printPlan(p, d.Name)
		},
	}
	fileFlag(c, &file)
	c.Flags().StringSliceVar(&regions, "regions", nil, "regions to run here; by default those that run, or the first active one and its partner")
	return c
}

// known refuses regions that the platform does not declare.
func known(p *spec.Platform, regions []string) error {
	for _, name := range regions {
		if _, ok := p.Region(name); !ok {
			return verb.Exitf(verb.Misused, "--regions: platform %s declares no region %q; it has %s", p.Metadata.Name, name, strings.Join(place.RegionNames(p), ", "))
		}
	}
	return nil
}

// plan holds the platform against what runs, if anything does.
func (w world) plan(ctx context.Context, p *spec.Platform, regions []string) (planned, error) {
	inst, layout, err := place.LoadInstallation(w.Data)
	here := err == nil
	switch {
	case err != nil && !errors.Is(err, fs.ErrNotExist):
		return planned{}, err
	case !here && w.Server == "":
		l := place.Layout{Platform: p, Regions: usual(p, regions)}
		if len(l.Regions) > lean { // as `up` brings them up
			place.Lean(p, l.Regions)
		}
		return planned{p.Metadata.Name, l.Regions, false, assign.Plan(l, func(region string) bool { return assign.Applied(l, region) }, nil), []spec.Setting{}}, nil
	}
	status, err := w.status(ctx)
	if err != nil {
		return planned{}, fmt.Errorf("ask the installation what runs: %w; `fournines up` brings it back, another --data plans a new one", err)
	}
	if len(regions) == 0 {
		regions = runningRegions(status)
	}
	if isLean(p, status) {
		first := runningRegions(status)
		if here {
			first = layout.Regions // in the order in which they were named
		}
		place.Lean(p, first)
	}
	l := place.Layout{Platform: p, Regions: regions}
	out := planned{p.Metadata.Name, regions, true, assign.Plan(l, appliedIn(l, status), runningOf(status)), []spec.Setting{}}
	if here && (w.Server == "" || w.Server == inst.Listen) {
		out.Settings = spec.Diff(layout.Platform, p)
	} else {
		w.Note("settings are not compared: the platform file of %s is not on this machine", w.Server)
	}
	return out, nil
}

// usual returns the regions asked for, or the first active one and its partner, as `up` does.
func usual(p *spec.Platform, regions []string) []string {
	if len(regions) > 0 {
		return regions
	}
	first := p.ActiveRegions()[0] // a valid platform has one
	if _, ok := p.Region(first.Pair); ok {
		return []string{first.Name, first.Pair}
	}
	return []string{first.Name}
}

// isLean tells whether an installation runs one zone in a region for which the platform declares
// more.
func isLean(p *spec.Platform, s api.Status) bool {
	return slices.ContainsFunc(s.Regions, func(r api.Region) bool {
		declared, ok := p.Region(r.Name)
		return ok && r.Running && len(r.Zones) == 1 && len(declared.Zones) > 1
	})
}

// appliedIn tells in which regions the application is to run: as the installation says of those
// that it runs, and as it would begin in others.
func appliedIn(l place.Layout, s api.Status) func(region string) bool {
	return func(region string) bool {
		i := slices.IndexFunc(s.Regions, func(r api.Region) bool { return r.Name == region && r.Running })
		if i < 0 {
			return assign.Applied(l, region)
		}
		return s.Regions[i].Applied
	}
}

func runningRegions(s api.Status) []string {
	var out []string
	for _, r := range s.Regions {
		if r.Running {
			out = append(out, r.Name)
		}
	}
	return out
}

// runningOf returns what an installation says about its components. One whose sync is
// unknown counts as in sync unless it is missing: nobody has seen it differ.
func runningOf(s api.Status) []assign.Running {
	var out []assign.Running
	for _, r := range s.Regions {
		for _, c := range r.Components {
			out = append(out, assign.Running{
				ID: c.ID, Kind: c.Kind, Region: r.Name, Detail: c.Detail,
				InSync: c.Sync != api.OutOfSync, Gone: c.Health == api.Missing,
			})
		}
	}
	return out
}

func (w world) printPlan(p planned, file string) error {
	t := verb.Table{Head: []string{"ACTION", "WHAT", "WHY"}}
	var names []string
	for _, c := range p.Changes {
		t.Rows = append(t.Rows, []string{string(c.Action), c.ID, c.Why})
		names = append(names, c.ID)
	}
	for _, s := range p.Settings {
		t.Rows = append(t.Rows, []string{"set", s.Path, s.Old + " → " + s.New})
		names = append(names, s.Path)
	}
	n := len(t.Rows)
	if n == 0 && (w.People()) {
		w.Note("nothing differs: the platform runs as %s declares", file)
		return nil
	}
	if err := w.Print(p, t, names); err != nil {
		return err
	}
	if n > 0 {
		return verb.Exitf(verb.Missed, "%d components and %d settings differ from what %s declares", len(p.Changes), len(p.Settings), file)
	}
	return nil
}
