package wing

import (
	"context"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// Wing is everything that one wing hands to the house. Empty fields are things it does not have.
type Wing struct {
	Name    string         // "chaos"; its actor is system:chaos
	Entries []journal.Kind // kinds of entries that it writes
	Fold    state.Fold     // keeps its documents
	Actions []control.Kind // what it may do to the platform
	// Decide returns the actions that are due. It gathers a view and calls the pure decider; a
	// view that cannot be read whole is an error, and then nothing is decided.
	Decide func(now time.Time) ([]control.Action, error)
	// Open opens what tasks and actions stand on: the house has its state, nothing is decided yet.
	Open func(ctx context.Context) error
	// Close closes it after every task has ended, while the journal is still open. It is also
	// called where Open has failed, or was never called.
	Close    func() error
	Tasks    []Task
	Drills   []drill.Drill
	Findings func(now time.Time) ([]Finding, error)
	Metrics  []prometheus.Collector
}

// Finding is something that needs a person.
type Finding struct {
	Code     string    `json:"code" doc:"stable, for example postgres-not-ready"`
	Severity string    `json:"severity" doc:"critical, warning or notice"`
	Title    string    `json:"title"`
	Text     string    `json:"text" doc:"what, where, why, and what to do"`
	Subject  string    `json:"subject,omitempty" doc:"component, cluster or operation id"`
	Command  string    `json:"command,omitempty" doc:"the command that shows more or mends it"`
	Since    time.Time `json:"since"`
	Entries  []uint64  `json:"entries,omitempty" doc:"journal indexes that prove it"`
}
