package door

import (
	"context"
	"fmt"
	"net/url"
	"slices"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/console"
	"github.com/greenlang/fournines/internal/fact"
)

// faultSheet is what is broken in a region, and what may be broken on purpose.
type faultSheet struct {
	Region api.Region
	Faults []faultRow
	Kinds  []fact.FaultKind
	Zones  []string // as targets: REGION/ZONE
	Others []string // its links to one other, as targets: REGION:OTHER
	Fault  faultPlan
}

// faultRow is a fault with the equal command of clearing it.
type faultRow struct {
	api.Fault
	Clear string
}

// faultPlan is a fault as asked for, with its plan once the ask is complete.
type faultPlan struct {
	Region  string
	Asked   url.Values
	Ask     faultAsk
	Plan    *console.Plan    // nil while something is missing
	Missing *console.Trouble // what is missing; nil when nothing was asked yet
}

// read reads what the form of faults and the list of them are made from.
func (p pages) read(ctx context.Context, a console.Ask) (faultSheet, error) {
	r, err := p.platform.Region(ctx, a.Key)
	if err != nil {
		return faultSheet{}, fmt.Errorf("read region %s: %w", a.Key, err)
	}
	faults, err := p.source.Faults(ctx)
	if err != nil {
		return faultSheet{}, fmt.Errorf("read faults: %w", err)
	}
	return faultSheet{
		Region: r, Faults: faultsIn(r.Name, faults), Kinds: fact.FaultKinds(), Zones: zonesOf(r), Others: othersOf(r, a.Status.Regions),
		Fault: faultPlan{Region: r.Name, Asked: a.Query},
	}, nil
}

// panel is the part of a region's page.
func (p pages) panel(ctx context.Context, a console.Ask) (any, error) { return p.read(ctx, a) }

// review shows a fault before it can be injected.
func (p pages) review(ctx context.Context, a console.Ask) (console.Sheet, error) {
	s, err := p.read(ctx, a)
	if err != nil {
		return console.Sheet{}, err
	}
	if s.Fault.Ask, err = readFault(s.Region, a.Query.Get); err != nil {
		s.Fault.Missing = console.TroubleOf(err)
	} else {
		plan := planFault(s.Region, s.Fault.Ask)
		s.Fault.Plan = &plan
	}
	return console.Sheet{Title: "Inject a fault in " + s.Region.Name, Data: s}, nil
}

func (p pages) inject(ctx context.Context, f url.Values) (console.Outcome, error) {
	region := targetRegion(f.Get("target"))
	r, err := p.platform.Region(ctx, region)
	if err != nil {
		return console.Outcome{}, err
	}
	a, err := readFault(r, f.Get)
	if err != nil {
		return console.Outcome{}, err
	}
	_, err = p.source.InjectFault(ctx, a.Kind.Name, a.Target, a.Duration(), a.Reason)
	return console.Outcome{Address: faultsOf(region)}, err
}

func (p pages) clear(ctx context.Context, f url.Values) (console.Outcome, error) {
	return console.Outcome{Address: faultsOf(targetRegion(f.Get("target")))}, p.source.ClearFault(ctx, f.Get("id"))
}

// faultsOf is where a region's faults are shown.
func faultsOf(region string) string { return "/regions/" + console.Segments(region) + "#region-faults" }

func clearCommand(id string) string { return "fournines fault clear " + console.Quote(id) }

// faultsIn are the faults whose target lies in a region.
func faultsIn(region string, all []api.Fault) []faultRow {
	var here []faultRow
	for _, f := range all {
		if slices.Contains(fact.FaultRegions(f.Target), region) {
			here = append(here, faultRow{f, clearCommand(f.ID)})
		}
	}
	return here
}

// zonesOf are a region's zones as targets.
func zonesOf(r api.Region) []string {
	targets := make([]string, 0, len(r.Zones))
	for _, zone := range r.Zones {
		targets = append(targets, r.Name+"/"+zone)
	}
	return targets
}

// othersOf are the links of a region to each other one that runs, as targets.
func othersOf(r api.Region, all []api.Region) []string {
	var out []string
	for _, other := range all {
		if other.Running && other.Name != r.Name {
			out = append(out, r.Name+":"+other.Name)
		}
	}
	return out
}
