package app

import (
	"context"
	"errors"
	"math"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/api"
	chaosdoor "github.com/greenlang/fournines/internal/chaos/door"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/records"
)

func (s *ServerApp) Status(_ context.Context) (api.Status, error) {
	now := time.Now()
	st := api.Status{Platform: s.Layout.Platform.Metadata.Name, Version: s.Version, At: now.UTC(), Faults: []api.Fault{}, Operations: []api.Operation{}}
	for _, r := range s.Layout.Platform.Spec.Regions {
		st.Regions = append(st.Regions, s.availability.RegionStatus(r, now))
	}
	st.Servers = s.server.Servers(now)
	var errs [5]error
	st.Availability, errs[0] = s.measured(now)
	st.Pairs, errs[1] = s.availability.Pairs(now)
	faults, err := s.chaos.Active()
	errs[2] = err
	unfinished, err := control.Unfinished(s.State)
	errs[3] = err
	finished, err := control.LastFinished(s.State, api.PageSize)
	errs[4] = err
	if err := errors.Join(errs[:]...); err != nil { // what is unknown is no empty list
		return st, err
	}
	for _, f := range faults {
		st.Faults = append(st.Faults, chaosdoor.FaultOf(f))
	}
	for _, o := range unfinished {
		st.Operations = append(st.Operations, records.OperationOf(o))
	}
	winged, err := s.findingsOfWings(now)
	if err != nil {
		return st, err
	}
	st.Findings = findings(st, slices.Concat(unfinished, finished), winged, now)
	st.Journal = api.JournalHead(s.Journal.Head())
	return st, nil
}

func (s *ServerApp) measured(now time.Time) (api.Availability, error) {
	target := float64(s.Layout.Platform.Spec.Targets.Availability)
	var a evidence.Availability
	found, err := s.State.Get(evidence.Key, &a)
	if err != nil {
		return api.Availability{}, err
	}
	if !found {
		a = evidence.Availability{Since: s.Started, Until: now}
	}
	budget := evidence.Budget(target)
	out := api.Availability{
		Since: a.Since, Until: a.Until, Target: target, BlastTarget: float64(s.Layout.Platform.Spec.Targets.BlastRadius), CustomerRatio: a.CustomerRatio(), RequestRatio: a.RequestRatio(),
		Requests: a.Requests, Failed: a.Failed, BudgetSeconds: budget, SpentSeconds: a.Spent, RemainingRatio: 1 - a.Spent/budget,
		JournalFirst: a.First, JournalLast: a.Last,
	}
	for _, m := range a.Minutes {
		out.PerMinute = append(out.PerMinute, api.Minute(m))
	}
	return out, nil
}

// ratio is one figure of the availability, for a gauge: not a number while nobody knows.
func (s *ServerApp) ratio(of func(api.Availability) float64) float64 {
	a, err := s.measured(time.Now())
	if err != nil {
		return math.NaN()
	}
	return of(a)
}

func (s *ServerApp) Tasks(context.Context) ([]api.TaskStatus, error) { return s.tasks.All(), nil }
