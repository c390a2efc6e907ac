package runbook

import (
	"context"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/state"
)

// Errors a caller may branch on.
var (
	ErrUnknown = errors.New("there is no such run")
	ErrRefused = errors.New("refused")
)

// Wish is what a person asks for.
type Wish struct {
	Actor  string
	Reason string // of an approval or a confirmation: the note that is recorded
}

// Request asks for a run.
type Request struct {
	Wish
	ID       string // a repeat of it returns the run that it began
	Runbook  string
	Inputs   map[string]string
	Practice bool
}

// maxID bounds a run's id, since it is part of its operations' keys.
const maxID = 72

// Start begins a run, and returns it; see [Engine.Serve]. A known id returns the run that it
// began. In a dry run it judges the request, and returns [state.ErrDry].
func (e *Engine) Start(ctx context.Context, q Request) (Run, error) {
	e.ask.Lock()
	defer e.ask.Unlock()
	if q.ID == "" || len(q.ID) > maxID || strings.ContainsAny(q.ID, ":/# ") {
		return Run{}, fmt.Errorf("%w: the id of a run has 1 to %d characters, without : / # and blanks", ErrRefused, maxID)
	}
	if r, found, err := Find(e.State, q.ID); err != nil || found {
		return r, err
	}
	lib, err := e.Library()
	if lib == nil {
		return Run{}, err
	}
	book, ok := lib.Runbook(q.Runbook)
	if !ok {
		return Run{}, spec.Among("runbook", q.Runbook, lib.Names())
	}
	if q.Inputs, err = book.inputs(q.Inputs); err != nil {
		return Run{}, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if slices.ContainsFunc(book.Spec.Steps, Step.approves) && PersonOf(q.Actor) == "" {
		return Run{}, fmt.Errorf("%w: %w", ErrRefused, errNameless)
	}
	if err := e.alone(q); err != nil {
		return Run{}, err
	}
	x := begunData{Document: *book, Inputs: q.Inputs, Practice: q.Practice, Approvers: map[string][]string{}, Person: PersonOf(q.Actor)}
	if x.Digest, err = book.Digest(); err != nil {
		return Run{}, err
	}
	for _, s := range book.Spec.Steps {
		if s.approves() {
			x.Approvers[s.Name] = lib.Around.Contacts.peopleOf(s.Approve.Of)
		}
	}
	entry, err := kindBegun.Entry(book.Metadata.Name, q.ID, x)
	if err != nil {
		return Run{}, err
	}
	if err := e.tell(ctx, q.Wish, entry, "begin"); err != nil {
		return Run{}, err
	}
	r, _, err := Find(e.State, q.ID)
	return r, err
}

// alone refuses a second run of the same thing at the same time.
func (e *Engine) alone(q Request) error {
	all, err := Unfinished(e.State)
	if err != nil {
		return err
	}
	for _, r := range all {
		if r.Runbook == q.Runbook && r.Practice == q.Practice && maps.Equal(r.Inputs, q.Inputs) {
			return fmt.Errorf("%w: run %s of %s with the same inputs is %s; `fournines runbook status %s` shows it", ErrRefused, r.ID, r.Runbook, r.State, r.ID)
		}
	}
	return nil
}

// inputs returns the values of a run's inputs, or says which is missing or wrong.
func (r *Runbook) inputs(given map[string]string) (map[string]string, error) {
	out := map[string]string{}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		if !slices.Contains(r.inputNames(), name) {
			return nil, fmt.Errorf("runbook %s has no input %q; %s", r.Metadata.Name, name, nearest(name, r.inputNames()))
		}
	}
	for _, in := range r.Spec.Inputs {
		v := given[in.Name]
		if v == "" {
			v = string(in.Default)
		}
		if v == "" && in.Optional {
			continue
		}
		if v == "" {
			return nil, fmt.Errorf("runbook %s needs the input %s: %s", r.Metadata.Name, in.Name, in.Description)
		}
		if err := check(in.Type, v); err != nil {
			return nil, fmt.Errorf("input %s: %w", in.Name, err)
		}
		if len(in.Choices) > 0 && !slices.Contains(in.Choices, v) {
			return nil, fmt.Errorf("input %s is %q; %s", in.Name, v, spec.Suggest(v, in.Choices))
		}
		out[in.Name] = v
	}
	return out, nil
}

// Approve records that a person approves the step that waits.
func (e *Engine) Approve(ctx context.Context, id string, w Wish) (Run, error) {
	return e.answer(ctx, id, w, "approve", func(r *Run) (journal.Entry, error) {
		if err := r.MayApprove(PersonOf(w.Actor)); err != nil {
			return journal.Entry{}, err
		}
		return kindApproved.Entry(r.Runbook, r.ID, r.reply(w, false))
	})
}

// Deny records that a person does not approve the step that waits.
func (e *Engine) Deny(ctx context.Context, id string, w Wish) (Run, error) {
	return e.answer(ctx, id, w, "deny", func(r *Run) (journal.Entry, error) {
		if _, ok := r.underWay(); !ok || !r.atStep(Step.approves) {
			return journal.Entry{}, fmt.Errorf("run %s does not wait for approval; it is %s", r.ID, r.State)
		}
		return kindDenied.Entry(r.Runbook, r.ID, r.reply(w, false))
	})
}

// Confirm records that a person has done the manual step, or could not.
func (e *Engine) Confirm(ctx context.Context, id string, w Wish, failed bool) (Run, error) {
	return e.answer(ctx, id, w, "confirm", func(r *Run) (journal.Entry, error) {
		if _, ok := r.underWay(); !ok || !r.atStep(Step.byHand) {
			return journal.Entry{}, fmt.Errorf("run %s does not wait for a person's hands; it is %s", r.ID, r.State)
		}
		if strings.TrimSpace(w.Reason) == "" {
			return journal.Entry{}, errors.New("a confirmation needs a note that says what was done and seen")
		}
		return kindConfirmed.Entry(r.Runbook, r.ID, r.reply(w, failed))
	})
}

// Resume lets a paused run go on: it does the step again at which it was paused, or goes on to
// wait for its operation.
func (e *Engine) Resume(ctx context.Context, id string, w Wish) (Run, error) {
	return e.answer(ctx, id, w, "resume", func(r *Run) (journal.Entry, error) {
		if r.State != Paused {
			return journal.Entry{}, fmt.Errorf("run %s is not paused; it is %s", r.ID, r.State)
		}
		x := resumed{Person: PersonOf(w.Actor)}
		if x.Person == "" && len(r.Approvers) > 0 {
			return journal.Entry{}, errNameless
		}
		if p, ok := r.underWay(); ok {
			s, _ := r.Document.Step(p.Step)
			x.Until = e.Now().Add(s.within(p.Looks))
		}
		return kindResumed.Entry(r.Runbook, r.ID, x)
	})
}

// Abort ends a run. An operation under way comes to its own end, which is recorded.
func (e *Engine) Abort(ctx context.Context, id string, w Wish) (Run, error) {
	return e.answer(ctx, id, w, "abort", func(r *Run) (journal.Entry, error) {
		if r.Over() || r.Abort != nil {
			return journal.Entry{}, fmt.Errorf("run %s is over or being aborted; it is %s", r.ID, r.State)
		}
		return kindAborted.Entry(r.Runbook, r.ID), nil
	})
}

func (r *Run) atStep(is func(Step) bool) bool {
	s, ok := r.Document.Step(r.At)
	return ok && is(s)
}

func (r *Run) reply(w Wish, failed bool) answered {
	p, _ := r.underWay()
	return answered{Step: p.Step, Attempt: p.Attempt, Note: w.Reason, Failed: failed}
}

// answer judges and records what a person says of a run.
func (e *Engine) answer(ctx context.Context, id string, w Wish, point string, say func(*Run) (journal.Entry, error)) (Run, error) {
	e.ask.Lock()
	defer e.ask.Unlock()
	r, found, err := Find(e.State, id)
	if err != nil {
		return r, err
	}
	if !found {
		return r, fmt.Errorf("%w: %q", ErrUnknown, id)
	}
	entry, err := say(&r)
	if err != nil {
		return r, fmt.Errorf("%w: %w", ErrRefused, err)
	}
	if entry.Kind == kindApproved.Name {
		entry.Approval = w.Actor
	}
	if err := e.tell(ctx, w, entry, point); err != nil {
		return r, err
	}
	r, _, err = Find(e.State, id)
	return r, err
}

// tell appends an entry in a person's name.
func (e *Engine) tell(ctx context.Context, w Wish, x journal.Entry, point string) error {
	x.Time, x.Actor, x.Reason = e.Now(), w.Actor, journal.Brief(w.Reason)
	if err := state.Dry(ctx); err != nil {
		return err
	}
	if e.Crash != nil {
		e.Crash(x.Subject + ":" + point + ":" + w.Actor + ":before")
	}
	_, err := e.State.Append(ctx, x)
	if err == nil && e.Crash != nil {
		e.Crash(x.Subject + ":" + point + ":" + w.Actor + ":after")
	}
	return err
}
