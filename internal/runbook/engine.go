package runbook

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// Operations carries actions out; package control does.
type Operations interface {
	// Submit begins the action, or returns the operation that its key has begun.
	Submit(ctx context.Context, a control.Action) (control.Operation, error)
	// Operation returns one operation; control.ErrUnknown when there is none.
	Operation(key string) (control.Operation, error)
}

// Engine carries runs out.
type Engine struct {
	State      *state.Projection
	Operations Operations
	Library    func() (*Library, error)
	Now        func() time.Time
	Log        *slog.Logger
	Crash      control.CrashPoint // nil: never

	ask sync.Mutex // held while a person's wish is judged and recorded

	mu      sync.Mutex // guards what follows
	busy    map[string]bool
	trouble map[string]error // run → why it does not get on
}

// Serve carries out every run that is not over, from where it stands, until ctx ends.
func (e *Engine) Serve(ctx context.Context) error {
	var wg sync.WaitGroup
	defer wg.Wait()
	for {
		changed := e.State.Changed()
		all, err := Unfinished(e.State)
		if err != nil {
			return err
		}
		for _, r := range all {
			if e.take(r.ID) {
				wg.Go(func() {
					defer e.leave(r.ID)
					e.carry(ctx, r.ID)
				})
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return ctx.Err()
		}
		rest(ctx, settle)
	}
}

func (e *Engine) take(id string) bool {
	e.mu.Lock()
	defer e.mu.Unlock()
	if e.busy == nil {
		e.busy, e.trouble = map[string]bool{}, map[string]error{}
	}
	if e.busy[id] {
		return false
	}
	e.busy[id] = true
	return true
}

func (e *Engine) leave(id string) {
	e.mu.Lock()
	defer e.mu.Unlock()
	delete(e.busy, id)
	delete(e.trouble, id)
}

// Troubles returns why runs do not get on, by their ids: what is tried again meanwhile.
func (e *Engine) Troubles() map[string]error {
	e.mu.Lock()
	defer e.mu.Unlock()
	return maps.Clone(e.trouble)
}

func (e *Engine) note(id string, err error) {
	e.mu.Lock()
	defer e.mu.Unlock()
	e.trouble[id] = err
}

// The times between two looks at a run: after a change, since entries come in bursts, and after
// an error.
const (
	settle = 20 * time.Millisecond
	again  = time.Second
)

func rest(ctx context.Context, d time.Duration) {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-t.C:
	case <-ctx.Done():
	}
}

// carry takes one run on until it is over, or ctx ends.
func (e *Engine) carry(ctx context.Context, id string) {
	for ctx.Err() == nil {
		changed := e.State.Changed()
		v, err := e.View(id)
		if err == nil && v.Run.Over() {
			return
		}
		d := Next(v, e.Now())
		if err == nil && d.Do == Wait {
			e.note(id, nil)
			e.wait(ctx, changed, d.Until)
			continue
		}
		if err == nil {
			err = e.do(ctx, v.Run, d)
		}
		if err != nil && ctx.Err() == nil {
			e.Log.Error("a run of a runbook does not get on; it is tried again", "run", id, "err", err)
			e.note(id, err)
			rest(ctx, again)
		}
	}
}

// wait returns when something has changed, or at a moment; zero: none.
func (e *Engine) wait(ctx context.Context, changed <-chan struct{}, until time.Time) {
	var late <-chan time.Time
	if !until.IsZero() {
		t := time.NewTimer(max(0, until.Sub(e.Now())))
		defer t.Stop()
		late = t.C
	}
	select {
	case <-changed:
		rest(ctx, settle)
	case <-late:
	case <-ctx.Done():
	}
}

// View gathers what a decision rests on.
func (e *Engine) View(id string) (View, error) {
	r, found, err := Find(e.State, id)
	if err == nil && !found {
		err = fmt.Errorf("run %s has left the state before it was over", id)
	}
	if err != nil {
		return View{}, err
	}
	v := View{Run: r}
	p, ok := r.underWay()
	if !ok || p.Request == nil || p.Guarded {
		return v, nil
	}
	o, err := e.Operations.Operation(p.Request.Key)
	if errors.Is(err, control.ErrUnknown) {
		return v, nil
	}
	v.Operation = &o
	return v, err
}

// do carries out one decision. The intent of a step is durable before its effect begins.
func (e *Engine) do(ctx context.Context, r Run, d Decision) error {
	switch d.Do {
	case Begin:
		return record(ctx, e, r, d.Step.Name, kindStepBegun, e.intent(ctx, r, d))
	case Submit:
		return e.submit(ctx, r, d)
	case Try:
		return e.try(ctx, r, d)
	case Look:
		return e.look(ctx, r, d)
	case End:
		return record(ctx, e, r, d.Step.Name, kindStepEnded, d.Outcome.stepEnded)
	case Pause:
		return record(ctx, e, r, d.Step.Name, kindPaused, paused{Step: d.Step.Name, Why: d.Why})
	case Finish:
		return record(ctx, e, r, "end", kindEnded, endedData{State: d.State, Error: d.Why})
	}
	return nil
}

// intent says what a step will ask for; where that cannot be said, why.
func (e *Engine) intent(ctx context.Context, r Run, d Decision) stepBegun {
	s := d.Step
	x := stepBegun{Step: s.Name, Attempt: d.Attempt}
	if s.Action != "" {
		if err := e.request(ctx, r, d, &x); err != nil {
			x.Request, x.Trouble = nil, err.Error()
		}
	}
	x.Until = e.Now().Add(s.within(x.Looks))
	return x
}

func (e *Engine) request(ctx context.Context, r Run, d Decision, x *stepBegun) error {
	lib, err := e.Library()
	if lib == nil {
		return err
	}
	a, ok := lib.Around.Actions.Find(d.Step.Action)
	if !ok {
		return fmt.Errorf("this version has no action %q", d.Step.Action)
	}
	values, err := valuesOf(d.Step, r.scope())
	if err != nil {
		return err
	}
	if err := a.checkValues(values); err != nil {
		return err
	}
	x.Values, x.Looks, x.Guarded = values, a.Look != nil, r.Practice && a.Reaches
	if x.Looks {
		return nil
	}
	ask := Ask{Key: OperationKey(r.ID, d.Step.Name, d.Attempt), Values: values, Actor: r.Actor, Reason: fmt.Sprintf("runbook %s, step %s: %s", r.Runbook, d.Step.Name, r.Reason)}
	made, err := a.Make(ctx, ask)
	if err != nil {
		return err
	}
	made.Key, made.Approval, made.Reason = ask.Key, false, journal.Brief(made.Reason) // its approvals are the runbook's
	x.Request = &made
	return nil
}

// submit asks control for the operation of the step that is under way.
func (e *Engine) submit(ctx context.Context, r Run, d Decision) error {
	p, _ := r.underWay()
	e.crash(r, d.Step.Name, "submit:before")
	_, err := e.Operations.Submit(ctx, *p.Request)
	if err != nil && !errors.Is(err, control.ErrBusy) {
		return err
	}
	e.crash(r, d.Step.Name, "submit:after")
	if err == nil {
		return nil
	}
	return e.ended(ctx, r, p, d, nil, err) // nothing was begun under this key
}

// try asks the guard of an operation that reaches customers, and leaves it at that.
func (e *Engine) try(ctx context.Context, r Run, d Decision) error {
	p, _ := r.underWay()
	o, err := e.Operations.Submit(state.DryRun(ctx), *p.Request)
	switch {
	case errors.Is(err, state.ErrDry):
		return e.ended(ctx, r, p, d, map[string]any{"practice": "its guard lets it pass; nothing was done"}, nil)
	case errors.Is(err, control.ErrBusy):
		return e.ended(ctx, r, p, d, nil, err)
	case err != nil:
		return err
	}
	return e.ended(ctx, r, p, d, nil, fmt.Errorf("its guard refuses it: %s", o.Error))
}

// look looks at the platform.
func (e *Engine) look(ctx context.Context, r Run, d Decision) error {
	p, _ := r.underWay()
	lib, err := e.Library()
	if lib == nil {
		return err
	}
	a, ok := lib.Around.Actions.Find(d.Step.Action)
	if !ok || a.Look == nil {
		return e.ended(ctx, r, p, d, nil, fmt.Errorf("this version has no look %q", d.Step.Action))
	}
	e.crash(r, d.Step.Name, "look:before")
	short, cancel := context.WithTimeout(ctx, d.Step.within(true))
	defer cancel()
	seen, err := a.Look(short, p.Values)
	if ctx.Err() != nil {
		return ctx.Err()
	}
	if err == nil {
		_, err = resultOf(seen)
	}
	return e.ended(ctx, r, p, d, seen, err)
}

// ended records the outcome of what the engine did itself.
func (e *Engine) ended(ctx context.Context, r Run, p *Progress, d Decision, seen any, failure error) error {
	outcome := r.end(d.Step, p, Succeeded, seen, "", e.Now())
	if failure != nil {
		outcome = r.end(d.Step, p, Failed, nil, failure.Error(), e.Now())
	}
	return record(ctx, e, r, d.Step.Name, kindStepEnded, outcome.Outcome.stepEnded)
}

func (e *Engine) crash(r Run, step, point string) {
	if e.Crash != nil {
		attempt := 0
		if p, ok := r.Progress(step); ok {
			attempt = p.Attempt
		}
		e.Crash(fmt.Sprintf("%s:%s:%d:%s", r.Runbook, step, attempt, point))
	}
}

// record appends an entry about a run by the system itself; it acts for who began the run.
func record[T any](ctx context.Context, e *Engine, r Run, step string, kind journal.KindOf[T], v T) error {
	x, err := kind.Entry(r.Runbook, r.ID, v)
	if err != nil {
		return err
	}
	x.Time, x.Actor, x.Reason = e.Now(), "system:runbook", journal.Brief(r.Reason)
	e.crash(r, step, kind.Name+":before")
	if _, err := e.State.Append(ctx, x); err != nil {
		return err
	}
	e.crash(r, step, kind.Name+":after")
	return nil
}
