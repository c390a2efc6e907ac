package console

import (
	"context"
	"fmt"
	"net/url"
	"slices"
	"strings"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/fact"
)

// regionSheet is one region: what runs, whether it could fail over, and what may
// be broken on purpose.
type regionSheet struct {
	Region   api.Region
	Topology topology
	Faults   []api.Fault
	Kinds    []fact.FaultKind
	Zones    []string // as targets: REGION/ZONE
	Others   []string // its links to one other, as targets: REGION:OTHER
	Fault    faultPlan
}

// faultPlan is a fault as asked for, with its plan once the ask is complete.
type faultPlan struct {
	Region  string
	Asked   url.Values
	Ask     faultAsk
	Plan    *plan    // nil while something is missing
	Missing *trouble // what is missing; nil when nothing was asked yet
}

func loadRegion(ctx context.Context, src Source, a ask) (sheet, error) {
	r, err := src.Region(ctx, a.Key)
	if err != nil {
		return sheet{}, fmt.Errorf("read region %s: %w", a.Key, err)
	}
	faults, err := src.Faults(ctx)
	if err != nil {
		return sheet{}, fmt.Errorf("read faults: %w", err)
	}
	status, err := src.Status(ctx)
	if err != nil {
		return sheet{}, fmt.Errorf("read regions: %w", err)
	}
	return sheet{Title: r.Name, Data: regionSheet{
		Region: r, Topology: drawTopology(r), Faults: faultsIn(r.Name, faults),
		Kinds: fact.FaultKinds(), Zones: zonesOf(r), Others: othersOf(r, status.Regions), Fault: faultPlan{Region: r.Name, Asked: a.Query},
	}}, nil
}

// loadFault reviews a fault before it can be injected.
func loadFault(ctx context.Context, src Source, a ask) (sheet, error) {
	s, err := loadRegion(ctx, src, a)
	if err != nil {
		return sheet{}, err
	}
	r := s.Data.(regionSheet)
	r.Fault.Ask, err = readFault(r.Region, a.Query.Get)
	if err != nil {
		r.Fault.Missing = troubleOf(err)
	} else {
		p := planFault(r.Region, r.Fault.Ask)
		r.Fault.Plan = &p
	}
	return sheet{Title: "Inject a fault in " + r.Region.Name, Data: r}, nil
}

// switchoverSheet is a switchover before it is asked for.
type switchoverSheet struct {
	Region    api.Region
	Readiness api.Readiness
	Candidate string
	Reason    string
	Plan      plan
	Missing   *trouble
}

// loadSwitchover reviews a switchover of one cluster of a region.
func loadSwitchover(ctx context.Context, src Source, a ask) (sheet, error) {
	r, err := src.Region(ctx, a.Key)
	if err != nil {
		return sheet{}, fmt.Errorf("read region %s: %w", a.Key, err)
	}
	cluster := a.Query.Get("cluster")
	for _, ready := range r.Readiness {
		if ready.Cluster != cluster || !switches(cluster) {
			continue
		}
		s := switchoverSheet{Region: r, Readiness: ready, Candidate: a.Query.Get("candidate"), Reason: strings.TrimSpace(a.Query.Get("reason"))}
		if s.Candidate == "" && len(ready.Candidates) > 0 {
			s.Candidate = ready.Candidates[0]
		}
		if err := checkReason(s.Reason); err != nil {
			s.Missing = troubleOf(err)
		}
		if !slices.Contains(ready.Candidates, s.Candidate) {
			s.Missing = badRequest(fmt.Sprintf("%q is no candidate of %s now", s.Candidate, cluster), "Choose one of the list.")
		}
		s.Plan = planSwitchover(ready, s.Candidate, s.Reason)
		return sheet{Title: "Switch over " + cluster, Data: s}, nil
	}
	return sheet{}, fmt.Errorf("find cluster %q in %s: %w", cluster, r.Name, ErrNotFound)
}

// switches tells whether a person may choose a cluster's leader: Kafka's brokers elect the
// controller of their quorum by themselves.
func switches(cluster string) bool { return !strings.HasSuffix(cluster, "/kafka") }

// faultsIn are the faults whose target lies in a region.
func faultsIn(region string, all []api.Fault) []api.Fault {
	var here []api.Fault
	for _, f := range all {
		if slices.Contains(fact.FaultRegions(f.Target), region) {
			here = append(here, f)
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
