package app

import (
	"context"
	"encoding/json"
	"errors"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/alerts"
	"github.com/greenlang/fournines/internal/api"
	availabilitywiring "github.com/greenlang/fournines/internal/availability/wiring"
	chaoswiring "github.com/greenlang/fournines/internal/chaos/wiring"
	compliancewiring "github.com/greenlang/fournines/internal/compliance/wiring"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal/table"
	"github.com/greenlang/fournines/internal/records"
	recoverywiring "github.com/greenlang/fournines/internal/recovery/wiring"
	"github.com/greenlang/fournines/internal/runbook"
	runbookwiring "github.com/greenlang/fournines/internal/runbook/wiring"
	"github.com/greenlang/fournines/internal/schedule"
	schedulewiring "github.com/greenlang/fournines/internal/schedule/wiring"
	"github.com/greenlang/fournines/internal/server"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wing"
)

// registerWings makes every wing, and those that a test brings. All that a wing hands over,
// its door too, reaches everything else from here.
func (s *ServerApp) registerWings(more ...Maker) {
	add := func(w wing.Wing, doors ...Door) {
		s.wings, s.doors = append(s.wings, w), append(s.doors, doors...)
	}
	records, w := records.New(s.House, records.Options{
		Kinds: s.entryKinds, Drills: s.drills,
		Tables:  func(ctx context.Context) (*table.Snapshot, error) { return s.compliance.Tables(ctx) },
		Persons: func(data json.RawMessage) ([]string, []api.Erasure, error) { return s.compliance.PersonsIn(data) },
	})
	s.records = records
	add(w)
	server, w := server.New(s.House, server.Options{
		Version: s.Version, Kinds: s.entryKinds, Lead: s.lead, PeersChanged: func() { s.compliance.PeersChanged() },
	})
	s.server = server
	add(w)
	// The first that opens anything: a person who was erased is erased again before all else.
	compliance, w := compliancewiring.New(s.House, compliancewiring.Options{Entries: records, Keys: server.KeysOfPersons, Peers: server.Peers, Leads: server.Leads})
	s.compliance = compliance
	add(w)
	availability, w := availabilitywiring.New(s.House)
	s.availability = availability
	add(w)
	s.recovery, w = recoverywiring.New(s.House)
	add(w)
	chaos, w := chaoswiring.New(s.House)
	s.chaos = chaos
	add(w)
	s.alerts, w = alerts.New(s.House, s.look)
	add(w)
	s.schedules, w = schedulewiring.New(s.House, s.planned)
	add(w)
	s.runbooks, w = runbookwiring.New(s.House, s.runbookActions)
	add(w)
	for _, of := range more {
		add(of(s.House))
	}
}

// planned are the schedules of every wing.
func (s *ServerApp) planned() (out []schedule.Schedule) {
	for _, w := range s.wings {
		out = append(out, w.Schedules...)
	}
	return out
}

// RunbookActions returns what runbooks may ask for. They are known without a server, because a
// runbook is also read and linted where none runs.
func RunbookActions() []runbook.Action { return unhoused().runbookActions() }

func (s *ServerApp) runbookActions() (out []runbook.Action) {
	for _, w := range s.wings {
		out = append(out, w.Runbook...)
	}
	return out
}

// folds are those of the core and of every wing.
func (s *ServerApp) folds() []state.Fold {
	out := []state.Fold{control.Fold, drill.Fold, evidence.Fold, evidence.FoldDays, evidence.FoldIncidents}
	for _, w := range s.wings {
		if w.Fold != nil {
			out = append(out, w.Fold)
		}
	}
	return out
}

// decideWings hands what the wings want done to control. On a view that cannot be read whole
// nothing is decided, and the error names it.
func (s *ServerApp) decideWings(ctx context.Context, now time.Time) error {
	errs := []error{s.Control.Retire(ctx)} // before what they keep from beginning
	for _, w := range s.wings {
		if w.Decide == nil {
			continue
		}
		actions, err := w.Decide(now)
		errs = append(errs, err)
		s.submit(ctx, actions)
	}
	return errors.Join(errs...)
}

// findings returns what needs a person, the most severe first.
func (s *ServerApp) findings(now time.Time) ([]wing.Finding, error) {
	out := append([]wing.Finding{}, s.tasks.Findings(now)...)
	for _, w := range s.wings {
		if w.Findings == nil {
			continue
		}
		found, err := w.Findings(now)
		if err != nil {
			return nil, err
		}
		out = append(out, found...)
	}
	slices.SortStableFunc(out, func(a, b wing.Finding) int { return evidence.Rank(b.Severity) - evidence.Rank(a.Severity) })
	return evidence.Untold(out, s.State)
}

// look gathers what alerts are decided on.
func (s *ServerApp) look(context.Context) (alerts.Look, error) {
	found, err1 := s.findings(s.Now())
	practice, err2 := s.practice()
	start, err3 := s.availability.Start()
	return alerts.Look{Findings: found, Practice: practice, Starting: !start.Over(s.Now()), Begun: start.Begun, Whole: start.End()}, errors.Join(err1, err2, err3)
}

// practice tells whether what happens now may be of our own making.
func (s *ServerApp) practice() (bool, error) {
	faults, err1 := s.chaos.Active()
	drilling, err2 := s.records.Drilling()
	return len(faults) > 0 || drilling, errors.Join(err1, err2)
}
