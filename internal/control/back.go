package control

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// back undoes what has been begun, in reverse, and says whether there was anything to undo. It
// goes on until all is undone, or this server stops; left is what a person gave up. That it goes
// back is recorded before the first effect of that, or a next life would take what is undone
// for done.
func (c *Control) back(k Kind, run *Run, why error) (undone bool, left error) {
	var o Operation
	stopped := c.insist(run.Action, "read how far it came", nil, func() (err error) { o, err = c.Operation(run.Key); return err })
	steps := o.undoable(k)
	if stopped == nil && len(steps) > 0 && o.failure() == nil {
		c.Crash(run.Kind + ":back:before-intent")
		stopped = c.insist(run.Action, "record that it goes back", nil, func() error {
			return record(c.ctx, c, run.Action, kindReverting, reverting{why.Error()})
		})
		c.Crash(run.Kind + ":back:after-intent")
	}
	for _, s := range steps {
		if stopped != nil || c.ctx.Err() != nil {
			break
		}
		if err := c.undo(s, run); err != nil {
			left = errors.Join(left, fmt.Errorf("%s: %w", s.Name, err))
			continue
		}
		stopped = c.insist(run.Action, "record that "+s.Name+" is undone", nil, func() error {
			return record(c.ctx, c, run.Action, kindStepEnded, stepData{Step: s.Name, State: StepUndone})
		})
		undone = stopped == nil
	}
	return undone || o.undone(), left
}

// undo takes one step back, and repeats that until it has worked or a person gives it up.
func (c *Control) undo(s Step, run *Run) error {
	point := run.Kind + ":" + s.Name + ":"
	given := make(chan Action, 1)
	err := c.insist(run.Action, "undo "+s.Name, given, func() error {
		c.Crash(point + "before-undo")
		ctx, cancel := context.WithTimeout(c.ctx, s.Timeout)
		defer cancel()
		return s.Undo(ctx, run)
	})
	if err == nil {
		c.Crash(point + "after-undo")
	}
	if up, ok := errors.AsType[givenUpError](err); ok {
		_ = c.insist(run.Action, "record that a step was given up", nil, func() error {
			return record(c.ctx, c, up.by, kindStepEnded, stepData{Step: s.Name, State: StepFailed, Error: err.Error()})
		})
	}
	return err
}

// givenUpError is the newest error of what a person gave up.
type givenUpError struct {
	by  Action
	err error
}

func (e givenUpError) Error() string { return "given up by " + e.by.Actor + ": " + e.err.Error() }
func (e givenUpError) Unwrap() error { return e.err }

// undoable returns the steps that are to be taken back, the last first.
func (o Operation) undoable(k Kind) (out []Step) {
	for i, s := range slices.Backward(k.Steps) {
		if i >= len(o.Steps) || o.Steps[i].State == StepWaiting {
			continue
		}
		if s.Final {
			break
		}
		if s.Undo != nil && o.Steps[i].State != StepUndone {
			out = append(out, s)
		}
	}
	return out
}

// undone tells whether an earlier life has taken a step back.
func (o Operation) undone() bool {
	return slices.ContainsFunc(o.Steps, func(t Trace) bool { return t.State == StepUndone })
}

// Between two tries of what must succeed.
const (
	firstAgain = 100 * time.Millisecond
	lastAgain  = 30 * time.Second
)

// Trouble is something of an operation that must succeed, and does not yet. It is tried again
// after at most 30 s.
type Trouble struct {
	Key     string
	Kind    string
	Subject string
	What    string // is to be done
	Error   string // of the newest try
	Since   time.Time
	May     bool // a person may give it up with [Control.Deny]
}

// stuck is a trouble, and the way in which a person ends it.
type stuck struct {
	Trouble
	given chan<- Action
}

// Troubles returns what must succeed and does not yet, by the keys of the operations.
func (c *Control) Troubles() []Trouble {
	c.mu.Lock()
	defer c.mu.Unlock()
	var out []Trouble
	for _, s := range c.stuck {
		out = append(out, s.Trouble)
	}
	slices.SortFunc(out, func(a, b Trouble) int { return strings.Compare(a.Key, b.Key) })
	return out
}

// insist repeats f until it succeeds, somebody gives it up, or the server stops; then it returns
// the newest error. What must be undone or recorded is not left because a disk was full for a moment.
func (c *Control) insist(a Action, what string, given chan Action, f func() error) error {
	defer c.settled(a.Key)
	since := c.Now()
	for pause := firstAgain; ; pause = min(2*pause, lastAgain) {
		err := f()
		if err == nil || c.ctx.Err() != nil || errors.Is(err, journal.ErrClosed) {
			return err
		}
		c.Log.Error("it is tried again", "operation", a.Key, "to", what, "err", err)
		c.mu.Lock()
		c.stuck[a.Key] = &stuck{Trouble{Key: a.Key, Kind: a.Kind, Subject: a.Subject, What: what, Error: err.Error(), Since: since, May: given != nil}, given}
		c.mu.Unlock()
		again := time.NewTimer(pause)
		select {
		case <-c.ctx.Done():
		case by := <-given:
			again.Stop()
			return givenUpError{by, err}
		case <-again.C:
		}
		again.Stop()
	}
}

func (c *Control) settled(key string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	delete(c.stuck, key)
}

// leave gives up the step that an operation cannot take back; false: there is none.
func (c *Control) leave(ctx context.Context, key, actor, reason string) (bool, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	s := c.stuck[key]
	if s == nil || s.given == nil {
		return false, nil
	}
	if err := state.Dry(ctx); err != nil {
		return true, err
	}
	o, err := c.Operation(key)
	if err != nil {
		return true, err
	}
	a := o.Action
	a.Actor, a.Reason = actor, reason
	select {
	case s.given <- a:
	default: // somebody was faster
	}
	return true, nil
}
