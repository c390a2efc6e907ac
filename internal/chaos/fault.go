package chaos

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// The kinds of actions.
const (
	KindInject = "fault.inject"
	KindClear  = "fault.clear"

	// Prefix begins the keys of fault documents in the state.
	Prefix = "fault/"
)

// The kinds of entries that the wing writes.
var (
	faultSet     = journal.NewKind[Fault]("fault.set", "A fault is wished for: the nodes bring it about.")
	faultCleared = journal.NewBareKind("fault.cleared", "A fault is wished away before its time is over.")
	faultEnded   = journal.NewBareKind("fault.ended", "A fault is over and left no trace.")
)

// EntryKinds returns the kinds of entries that the wing writes.
func EntryKinds() []journal.Kind {
	return []journal.Kind{faultSet.Kind, faultCleared.Kind, faultEnded.Kind}
}

// The states of a fault.
const (
	Injecting = "injecting"
	Active    = "active"
	Ended     = "ended"
)

// Fault is one fault, requested or over.
type Fault struct {
	ID      string    `json:"id"`
	Kind    string    `json:"kind"`
	Target  string    `json:"target"` // component id, or REGION/ZONE
	Reason  string    `json:"reason,omitempty"`
	Begun   time.Time `json:"begun"`
	Until   time.Time `json:"until"`
	Cleared bool      `json:"cleared,omitempty"` // ended before its time
	State   string    `json:"state"`
	Index   uint64    `json:"index"`
}

// Zone returns REGION/ZONE of the fault's target.
func (f Fault) Zone() string {
	return fact.ZoneOf(f.Target)
}

// Unit returns the engine of a fault on one component, empty for a whole zone.
func (f Fault) Unit() string {
	r, err := fact.Component(f.Target)
	if err != nil {
		return "" // a zone, a region or a link
	}
	return r.Kind
}

// Over tells whether the fault was cleared, or its time is over at now.
func (f Fault) Over(now time.Time) bool { return f.Cleared || !now.Before(f.Until) }

var (
	ongoing = state.NewIndex(Prefix, func(f *Fault) string {
		if f.State == Ended {
			return ""
		}
		return state.Order(f.Index)
	})
	over = state.NewIndex(Prefix, func(f *Fault) string {
		if f.State != Ended {
			return ""
		}
		return state.Order(f.Index)
	})
)

// The state keeps every fault that is not over, all that ended within a day, and of the
// others this many of the newest that are no older than this.
var bound = state.Bound[Fault]{
	Over: over, Ended: func(f *Fault) time.Time { return f.Until },
	Keep: 24 * time.Hour, Newest: 200, Age: 90 * 24 * time.Hour,
}

// Ongoing returns the faults that are wished for or may have left something, the oldest first.
func Ongoing(s *state.Projection) ([]Fault, error) { return ongoing.Read(s, state.Range{}) }

// Fold keeps one document for each fault that is not over or was lately. It is a state.Fold.
func Fold(d *state.Docs, r journal.Record) error {
	if err := fold(d, r); err != nil {
		return err
	}
	bound.Prune(d)
	return nil
}

func fold(d *state.Docs, r journal.Record) error {
	switch r.Kind {
	case faultSet.Name:
		var f Fault
		if err := r.Decode(&f); err != nil {
			return err
		}
		f.Index = r.Index
		return d.Put(Prefix+f.ID, f)
	case faultCleared.Name, faultEnded.Name, "step.ended":
		var f Fault
		found, err := d.Get(Prefix+r.Subject, &f)
		if err != nil || !found {
			return err
		}
		switch {
		case r.Kind == faultCleared.Name:
			f.Cleared = true
		case r.Kind == faultEnded.Name:
			if f.State = Ended; r.Time.Before(f.Until) {
				f.Until = r.Time
			}
		case f.State == Injecting:
			f.State = Active
		}
		return d.Put(Prefix+f.ID, f)
	}
	return nil
}

// Wishes takes entries, and finds the faults folded from them.
type Wishes interface {
	Append(ctx context.Context, entries ...journal.Entry) (uint64, error)
	Get(key string, v any) (bool, error)
	Changed() <-chan struct{}
}

// Platform is the platform as faults need it.
type Platform interface {
	// Check says why the fault cannot be injected: no such target, no way to do it.
	Check(f Fault) error
	// Seen tells whether the fault's effect shows from outside.
	Seen(f Fault) bool
	// Active returns the faults that are not over.
	Active() ([]Fault, error)
}

// Faults carries out the actions.
type Faults struct {
	Wishes   Wishes
	Platform Platform
	Now      func() time.Time
}

// Kinds returns the kinds of actions, for control.
func (x Faults) Kinds() []control.Kind {
	return []control.Kind{
		{
			Name: KindInject, Guard: x.guard, MaxAge: 30 * time.Second,
			Steps: []control.Step{
				{Name: "inject", Timeout: 10 * time.Second, Do: x.set, Undo: x.clear},
				{Name: "see", Timeout: 20 * time.Second, Do: x.see},
			},
		},
		{
			Name: KindClear,
			Steps: []control.Step{
				{Name: "clear", Timeout: 10 * time.Second, Do: func(ctx context.Context, r *control.Run) (any, error) { return nil, x.clear(ctx, r) }},
				{Name: "gone", Timeout: time.Minute, Do: x.gone},
			},
		},
	}
}

// guard refuses a target that is not there, and a second zone while one is broken.
func (x Faults) guard(_ context.Context, a control.Action) error {
	var f Fault
	if err := (&control.Run{Action: a}).Decode(&f); err != nil {
		return err
	}
	if err := x.Platform.Check(f); err != nil {
		return err
	}
	others, err := x.Platform.Active()
	if err != nil {
		return err
	}
	for _, o := range others {
		if o.ID != f.ID && o.Zone() != f.Zone() && !o.Over(x.Now()) {
			return fmt.Errorf("%s on %s is active until %s: a second zone would break the quorum; end it first with `fournines fault clear %s`",
				o.Kind, o.Target, o.Until.UTC().Format(time.RFC3339), o.ID)
		}
	}
	return nil
}

func (x Faults) set(ctx context.Context, r *control.Run) (any, error) {
	var f Fault
	if err := r.Decode(&f); err != nil {
		return nil, err
	}
	if known, err := x.Wishes.Get(Prefix+f.ID, &Fault{}); err != nil || known {
		return nil, err
	}
	if f.Over(x.Now()) {
		return nil, errors.New("its time is over before it could begin")
	}
	f.State = Injecting
	e, err := faultSet.Entry(f.ID, r.Key, f)
	if err != nil {
		return nil, err
	}
	return nil, x.append(ctx, r, e)
}

func (x Faults) append(ctx context.Context, r *control.Run, e journal.Entry) error {
	e.Actor, e.Reason = r.Actor, journal.Brief(r.Reason)
	_, err := x.Wishes.Append(ctx, e)
	return err
}

func (x Faults) see(ctx context.Context, r *control.Run) (any, error) {
	return nil, x.until(ctx, r, "its effect does not show", func(f Fault) bool { return f.Over(x.Now()) || x.Platform.Seen(f) })
}

func (x Faults) clear(ctx context.Context, r *control.Run) error {
	var f Fault
	if err := r.Decode(&f); err != nil {
		return err
	}
	known, err := x.Wishes.Get(Prefix+f.ID, &f)
	if err != nil || f.Cleared || f.State == Ended || !known {
		return err
	}
	return x.append(ctx, r, faultCleared.Entry(f.ID, r.Key))
}

func (x Faults) gone(ctx context.Context, r *control.Run) (any, error) {
	return nil, x.until(ctx, r, "something of it is left", func(f Fault) bool { return f.State == Ended })
}

// until waits for a fact about the fault of the run.
func (x Faults) until(ctx context.Context, r *control.Run, why string, done func(Fault) bool) error {
	var f Fault
	if err := r.Decode(&f); err != nil {
		return err
	}
	t := time.NewTicker(100 * time.Millisecond)
	defer t.Stop()
	for {
		changed := x.Wishes.Changed()
		if _, err := x.Wishes.Get(Prefix+f.ID, &f); err != nil || done(f) {
			return err
		}
		select {
		case <-changed:
		case <-t.C:
		case <-ctx.Done():
			return fmt.Errorf("%s: %w", why, ctx.Err())
		}
	}
}

// End returns the entries for faults that are over and left no trace, so that
// nobody needs to ask for it.
func End(faults []Fault, seen func(Fault) bool, now time.Time) []journal.Entry {
	var out []journal.Entry
	for _, f := range faults {
		if f.State != Ended && f.Over(now) && !seen(f) {
			e := faultEnded.Entry(f.ID, f.ID)
			e.Actor = "system:chaos"
			out = append(out, e)
		}
	}
	return out
}
