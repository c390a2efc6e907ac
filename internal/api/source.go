package api

import (
	"context"
	"time"

	"github.com/greenlang/fournines/internal/compliance"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/wing"
)

// PageSize is the most rows a list shows at once (row 7.6.3).
const PageSize = 100

// Errors a Source or Actions wraps, so that a door can answer with the right
// status. Any other error is shown in words with status 500.
var (
	// ErrNotFound says that nothing has this name, id or index.
	ErrNotFound = wing.ErrNotFound
	// ErrRefused says that a guard refused the action; the platform is unchanged.
	ErrRefused = wing.ErrRefused
)

// Source is everything the doors read. Implementations are safe for
// concurrent use and answer within the context's deadline.
type Source interface {
	Platform
	Homes
	Mirrors
	Distances
	ObjectMirrors
	Operations
	Drills
	Journal
	Proof
	Witnessing
	Alerting
	Archives
	Queries
	Changes
}

// Platform says what is.
type Platform interface {
	// Status is the platform at a glance, with all declared regions.
	Status(ctx context.Context) (Status, error)
	// Region is one declared region; ErrNotFound when the spec has none of the name.
	Region(ctx context.Context, name string) (Region, error)
	// Faults are the faults injected now, and those that ended within the last hour.
	Faults(ctx context.Context) ([]Fault, error)
	// Tasks are the tasks in the background, by wing and name.
	Tasks(ctx context.Context) ([]TaskStatus, error)
}

// Operations lists what was and is being done.
type Operations interface {
	// Operations answers newest first with at most f.Limit items.
	Operations(ctx context.Context, f OperationFilter) (Page[Operation], error)
	// Operation is one operation; ErrNotFound when there is none of the id.
	Operation(ctx context.Context, id string) (Operation, error)
}

// Drills says what can be proved and what has been.
type Drills interface {
	// DrillCatalogue lists the drills that can be run, in the order to show them.
	DrillCatalogue(ctx context.Context) ([]DrillInfo, error)
	// DrillReports answers newest first with at most PageSize reports.
	DrillReports(ctx context.Context) ([]DrillReport, error)
	// DrillReport is one report; ErrNotFound when there is none of the id.
	DrillReport(ctx context.Context, id string) (DrillReport, error)
}

// Journal reads and checks the record.
type Journal interface {
	// Entries answers newest first with at most f.Limit items.
	Entries(ctx context.Context, f EntryFilter) (Page[Entry], error)
	// Entry is one entry; ErrNotFound at or past the journal's size.
	Entry(ctx context.Context, index uint64) (Entry, error)
	// Verify checks the journal on disk from its first byte. A journal that does
	// not verify is an answer (OK false), not an error.
	Verify(ctx context.Context) (Verification, error)
	// Prove proves one entry by the newest checkpoint, to somebody who has nothing else;
	// ErrNotFound at or past that checkpoint's size, which follows within a second.
	Prove(ctx context.Context, index uint64) (journal.Proof, error)
	// Kinds lists what entries there can be.
	Kinds(ctx context.Context) ([]EntryKind, error)
}

// Proof computes figures from the journal.
type Proof interface {
	// Evidence answers for a window and a scope.
	Evidence(ctx context.Context, f EvidenceFilter) (Evidence, error)
}

// EvidenceFilter is a window and a scope; empty fields mean all.
type EvidenceFilter struct {
	From, To time.Time
	Scope    evidence.Scope
	Of       string // evidence.Real, Practice or Both
}

// Witnessing says who watches our journal, and whose journals we watch.
type Witnessing interface {
	Witnesses(ctx context.Context) (Witnesses, error)
}

// Alerting says what people are told of.
type Alerting interface {
	// Alerts are those that fire, and those resolved within a day, newest first.
	Alerts(ctx context.Context) ([]evidence.Alert, error)
}

// Changes tells when something changed.
type Changes interface {
	// Changes yields the newest journal index whenever something changed, until
	// ctx is done. It never blocks the producer: an index that was not taken in
	// time is replaced by a newer one.
	Changes(ctx context.Context) <-chan uint64
}

// OperationFilter selects operations; an empty field selects all.
type OperationFilter struct {
	State   string // one of Operation's states
	Kind    string // exact, for example postgres.failover
	Subject string // exact
	Before  string // id of the last operation of the page before, or empty
	Limit   int    // 1 to PageSize
}

// EntryFilter selects journal entries; an empty field selects all.
type EntryFilter struct {
	Kind      string // exact, or a prefix that ends in a dot: "fault."
	Subject   string // exact
	Operation string // exact
	From      uint64 // lowest index, included
	Before    uint64 // highest index, excluded; 0 is the journal's size
	Limit     int    // 1 to PageSize
}

// Page is a part of a list. Next is where the page after it begins: an operation's
// id or a journal index in decimal for Before; empty on the last page.
type Page[T any] struct {
	Items []T
	Next  string
}

// Actions is everything the doors can do. Each verb records its intent before
// it returns, returns as soon as the work is under way, and wraps ErrRefused when
// a guard says no. The actor is whom the wiring put into the context.
type Actions interface {
	DrillRunner
	FaultInjector
	Operator
	HomeMover
	WitnessKeeper
	NotifierTester
	Prober
	Custodian
}

// DrillRunner starts drills.
type DrillRunner interface {
	// RunDrill starts a drill and answers with the id of its report.
	RunDrill(ctx context.Context, name, reason string) (id string, err error)
}

// FaultInjector breaks things on purpose, for a while.
type FaultInjector interface {
	// InjectFault injects a fault that ends by itself after the duration.
	InjectFault(ctx context.Context, kind, target string, duration time.Duration, reason string) (id string, err error)
	// ClearFault ends a fault before its time.
	ClearFault(ctx context.Context, id string) error
}

// Operator starts and decides operations.
type Operator interface {
	// Switchover moves the leader of a cluster to a candidate (a component id, or
	// empty for the best) and answers with the id of the operation.
	Switchover(ctx context.Context, cluster, candidate, reason string) (id string, err error)
	// RestartKafka restarts a region's brokers one after another, each only while the others
	// serve everything, and answers with the id of the operation. ErrNotFound where the region
	// runs no broker here, ErrRefused where one could not be lost now.
	RestartKafka(ctx context.Context, region, reason string) (id string, err error)
	// Approve lets an operation that waits for approval run.
	Approve(ctx context.Context, id, reason string) error
	// Deny ends an operation that waits for approval as refused.
	Deny(ctx context.Context, id, reason string) error
}

// WitnessKeeper decides who watches our journal.
type WitnessKeeper interface {
	// AddWitness asks another server's witness from now on; one of the same name is replaced.
	AddWitness(ctx context.Context, p compliance.Peer, reason string) error
	// RemoveWitness asks it no longer; ErrNotFound when there is none of the name.
	RemoveWitness(ctx context.Context, name, reason string) error
}

// NotifierTester tries whether people can be told.
type NotifierTester interface {
	// TestNotifier sends an alert and its end; ErrRefused with the notifier's answer when
	// it does not take them, ErrNotFound when there is none of the name.
	TestNotifier(ctx context.Context, name, reason string) error
}
