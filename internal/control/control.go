package control

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// Config is what a Control is made of.
type Config struct {
	State *state.Projection
	Kinds []Kind
	Now   func() time.Time
	Log   *slog.Logger
	Crash CrashPoint // nil: never
}

// CrashPoint is called at every boundary of every step with the point's name, so
// that a test can kill the process there.
type CrashPoint func(point string)

// Control carries out actions.
type Control struct {
	Config
	kinds map[string]Kind
	ctx   context.Context //nolint:containedctx // the lifetime of the operations, which outlive the requests that begin them

	mu    sync.Mutex        // guards what follows
	busy  map[string]string // subject → key of the operation that works on it
	stuck map[string]*stuck // by key
	wg    sync.WaitGroup
}

// Start resumes unfinished operations and returns a Control that accepts actions until ctx
// ends.
func Start(ctx context.Context, c Config) (*Control, error) {
	if c.Crash == nil {
		c.Crash = func(string) {}
	}
	x := &Control{Config: c, kinds: map[string]Kind{}, ctx: ctx, busy: map[string]string{}, stuck: map[string]*stuck{}}
	for _, k := range c.Kinds {
		if _, twice := x.kinds[k.Name]; twice {
			return nil, fmt.Errorf("two kinds of action are called %q", k.Name)
		}
		x.kinds[k.Name] = k
	}
	left, err := Unfinished(c.State)
	if err != nil {
		return nil, fmt.Errorf("resume unfinished operations: %w", err)
	}
	for _, o := range left {
		x.busy[o.Subject] = o.Key
		if o.State == Running {
			c.Log.Info("resuming operation", "operation", o.Key, "kind", o.Kind)
			x.wg.Go(func() { x.carry(o, true) })
		}
	}
	return x, nil
}

// Names returns the names of the kinds of actions that it can carry out, sorted.
func (c *Control) Names() []string { return slices.Sorted(maps.Keys(c.kinds)) }

// Close waits for the operations to notice that their context ended.
func (c *Control) Close() { c.wg.Wait() }

// Submit begins the action and returns its operation; see [Control.Wait]. A known key
// returns the operation that it began, even if the other fields differ; [Window] says how
// long a key is known. While the key cannot be looked up, Submit begins nothing. In a dry run
// it asks the guard and records nothing: what the guard lets pass returns [state.ErrDry].
func (c *Control) Submit(ctx context.Context, a Action) (Operation, error) {
	k, ok := c.kinds[a.Kind]
	if !ok {
		return Operation{}, fmt.Errorf("submit %s: no such kind of action", a.Kind)
	}
	if a.Key == "" || a.Subject == "" {
		return Operation{}, fmt.Errorf("submit %s: it needs a key and a subject", a.Kind)
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if o, err := c.Operation(a.Key); !errors.Is(err, ErrUnknown) {
		return o, err
	}
	if by, busy := c.busy[a.Subject]; busy && !c.over(by) {
		return Operation{}, fmt.Errorf("submit %s on %s: %w (%s)", a.Kind, a.Subject, ErrBusy, by)
	}
	refusal := c.guard(ctx, k, a)
	if err := state.Dry(ctx); err != nil {
		if refusal != nil {
			return Operation{Action: a, State: Refused, Error: refusal.Error()}, nil
		}
		return Operation{}, err
	}
	req := requested{Action: a}
	for _, s := range k.Steps {
		req.Steps = append(req.Steps, s.Name)
	}
	c.Crash(a.Kind + ":request:before")
	if err := record(ctx, c, a, kindRequested, req); err != nil {
		return Operation{}, err
	}
	c.Crash(a.Kind + ":request:after")
	if refusal != nil {
		if err := record(ctx, c, a, kindEnded, ended{State: Refused, Error: refusal.Error()}); err != nil {
			return Operation{}, err
		}
		return c.Operation(a.Key)
	}
	o, err := c.Operation(a.Key)
	if err != nil {
		return Operation{}, err
	}
	c.busy[a.Subject] = a.Key
	if o.State == Running {
		c.wg.Go(func() { c.carry(o, false) })
	}
	return o, nil
}

// over tells whether an operation's end is recorded. One that is not finished never leaves
// the state.
func (c *Control) over(key string) bool {
	o, err := c.Operation(key)
	return errors.Is(err, ErrUnknown) || (err == nil && o.Finished())
}

func (c *Control) guard(ctx context.Context, k Kind, a Action) error {
	if k.Guard == nil {
		return nil
	}
	return k.Guard(ctx, a)
}

// Approve lets a waiting operation begin; actor says who. What was true when it was asked for
// need not be true now, so its guard is asked again: when that refuses, the error is an
// [ErrRefused], and the operation goes on waiting. One whose reason is gone is over.
func (c *Control) Approve(ctx context.Context, key, actor, reason string) (Operation, error) {
	return c.answer(key, actor, reason, func(a Action) error {
		if err := c.again(ctx, a); err != nil {
			return err
		}
		e := kindApproved.Entry(a.Subject, a.Key)
		e.Approval = actor
		return c.append(ctx, a, e)
	})
}

// Deny ends a waiting operation without any effect. Of one that cannot be taken back it gives
// up the step that stands in the way, and the others are taken back; see [Control.Troubles].
func (c *Control) Deny(ctx context.Context, key, actor, reason string) (Operation, error) {
	if left, err := c.leave(ctx, key, actor, reason); left || err != nil {
		o, unread := c.Operation(key)
		return o, errors.Join(err, unread)
	}
	return c.answer(key, actor, reason, func(a Action) error {
		return record(ctx, c, a, kindEnded, ended{State: Refused, Error: "denied by " + actor + ": " + reason})
	})
}

// again judges a waiting operation with what is known now.
func (c *Control) again(ctx context.Context, a Action) error {
	k := c.kinds[a.Kind]
	why, err := c.gone(ctx, k, a)
	switch {
	case why != nil:
		return fmt.Errorf("%s is over, it was not approved: %w: %w", a.Key, ErrRefused, errors.Join(why, err))
	case err == nil:
		err = c.guard(ctx, k, a)
	}
	if err != nil {
		return fmt.Errorf("%s goes on waiting: approve it again once this is mended, or deny it: %w: %w", a.Key, ErrRefused, err)
	}
	return nil
}

// gone ends a waiting operation whose reason does not come back, and says why it did; err is
// why it cannot begin now, or why its end was not recorded. Callers hold the lock.
func (c *Control) gone(ctx context.Context, k Kind, a Action) (why, err error) {
	if k.Still == nil {
		return nil, nil
	}
	if err = k.Still(ctx, a); !errors.Is(err, ErrGone) {
		return nil, err
	}
	why = err
	if err = record(ctx, c, a, kindEnded, ended{State: Refused, Error: "retired: " + why.Error()}); err == nil {
		delete(c.busy, a.Subject)
	}
	return why, err
}

// Retirer is the actor of the end of an operation that nobody answered in time.
const Retirer = "system:control"

// Retire ends the operations that wait for a person for a reason that is gone, so that their
// subjects are free.
func (c *Control) Retire(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	left, err := Unfinished(c.State)
	errs := []error{err}
	for _, o := range left {
		if o.State != Waiting {
			continue
		}
		a := o.Action
		a.Actor, a.Reason = Retirer, "nobody has answered, and the reason is gone"
		if why, err := c.gone(ctx, c.kinds[o.Kind], a); why != nil { // what it needs to begin is asked when somebody approves
			errs = append(errs, err)
		}
	}
	return errors.Join(errs...)
}

func (c *Control) answer(key, actor, reason string, say func(Action) error) (Operation, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	o, err := c.Operation(key)
	if err != nil {
		return o, err
	}
	if o.State != Waiting {
		return o, fmt.Errorf("%s is %s: %w", key, o.State, ErrState)
	}
	a := o.Action
	a.Actor, a.Reason = actor, reason
	if err := say(a); err != nil {
		return o, err
	}
	if o, err = c.Operation(key); err != nil {
		return o, err
	}
	if o.State == Running {
		c.wg.Go(func() { c.carry(o, false) })
	} else {
		delete(c.busy, o.Subject)
	}
	return o, nil
}

// Operation returns one operation.
func (c *Control) Operation(key string) (Operation, error) {
	var o Operation
	found, err := c.State.Get(Prefix+key, &o)
	if err == nil && !found {
		err = fmt.Errorf("%s: %w", key, ErrUnknown)
	}
	return o, err
}

// Wait returns the operation once it is finished.
func (c *Control) Wait(ctx context.Context, key string) (Operation, error) {
	for {
		changed := c.State.Changed()
		o, err := c.Operation(key)
		if err != nil || o.Finished() {
			return o, err
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return o, ctx.Err()
		}
	}
}

// carry does the operation's steps from where it stands to the end.
func (c *Control) carry(o Operation, resumed bool) {
	result := ended{State: Succeeded}
	run := &Run{Action: o.Action, results: map[string]json.RawMessage{}}
	for _, t := range o.Steps {
		if t.State == StepDone {
			run.results[t.Name] = t.Result
		}
	}
	k := c.kinds[o.Kind]
	err := o.failure() // that it was being taken back for
	switch {
	case !resumed || err == nil && (k.MaxAge == 0 || c.Now().Sub(o.Let()) <= k.MaxAge):
		err = c.forward(k, run)
	case err == nil:
		err = fmt.Errorf("it was interrupted and is older than %v, too old to be resumed", k.MaxAge)
	}
	if c.ctx.Err() != nil {
		return // we are stopping; the next life resumes
	}
	if err != nil {
		undone, left := c.back(k, run, err)
		if c.ctx.Err() != nil {
			return // the next life goes on with that
		}
		result = ended{State: Failed, Error: err.Error()}
		if left != nil {
			result.Error += "; and this was not taken back: " + left.Error()
		} else if undone {
			result.State = RolledBack
		}
	}
	c.Crash(o.Kind + ":end:before")
	if c.insist(o.Action, "record its end", nil, func() error { return record(c.ctx, c, o.Action, kindEnded, result) }) != nil {
		return
	}
	c.Crash(o.Kind + ":end:after")
	c.mu.Lock()
	if c.busy[o.Subject] == o.Key { // the next one may have begun the moment our end was recorded
		delete(c.busy, o.Subject)
	}
	c.mu.Unlock()
}

func (c *Control) forward(k Kind, run *Run) error {
	if len(k.Steps) == 0 {
		return fmt.Errorf("this version has no action %q; finish it with the version that began it", run.Kind)
	}
	for _, s := range k.Steps {
		if _, done := run.results[s.Name]; done {
			continue
		}
		if err := c.step(s, run); err != nil {
			return fmt.Errorf("%s: %w", s.Name, err)
		}
	}
	return nil
}

func (c *Control) step(s Step, run *Run) error {
	point := run.Kind + ":" + s.Name + ":"
	c.Crash(point + "before-intent")
	if err := record(c.ctx, c, run.Action, kindStepBegun, stepData{Step: s.Name, State: StepRunning}); err != nil {
		return err
	}
	c.Crash(point + "before-effect")
	ctx, cancel := context.WithTimeout(c.ctx, s.Timeout)
	defer cancel()
	v, err := s.Do(ctx, run)
	if c.ctx.Err() != nil {
		return c.ctx.Err()
	}
	c.Crash(point + "after-effect")
	out := stepData{Step: s.Name, State: StepDone}
	if err != nil {
		out.State, out.Error = StepFailed, err.Error()
	} else if v != nil {
		b, merr := json.Marshal(v)
		if merr != nil {
			return fmt.Errorf("encode result: %w", merr)
		}
		out.Result = b
	}
	if rerr := record(c.ctx, c, run.Action, kindStepEnded, out); rerr != nil {
		return errors.Join(err, rerr)
	}
	c.Crash(point + "after-outcome")
	if err == nil {
		run.results[s.Name] = out.Result
	}
	return err
}

// record appends an entry with data about the action.
func record[T any](ctx context.Context, c *Control, a Action, kind journal.KindOf[T], data T) error {
	e, err := kind.Entry(a.Subject, a.Key, data)
	if err != nil {
		return err
	}
	return c.append(ctx, a, e)
}

func (c *Control) append(ctx context.Context, a Action, e journal.Entry) error {
	e.Time, e.Actor, e.Reason, e.Trace = c.Now(), a.Actor, journal.Brief(a.Reason), a.trace()
	_, err := c.State.Append(ctx, e)
	return err
}
