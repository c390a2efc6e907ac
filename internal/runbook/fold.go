package runbook

import (
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// Prefix begins the keys of runs in the state.
const Prefix = "runbook-run/"

var (
	unfinished = state.NewIndex(Prefix, func(r *Run) string {
		if r.Over() {
			return ""
		}
		return state.Order(r.First)
	})
	finished = state.NewIndex(Prefix, func(r *Run) string {
		if !r.Over() {
			return ""
		}
		return state.Order(r.Last)
	})
	begun = state.NewIndex(Prefix, func(r *Run) string { return state.Order(r.First) })
)

// The state keeps the runs of a day, and of the older ones this many of the newest that are no
// older than this. All of them stay in the journal.
var bound = state.Bound[Run]{
	Over: finished, Ended: func(r *Run) time.Time { return r.Ended },
	Keep: 24 * time.Hour, Newest: 100, Age: 400 * 24 * time.Hour,
}

// Unfinished returns the runs that are not over, the oldest first.
func Unfinished(s *state.Projection) ([]Run, error) { return unfinished.Read(s, state.Range{}) }

// Before returns the n runs that began last before an entry, the newest first; below 0: of all.
func Before(s *state.Projection, below uint64, n int) ([]Run, error) {
	r := state.Range{Last: true, Limit: n}
	if below > 0 {
		r.Below = state.Order(below)
	}
	return begun.Read(s, r)
}

// Find returns one run, and tells whether the state has it.
func Find(s *state.Projection, id string) (r Run, found bool, err error) {
	found, err = s.Get(Prefix+id, &r)
	return r, found, err
}

// Fold keeps one document for each run that is not over or was lately. It is a state.Fold.
func Fold(d *state.Docs, r journal.Record) error {
	if err := fold(d, r); err != nil {
		return err
	}
	bound.Prune(d)
	return nil
}

func fold(d *state.Docs, e journal.Record) error {
	if !slices.ContainsFunc(EntryKinds(), func(k journal.Kind) bool { return k.Name == e.Kind }) {
		return nil
	}
	var r Run
	found, err := d.Get(Prefix+e.Operation, &r)
	if err != nil {
		return err
	}
	switch {
	case e.Kind == kindBegun.Name && found, e.Kind != kindBegun.Name && (!found || e.Index <= r.Last || r.Over()):
		return nil // it is in already, or comes too late
	case e.Kind == kindBegun.Name:
		err = r.begin(e.Entry)
	default:
		err = r.apply(e.Entry)
	}
	if err != nil {
		return err
	}
	r.Last = e.Index
	return d.Put(Prefix+e.Operation, r)
}

func (r *Run) begin(e journal.Entry) error {
	var x begunData
	if err := e.Decode(&x); err != nil {
		return err
	}
	*r = Run{
		ID: e.Operation, Runbook: e.Subject, Digest: x.Digest, Document: x.Document, Inputs: x.Inputs, Practice: x.Practice, Approvers: x.Approvers,
		Actor: e.Actor, Reason: e.Reason, State: Running, At: x.Document.Spec.Steps[0].Name, Steps: []Progress{}, Begun: e.Time, First: e.Index,
	}
	r.request(x.Person)
	return nil
}

func (r *Run) request(person string) {
	if person != "" && !slices.Contains(r.Requesters, person) {
		r.Requesters = append(r.Requesters, person)
	}
}

func (r *Run) apply(e journal.Entry) error {
	switch e.Kind {
	case kindStepBegun.Name:
		var x stepBegun
		if err := e.Decode(&x); err != nil {
			return err
		}
		r.stepBegins(e, x)
	case kindStepEnded.Name:
		var x stepEnded
		if err := e.Decode(&x); err != nil {
			return err
		}
		r.stepEnds(e, x)
	case kindApproved.Name, kindDenied.Name, kindConfirmed.Name:
		var x answered
		if err := e.Decode(&x); err != nil {
			return err
		}
		r.answer(e, x)
	case kindPaused.Name:
		var x paused
		if err := e.Decode(&x); err != nil {
			return err
		}
		r.State, r.Why = Paused, x.Why
	case kindResumed.Name:
		var x resumed
		if err := e.Decode(&x); err != nil {
			return err
		}
		r.resume(x)
	case kindAborted.Name:
		r.Abort = &Answer{Actor: e.Actor, Note: e.Reason, At: e.Time, Index: e.Index}
	case kindEnded.Name:
		var x endedData
		if err := e.Decode(&x); err != nil {
			return err
		}
		r.State, r.Why, r.Ended, r.At = x.State, x.Error, e.Time, ""
	}
	return nil
}

func (r *Run) stepBegins(e journal.Entry, x stepBegun) {
	p, known := r.Progress(x.Step)
	if !known {
		r.Steps = append(r.Steps, Progress{Step: x.Step})
		p = &r.Steps[len(r.Steps)-1]
	}
	*p = Progress{
		Step: x.Step, State: Running, Attempt: x.Attempt, Tries: p.Tries + 1, Values: x.Values, Request: x.Request, Looks: x.Looks, Guarded: x.Guarded,
		Trouble: x.Trouble, Begun: e.Time, Until: x.Until, Journal: e.Index,
	}
}

func (r *Run) stepEnds(e journal.Entry, x stepEnded) {
	p, ok := r.underWay()
	if !ok || p.Step != x.Step || p.Attempt != x.Attempt {
		return
	}
	p.State, p.Result, p.Error, p.Ended, p.Again, p.Journal = x.State, x.Result, x.Error, e.Time, x.Again, e.Index
	switch x.Then {
	case thenGo:
		r.At = x.Next
		if next, ok := r.Progress(x.Next); ok {
			next.Tries, next.Again = 0, time.Time{}
		}
	case thenPause:
		r.State, r.Why = Paused, x.Error
	case thenAbort:
		r.At, r.Why = "", x.Error
	}
}

func (r *Run) answer(e journal.Entry, x answered) {
	p, ok := r.underWay()
	if !ok || p.Step != x.Step || p.Attempt != x.Attempt {
		return // it came too late
	}
	a := Answer{Actor: e.Actor, Note: x.Note, Failed: x.Failed, At: e.Time, Index: e.Index}
	switch {
	case e.Kind == kindApproved.Name:
		if r.MayApprove(PersonOf(e.Actor)) == nil {
			p.Approvals = append(p.Approvals, a)
		}
	case e.Kind == kindDenied.Name && p.Denial == nil:
		p.Denial = &a
	case e.Kind == kindConfirmed.Name && p.Confirmed == nil:
		p.Confirmed = &a
	}
}

func (r *Run) resume(x resumed) {
	if r.State != Paused {
		return
	}
	r.State, r.Why = Running, ""
	r.request(x.Person)
	p, known := r.Progress(r.At)
	switch {
	case known && p.State == Running:
		p.Until = x.Until
	case known:
		p.Tries, p.Again = 0, time.Time{}
	}
}
