package app

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/api"
	chaosdoor "github.com/greenlang/fournines/internal/chaos/door"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal"
)

func (s *ServerApp) Status(_ context.Context) (api.Status, error) {
	now := time.Now()
	st := api.Status{Platform: s.Layout.Platform.Metadata.Name, Version: s.Version, At: now.UTC(), Faults: []api.Fault{}, Operations: []api.Operation{}}
	for _, r := range s.Layout.Platform.Spec.Regions {
		st.Regions = append(st.Regions, s.availability.RegionStatus(r, now))
	}
	st.Servers = s.servers(now)
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
		st.Operations = append(st.Operations, apiOperation(o))
	}
	winged, err := s.findingsOfWings(now)
	if err != nil {
		return st, err
	}
	st.Findings = findings(st, slices.Concat(unfinished, finished), slices.Concat(s.seatFindings(now), winged), now)
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

func apiOperation(o control.Operation) api.Operation {
	out := api.Operation{
		ID: o.Key, Kind: o.Kind, Subject: o.Subject, State: o.State, Actor: o.Actor, Reason: o.Reason, Error: o.Error,
		Begun: o.Begun, Ended: o.Ended, Steps: []api.Step{}, First: o.First, Last: o.Last,
	}
	for _, t := range o.Steps {
		detail := t.Error
		if detail == "" && len(t.Result) > 0 && string(t.Result) != "null" {
			detail = string(t.Result)
		}
		out.Steps = append(out.Steps, api.Step{Name: t.Name, State: t.State, Detail: detail, Begun: t.Begun, Ended: t.Ended, Journal: t.Index})
	}
	return out
}

// Operations implements what the doors declare. What the state keeps no more is read from the journal.
func (s *ServerApp) Operations(ctx context.Context, f api.OperationFilter) (api.Page[api.Operation], error) {
	var page api.Page[api.Operation]
	below := uint64(0)
	if f.Before != "" {
		o, err := s.operation(ctx, f.Before)
		if err != nil || o.First == 0 { // the journal's first entry has none before it
			return page, decided(err)
		}
		below = o.First
	}
	all, err := s.operationsBelow(ctx, f.Subject, below, f.Limit+1, func(o control.Operation) bool {
		return (f.State == "" || o.State == f.State) && (f.Kind == "" || o.Kind == f.Kind) && (f.Subject == "" || o.Subject == f.Subject)
	})
	if err != nil {
		return page, err
	}
	for _, o := range all[:min(len(all), f.Limit)] {
		page.Items = append(page.Items, apiOperation(o))
	}
	if len(all) > f.Limit && f.Limit > 0 {
		page.Next = page.Items[f.Limit-1].ID
	}
	return page, nil
}

func (s *ServerApp) Operation(ctx context.Context, id string) (api.Operation, error) {
	o, err := s.operation(ctx, id)
	if errors.Is(err, control.ErrUnknown) {
		return api.Operation{}, fmt.Errorf("no operation %q: %w", id, api.ErrNotFound)
	}
	return apiOperation(o), err
}

// Entries implements what the doors declare. It reads backwards through the log, so a page near
// its end is fast whatever the log's size.
func (s *ServerApp) Entries(_ context.Context, f api.EntryFilter) (api.Page[api.Entry], error) {
	const chunk = 512
	var page api.Page[api.Entry]
	to := s.Journal.Head().Size
	if f.Before > 0 {
		to = min(to, f.Before)
	}
	for to > f.From {
		from := max(f.From, to-min(to, chunk))
		records, err := s.Journal.Read(from, int(to-from)) //nolint:gosec // at most chunk
		if err != nil {
			return page, err
		}
		for _, r := range slices.Backward(records) {
			if !matches(r.Entry, f) {
				continue
			}
			if len(page.Items) == f.Limit {
				page.Next = strconv.FormatUint(page.Items[f.Limit-1].Index, 10)
				return page, nil
			}
			e, err := s.apiEntry(r)
			if err != nil {
				return page, err
			}
			page.Items = append(page.Items, e)
		}
		to = from
	}
	return page, nil
}

func matches(e journal.Entry, f api.EntryFilter) bool {
	kind := f.Kind == "" || e.Kind == f.Kind || (strings.HasSuffix(f.Kind, ".") && strings.HasPrefix(e.Kind, f.Kind))
	return kind && (f.Subject == "" || e.Subject == f.Subject) && (f.Operation == "" || e.Operation == f.Operation)
}

func (s *ServerApp) apiEntry(r journal.Record) (api.Entry, error) {
	persons, erased, err := s.compliance.PersonsIn(r.Data)
	return api.Entry{
		Sealed: persons, Erased: erased,
		Index: r.Index, Time: r.Time, Kind: r.Kind, Subject: r.Subject, Operation: r.Operation,
		Actor: r.Actor, Reason: r.Reason, Trace: r.Trace, Approval: r.Approval, Data: r.Data, Hash: hex.EncodeToString(r.Hash),
	}, err
}

func (s *ServerApp) Entry(_ context.Context, index uint64) (api.Entry, error) {
	records, err := s.Journal.Read(index, 1)
	if err != nil {
		return api.Entry{}, err
	}
	if len(records) == 0 {
		return api.Entry{}, fmt.Errorf("the journal has no entry %d, its newest is %d: %w", index, max(s.Journal.Head().Size, 1)-1, api.ErrNotFound)
	}
	return s.apiEntry(records[0])
}

func (s *ServerApp) Changes(ctx context.Context) <-chan uint64 {
	out := make(chan uint64, 1)
	go func() {
		defer close(out)
		for size := s.Journal.Head().Size; ; {
			next, err := s.Journal.Wait(ctx, size)
			if err != nil {
				return
			}
			size = next
			select {
			case <-out: // a newer one replaces what was not taken
			default:
			}
			out <- size - 1
		}
	}()
	return out
}

func (s *ServerApp) DrillReports(context.Context) ([]api.DrillReport, error) {
	return drill.Before(s.State, 0, api.PageSize)
}

// DrillReport implements what the doors declare. One that the state keeps no more is read from the journal.
func (s *ServerApp) DrillReport(ctx context.Context, id string) (api.DrillReport, error) {
	var r drill.Report
	found, err := s.State.Get(drill.Prefix+id, &r)
	if err == nil && !found {
		r, found, err = s.pastReport(ctx, id)
	}
	if err == nil && !found {
		err = fmt.Errorf("no drill report %q: %w", id, api.ErrNotFound)
	}
	return r, err
}
