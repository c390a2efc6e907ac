package runbook

import (
	"encoding/json"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/journal"
)

// The kinds of entries of runs. Their subject is the runbook, their operation the run.
var (
	kindBegun     = journal.NewKind[begunData]("runbook.begun", "A run of a runbook begins, with the runbook as it then is.")
	kindStepBegun = journal.NewKind[stepBegun]("runbook-step.begun", "A step of a run is about to be done, with what will be asked for.")
	kindStepEnded = journal.NewKind[stepEnded]("runbook-step.ended", "A step of a run is over, with its outcome and the way on.")
	kindApproved  = journal.NewKind[answered]("runbook-step.approved", "A person approves a step of a run.")
	kindDenied    = journal.NewKind[answered]("runbook-step.denied", "A person does not approve a step of a run.")
	kindConfirmed = journal.NewKind[answered]("runbook-step.confirmed", "A person has done a manual step of a run, or could not.")
	kindPaused    = journal.NewKind[paused]("runbook.paused", "A run waits for a person.")
	kindResumed   = journal.NewKind[resumed]("runbook.resumed", "A person lets a run go on from where it was paused.")
	kindAborted   = journal.NewBareKind("runbook.aborted", "A person ends a run; an operation under way comes to its own end.")
	kindEnded     = journal.NewKind[endedData]("runbook.ended", "A run is over.")
)

// EntryKinds returns the kinds of entries of runs.
func EntryKinds() []journal.Kind {
	return []journal.Kind{
		kindBegun.Kind, kindStepBegun.Kind, kindStepEnded.Kind, kindApproved.Kind, kindDenied.Kind, kindConfirmed.Kind,
		kindPaused.Kind, kindResumed.Kind, kindAborted.Kind, kindEnded.Kind,
	}
}

type begunData struct {
	Document  Runbook             `json:"document"`
	Digest    string              `json:"digest"`
	Inputs    map[string]string   `json:"inputs,omitempty"`
	Practice  bool                `json:"practice,omitempty"`
	Approvers map[string][]string `json:"approvers,omitempty"`
	Person    string              `json:"person,omitempty"`
}

type stepBegun struct {
	Step    string            `json:"step"`
	Attempt int               `json:"attempt"`
	Values  map[string]string `json:"values,omitempty"`
	Request *control.Action   `json:"request,omitempty"`
	Looks   bool              `json:"looks,omitempty"`
	Guarded bool              `json:"guarded,omitempty"`
	Trouble string            `json:"trouble,omitempty"`
	Until   time.Time         `json:"until"`
}

// What follows the end of a step.
const (
	thenGo    = "go"
	thenRetry = "retry"
	thenPause = "pause"
	thenAbort = "abort"
)

type stepEnded struct {
	Step    string          `json:"step"`
	Attempt int             `json:"attempt"`
	State   string          `json:"state"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   string          `json:"error,omitempty"`
	Then    string          `json:"then"`
	Next    string          `json:"next,omitempty"` // of go; empty: the run is over
	Branch  string          `json:"branch,omitempty"`
	Again   time.Time       `json:"again,omitzero"` // of retry
}

type answered struct {
	Step    string `json:"step"`
	Attempt int    `json:"attempt"`
	Note    string `json:"note,omitempty"`
	Failed  bool   `json:"failed,omitempty"`
}

type paused struct {
	Step string `json:"step,omitempty"`
	Why  string `json:"why"`
}

type resumed struct {
	Person string    `json:"person,omitempty"`
	Until  time.Time `json:"until,omitzero"` // of a step that is under way
}

type endedData struct {
	State string `json:"state"`
	Error string `json:"error,omitempty"`
}
