package wing

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/runbook"
	"github.com/greenlang/fournines/internal/schedule"
	"github.com/greenlang/fournines/internal/state"
)

// Wing is everything that one wing hands to the house. Empty fields are things it does not have.
type Wing struct {
	Name    string         // "chaos"; its actor is system:chaos
	Entries []journal.Kind // kinds of entries that it writes
	Fold    state.Fold     // keeps its documents
	Actions []control.Kind // what it may do to the platform
	// Open opens what the wing works with: the state is there, and nothing is decided or done yet.
	Open func(ctx context.Context) error
	// Close closes it, once everything that was started has ended. It also follows an Open that failed.
	Close func() error
	// Decide returns the actions that are due. It gathers a view and calls the pure decider; a
	// view that cannot be read whole is an error, and nothing is decided on it.
	Decide    func(now time.Time) ([]control.Action, error)
	Schedules []schedule.Schedule // what it has done at planned times
	Runbook   []runbook.Action    // what runbooks may ask of it
	Tasks     []Task
	Drills    []drill.Drill
	Findings  func(now time.Time) ([]Finding, error)
	Metrics   []prometheus.Collector
}

// Finding is something that needs a person.
type Finding = evidence.Finding
