package control

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// The states of an operation.
const (
	Waiting    = "waiting-approval"
	Running    = "running"
	Succeeded  = "succeeded"
	Failed     = "failed"
	Refused    = "refused"
	RolledBack = "rolled-back"
)

// States returns the states of an operation, in the order of its life.
func States() []string { return []string{Waiting, Running, Succeeded, Failed, Refused, RolledBack} }

// The states of a step.
const (
	StepWaiting = "waiting"
	StepRunning = "running"
	StepDone    = "succeeded"
	StepFailed  = "failed"
	StepUndone  = "undone"
)

// Operation is an action and its progress: a fold of its entries.
type Operation struct {
	Action
	State string    `json:"state"`
	Error string    `json:"error,omitempty"`
	Begun time.Time `json:"begun"`
	Ended time.Time `json:"ended,omitzero"`
	Steps []Trace   `json:"steps"`

	Approved  time.Time `json:"approved,omitzero"`
	Reverting string    `json:"reverting,omitempty"` // why it is taken back, where no step says it

	First uint64 `json:"first"` // journal index of its first entry
	Last  uint64 `json:"last"`
}

// Trace is the progress of a step.
type Trace struct {
	Name   string          `json:"name"`
	State  string          `json:"state"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  string          `json:"error,omitempty"`
	Begun  time.Time       `json:"begun,omitzero"`
	Ended  time.Time       `json:"ended,omitzero"`
	Index  uint64          `json:"index,omitempty"`
}

// Finished tells whether nothing more will happen to it.
func (o Operation) Finished() bool { return o.State != Waiting && o.State != Running }

// Let returns when it was let begin: at its request, or when somebody approved it.
func (o Operation) Let() time.Time {
	if !o.Approved.IsZero() {
		return o.Approved
	}
	return o.Begun
}

// failure is why it is taken back, or was; nil: it is not.
func (o Operation) failure() error {
	for _, t := range o.Steps { // also one that has been undone since
		if t.Error != "" {
			return fmt.Errorf("%s: %s", t.Name, t.Error)
		}
	}
	if o.Reverting != "" {
		return errors.New(o.Reverting)
	}
	return nil
}

// Prefix begins the keys of operation documents in the state.
const Prefix = "operation/"

// The kinds of entries that control writes.
var (
	kindRequested = journal.NewKind[requested]("operation.requested", "Somebody asks for an operation; nothing of it was done yet.")
	kindApproved  = journal.NewBareKind("operation.approved", "A person said yes to an operation that waits for it.")
	kindReverting = journal.NewKind[reverting]("operation.reverting", "An operation is being taken back, for a reason that no step of it has recorded.")
	kindEnded     = journal.NewKind[ended]("operation.ended", "An operation is over, with its outcome.")
	kindStepBegun = journal.NewKind[stepData]("step.begun", "A step of an operation is about to take effect.")
	kindStepEnded = journal.NewKind[stepData]("step.ended", "A step of an operation was done, failed, or was taken back.")
)

// EntryKinds returns the kinds of entries that control writes.
func EntryKinds() []journal.Kind {
	return []journal.Kind{kindRequested.Kind, kindApproved.Kind, kindReverting.Kind, kindEnded.Kind, kindStepBegun.Kind, kindStepEnded.Kind}
}

type requested struct {
	Action
	Steps []string `json:"steps"`
}

type reverting struct {
	Why string `json:"why"`
}

type ended struct {
	State string `json:"state"`
	Error string `json:"error,omitempty"`
}

type stepData struct {
	Step   string          `json:"step"`
	State  string          `json:"state"`
	Result json.RawMessage `json:"result,omitempty"`
	Error  string          `json:"error,omitempty"`
}

// Fold keeps one document for each operation that is not finished, and for those that
// finished lately; see [Window]. It is a state.Fold.
func Fold(d *state.Docs, r journal.Record) error {
	if err := fold(d, r); err != nil {
		return err
	}
	bound.Prune(d)
	return nil
}

func fold(d *state.Docs, r journal.Record) error {
	if r.Kind == kindRequested.Name {
		return foldRequested(d, r)
	}
	if !slices.Contains([]string{kindApproved.Name, kindReverting.Name, kindEnded.Name, kindStepBegun.Name, kindStepEnded.Name}, r.Kind) {
		return nil
	}
	var o Operation
	found, err := d.Get(Prefix+r.Operation, &o)
	if err != nil || !found || r.Index <= o.Last { // an entry that is already in
		return err
	}
	o.Last = r.Index
	if err := o.apply(r.Entry); err != nil {
		return err
	}
	return d.Put(Prefix+r.Operation, o)
}

func foldRequested(d *state.Docs, r journal.Record) error {
	var req requested
	if err := r.Decode(&req); err != nil {
		return err
	}
	o := Operation{Action: req.Action, State: Running, Begun: r.Time, First: r.Index, Last: r.Index}
	if o.Approval {
		o.State = Waiting
	}
	for _, s := range req.Steps {
		o.Steps = append(o.Steps, Trace{Name: s, State: StepWaiting})
	}
	var old Operation
	if found, err := d.Get(Prefix+r.Operation, &old); err != nil || found {
		return err
	}
	return d.Put(Prefix+r.Operation, o)
}

func (o *Operation) apply(e journal.Entry) error {
	switch e.Kind {
	case kindApproved.Name:
		o.State, o.Approved = Running, e.Time
	case kindReverting.Name:
		var x reverting
		if err := e.Decode(&x); err != nil {
			return err
		}
		o.Reverting = x.Why
	case kindEnded.Name:
		var x ended
		if err := e.Decode(&x); err != nil {
			return err
		}
		o.State, o.Error, o.Ended = x.State, x.Error, e.Time
	default:
		var x stepData
		if err := e.Decode(&x); err != nil {
			return err
		}
		o.applyStep(e, x)
	}
	return nil
}

func (o *Operation) applyStep(e journal.Entry, x stepData) {
	i := slices.IndexFunc(o.Steps, func(t Trace) bool { return t.Name == x.Step })
	if i < 0 {
		return
	}
	t := &o.Steps[i]
	t.State, t.Index = x.State, e.Index
	if x.State != StepUndone { // an undone step keeps the error that was its reason
		t.Error = x.Error
	}
	if e.Kind == kindStepBegun.Name {
		if t.Begun.IsZero() {
			t.Begun = e.Time
		}
		return
	}
	t.Ended, t.Result = e.Time, x.Result
}
