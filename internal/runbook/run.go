package runbook

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/control"
)

// The states of a run.
const (
	Running   = "running"
	Paused    = "paused" // a person resumes or aborts it
	Succeeded = "succeeded"
	Failed    = "failed"
	Aborted   = "aborted"
)

// The states of a step, beside Running, Succeeded and Failed.
const (
	Waiting = "waiting"
	Expired = "expired"
	Denied  = "denied"
)

// Run is one execution of a runbook: a fold of its entries.
type Run struct {
	ID         string              `json:"id"`
	Runbook    string              `json:"runbook"`
	Digest     string              `json:"digest"`
	Document   Runbook             `json:"document"` // as it was when the run began
	Inputs     map[string]string   `json:"inputs,omitempty"`
	Practice   bool                `json:"practice,omitempty"`
	Approvers  map[string][]string `json:"approvers,omitempty"` // step → people who may approve
	Actor      string              `json:"actor"`
	Reason     string              `json:"reason,omitempty"`
	Requesters []string            `json:"requesters,omitempty"` // people who began or resumed it
	State      string              `json:"state"`
	At         string              `json:"at,omitempty"` // step that is next or under way; empty: none is left
	Steps      []Progress          `json:"steps"`        // in the order in which they began first
	Why        string              `json:"why,omitempty"`
	Abort      *Answer             `json:"abort,omitempty"`
	Begun      time.Time           `json:"begun"`
	Ended      time.Time           `json:"ended,omitzero"`
	First      uint64              `json:"first"` // journal index of its first entry
	Last       uint64              `json:"last"`
}

// Progress is how far one step has come.
type Progress struct {
	Step      string            `json:"step"`
	State     string            `json:"state"`
	Attempt   int               `json:"attempt"` // of all in this run; part of the operation's key
	Tries     int               `json:"tries"`   // since the run got to it
	Values    map[string]string `json:"values,omitempty"`
	Request   *control.Action   `json:"request,omitempty"` // what control is asked for
	Looks     bool              `json:"looks,omitempty"`
	Guarded   bool              `json:"guarded,omitempty"` // practice: its guard is asked alone
	Trouble   string            `json:"trouble,omitempty"` // why it could not be asked for
	Result    json.RawMessage   `json:"result,omitempty"`
	Error     string            `json:"error,omitempty"`
	Begun     time.Time         `json:"begun"`
	Until     time.Time         `json:"until"` // it has failed then
	Ended     time.Time         `json:"ended,omitzero"`
	Again     time.Time         `json:"again,omitzero"` // it is not tried before
	Approvals []Answer          `json:"approvals,omitempty"`
	Denial    *Answer           `json:"denial,omitempty"`
	Confirmed *Answer           `json:"confirmed,omitempty"`
	Journal   uint64            `json:"journal"`
}

// Answer is what a person said.
type Answer struct {
	Actor  string    `json:"actor"`
	Note   string    `json:"note,omitempty"`
	Failed bool      `json:"failed,omitempty"` // of a manual step: it could not be done
	At     time.Time `json:"at"`
	Index  uint64    `json:"index"`
}

var errNameless = errors.New("nobody can tell who you are, and so not that somebody else approves: give your name, for example as FOURNINES_ACTOR")

// Over tells whether nothing more will happen to it.
func (r *Run) Over() bool { return r.State != Running && r.State != Paused }

// Progress returns how far a step has come; false: it has not begun.
func (r *Run) Progress(step string) (*Progress, bool) {
	i := slices.IndexFunc(r.Steps, func(p Progress) bool { return p.Step == step })
	if i < 0 {
		return nil, false
	}
	return &r.Steps[i], true
}

// underWay returns the step that has begun and not ended.
func (r *Run) underWay() (*Progress, bool) {
	p, ok := r.Progress(r.At)
	return p, ok && p.State == Running
}

// OperationKey returns the key of a step's operation, so that a repeat finds the same one.
func OperationKey(run, step string, attempt int) string {
	return fmt.Sprintf("runbook:%s:%s:%d", run, step, attempt)
}

// PersonOf returns who an actor is: the name that they gave, without the way in which they came.
// Empty: they gave none.
func PersonOf(actor string) string {
	_, name, ok := strings.Cut(actor, ":")
	if !ok {
		return ""
	}
	return name
}

// who writes an actor as people know them.
func who(actor string) string {
	if name := PersonOf(actor); name != "" {
		return name
	}
	return actor
}

// MayApprove says why a person may not approve the step that waits; nil: they may. Nobody
// approves what they began or resumed themselves, and nobody counts twice.
func (r *Run) MayApprove(person string) error {
	p, ok := r.underWay()
	s, _ := r.Document.Step(r.At)
	switch {
	case !ok || !s.approves() || r.Over():
		return fmt.Errorf("run %s does not wait for approval; it is %s", r.ID, r.State)
	case person == "":
		return errNameless
	case slices.Contains(r.Requesters, person):
		return fmt.Errorf("%s has begun or resumed this run: nobody approves their own", person)
	case !slices.Contains(r.Approvers[r.At], person):
		return fmt.Errorf("%s may not approve step %s; %s may", person, r.At, strings.Join(r.Approvers[r.At], ", "))
	case slices.ContainsFunc(p.Approvals, func(a Answer) bool { return PersonOf(a.Actor) == person }):
		return fmt.Errorf("%s has approved step %s already", person, r.At)
	case len(p.Approvals) >= s.Approve.Need:
		return fmt.Errorf("step %s has its approvals already", r.At)
	}
	return nil
}

// scope is what the run's expressions see.
func (r *Run) scope() scope {
	s := scope{inputs: map[string]any{}, steps: map[string]any{}, practice: r.Practice}
	for _, in := range r.Document.Spec.Inputs {
		s.inputs[in.Name] = ""
		if v := r.Inputs[in.Name]; v != "" {
			s.inputs[in.Name] = typed(in.Type, v)
		}
	}
	for _, p := range r.Steps {
		if p.State != Running {
			s.steps[p.Step] = p.seen()
		}
	}
	return s
}

// seen is an ended step as expressions see it.
func (p *Progress) seen() map[string]any {
	out := map[string]any{"state": p.State, "error": p.Error, "attempts": int64(p.Attempt)}
	var result any
	if json.Unmarshal(p.Result, &result) == nil && result != nil {
		out["result"] = result
	}
	return out
}
