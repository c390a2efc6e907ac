package door

import (
	"encoding/json"
	"time"

	"github.com/greenlang/fournines/internal/runbook"
)

// RunbookRun is one run of a runbook.
type RunbookRun struct {
	ID       string            `json:"id"`
	Runbook  string            `json:"runbook"`
	Title    string            `json:"title"`
	Digest   string            `json:"digest" doc:"version of the runbook that it carries out"`
	State    string            `json:"state" doc:"running, paused, succeeded, failed or aborted"`
	At       string            `json:"at,omitempty" doc:"step that is next or under way"`
	Waits    string            `json:"waits,omitempty" doc:"for what, in words"`
	Until    time.Time         `json:"until,omitzero" doc:"when it does no longer"`
	Person   bool              `json:"person" doc:"nothing happens until a person does something"`
	Call     []string          `json:"call,omitempty" doc:"who is called, and when"`
	Why      string            `json:"why,omitempty" doc:"why it is paused, failed or aborted"`
	Practice bool              `json:"practice,omitempty"`
	Inputs   map[string]string `json:"inputs,omitempty"`
	Actor    string            `json:"actor"`
	Reason   string            `json:"reason,omitempty"`
	Begun    time.Time         `json:"begun"`
	Ended    time.Time         `json:"ended,omitzero"`
	First    uint64            `json:"first" doc:"journal index of its first entry"`
	Last     uint64            `json:"last"`
	Steps    []RunbookStep     `json:"steps" doc:"all steps of the runbook; those that a run does not get to stay waiting"`
}

// RunbookStep is a step of a run.
type RunbookStep struct {
	Name         string          `json:"name"`
	Title        string          `json:"title"`
	Action       string          `json:"action,omitempty"`
	Instructions string          `json:"instructions,omitempty" doc:"what a person does"`
	State        string          `json:"state"`
	Attempt      int             `json:"attempt,omitempty"`
	Operation    string          `json:"operation,omitempty" doc:"id of its operation"`
	Result       json.RawMessage `json:"result,omitempty"`
	Error        string          `json:"error,omitempty"`
	Answers      []RunbookAnswer `json:"answers,omitempty" doc:"what people said: approvals, a denial, a confirmation"`
	Begun        time.Time       `json:"begun,omitzero"`
	Ended        time.Time       `json:"ended,omitzero"`
	Journal      uint64          `json:"journal,omitempty"`
}

// RunbookAnswer is what a person said of a step.
type RunbookAnswer struct {
	Says    string    `json:"says" doc:"approve, deny or confirm"`
	Actor   string    `json:"actor"`
	Note    string    `json:"note,omitempty"`
	Failed  bool      `json:"failed,omitempty"`
	At      time.Time `json:"at"`
	Journal uint64    `json:"journal"`
}

// RunOf is a run as the API shows it.
func RunOf(v runbook.View, now time.Time) RunbookRun {
	r := v.Run
	d := runbook.Next(v, now)
	out := RunbookRun{
		ID: r.ID, Runbook: r.Runbook, Title: r.Document.Spec.Title, Digest: r.Digest, State: r.State, At: r.At, Waits: d.For, Until: d.Until, Why: r.Why, Practice: r.Practice,
		Inputs: r.Inputs, Actor: r.Actor, Reason: r.Reason, Begun: r.Begun, Ended: r.Ended, First: r.First, Last: r.Last, Person: !r.Over() && v.NeedsPerson(), Steps: []RunbookStep{},
	}
	for _, s := range r.Document.Spec.Steps {
		x := RunbookStep{Name: s.Name, Title: s.Title, Action: s.Action, Instructions: s.Manual.Instructions, State: runbook.Waiting}
		if p, ok := r.Progress(s.Name); ok {
			x.take(*p)
		}
		out.Steps = append(out.Steps, x)
	}
	return out
}

func (s *RunbookStep) take(p runbook.Progress) {
	s.State, s.Attempt, s.Result, s.Error, s.Begun, s.Ended, s.Journal = p.State, p.Attempt, p.Result, p.Error, p.Begun, p.Ended, p.Journal
	if p.Request != nil && !p.Guarded {
		s.Operation = p.Request.Key
	}
	say := func(says string, a *runbook.Answer) {
		if a != nil {
			s.Answers = append(s.Answers, RunbookAnswer{says, a.Actor, a.Note, a.Failed, a.At, a.Index})
		}
	}
	for _, a := range p.Approvals {
		say(Approve, &a)
	}
	say(Deny, p.Denial)
	say(Confirm, p.Confirmed)
}
