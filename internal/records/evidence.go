package records

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/state"
)

// maxIncidents is the most incidents that evidence names one by one.
const maxIncidents = 100

const burnDownSteps = 60

func (x *Records) Evidence(ctx context.Context, f api.EvidenceFilter) (api.Evidence, error) {
	counts, err := evidence.CountsOf(x.house.State)
	if err != nil {
		return api.Evidence{}, err
	}
	p := x.house.Layout.Platform
	if err := exists(p, counts, f.Scope); err != nil {
		return api.Evidence{}, err
	}
	incidents, err := state.List[evidence.Incident](x.house.State, evidence.IncidentPrefix)
	if err != nil {
		return api.Evidence{}, err
	}
	drills, err := x.reports(ctx, f.From)
	if err != nil {
		return api.Evidence{}, err
	}
	moves, err := x.moves(ctx, f.From)
	if err != nil {
		return api.Evidence{}, err
	}
	return ComputeEvidence(counts, incidents, drills, movesOf(moves), p.Spec.Cells.Count, float64(p.Spec.Targets.Availability), f), nil
}

// exists refuses a scope that the platform does not have: of nothing, nothing is known.
func exists(p *spec.Platform, counts evidence.Counts, s evidence.Scope) error {
	var regions []string
	for _, r := range p.Spec.Regions {
		regions = append(regions, r.Name)
	}
	_, services := known(counts)
	err := errors.Join(spec.Among("region", s.Region, regions), spec.Among("service", s.Service, services))
	if err == nil && s.Cell != nil && *s.Cell >= p.Spec.Cells.Count {
		err = &spec.NoneOfError{What: "cell", Value: strconv.Itoa(*s.Cell), Has: []string{fmt.Sprintf("0 to %d", p.Spec.Cells.Count-1)}}
	}
	return err
}

// ComputeEvidence answers from what the state keeps of the journal.
func ComputeEvidence(counts evidence.Counts, incidents []evidence.Incident, drills []drill.Report, moves []evidence.Move, cells int, target float64, f api.EvidenceFilter) api.Evidence {
	measure := func(scope evidence.Scope) evidence.Measured {
		return evidence.Measure(counts, incidents, scope, cells, f.From, f.To)
	}
	e := api.Evidence{
		From: f.From, To: f.To, Of: f.Of, Target: target, Platform: measure(f.Scope),
		Regions: []evidence.Measured{}, Cells: []evidence.Measured{}, Services: []evidence.Measured{},
		Burn: evidence.DecideBurn(counts, incidents, cells, target, f.To), BurnDown: evidence.BurnDown(counts, f.Scope, cells, f.From, f.To, burnDownSteps),
	}
	regions, services := known(counts)
	for _, r := range regions {
		e.Regions = append(e.Regions, measure(evidence.Scope{Region: r}))
	}
	for _, name := range services {
		e.Services = append(e.Services, measure(evidence.Scope{Region: f.Scope.Region, Service: name}))
	}
	for c := range cells {
		e.Cells = append(e.Cells, measure(evidence.Scope{Region: f.Scope.Region, Service: f.Scope.Service, Cell: &c}))
	}
	allowed := (1 - target) * f.To.Sub(f.From).Seconds()
	e.Budget = api.Budget{Allowed: allowed, Spent: e.Platform.Spent}
	if e.Platform.Customer != nil {
		e.Budget.Remaining = new(1 - e.Platform.Spent/allowed)
	}
	e.Figures = evidence.Figures(incidents, drills, moves, e.Platform.Known, f.Of, f.From, f.To)
	e.Incidents = newest(incidents, f.From, f.To)
	return e
}

// movesOf returns the evacuations that people asked for and that succeeded.
func movesOf(operations []control.Operation) []evidence.Move {
	var out []evidence.Move
	for _, o := range operations {
		if o.Kind != availability.KindEvacuate || o.State != control.Succeeded || strings.HasPrefix(o.Reason, drillReason) {
			continue
		}
		var a availability.MoveArgs
		var m availability.Moved
		if err := json.Unmarshal(o.Args, &a); err != nil || len(o.Steps) == 0 || json.Unmarshal(o.Steps[len(o.Steps)-1].Result, &m) != nil {
			continue // of another version, which said it otherwise
		}
		out = append(out, evidence.Move{At: o.Begun, RTO: m.RTO, RPO: m.RPO, Practice: a.Practice, Entries: []uint64{o.First, o.Last}})
	}
	return out
}

// drillReason begins the reason of what a drill asks for.
const drillReason = "drill "

// known returns the regions and services that were counted, sorted.
func known(c evidence.Counts) (regions, services []string) {
	r, v := map[string]bool{}, map[string]bool{}
	for _, d := range c.Outside {
		r[d.Home] = true
	}
	for _, d := range c.Days {
		r[d.Region] = true
		for _, row := range d.Rows {
			v[row.Service] = true
		}
	}
	return slices.Sorted(maps.Keys(r)), slices.Sorted(maps.Keys(v))
}

func newest(incidents []evidence.Incident, from, to time.Time) []evidence.Incident {
	out := slices.DeleteFunc(slices.Clone(incidents), func(i evidence.Incident) bool { return i.Recovered.Before(from) || !i.Began.Before(to) })
	slices.SortFunc(out, func(a, b evidence.Incident) int { return b.Began.Compare(a.Began) })
	return append([]evidence.Incident{}, out[:min(len(out), maxIncidents)]...)
}
