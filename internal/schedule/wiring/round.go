package wiring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/schedule"
)

// actor is who asks for the actions of schedules.
const actor = "system:schedule"

// round is one round of the task. What is wrong with one schedule stops no other, and is in the
// error, which the task shows.
func (w *Wiring) round(ctx context.Context) error {
	now := w.house.Now()
	errs := []error{w.wrong, w.settle(ctx, now)}
	courses, err := w.courses()
	if err != nil {
		return errors.Join(append(errs, err)...)
	}
	set := schedule.Unset(w.all, courses, now)
	for name, s := range set {
		errs = append(errs, record(ctx, w, schedule.Set, name, s))
	}
	if len(set) > 0 { // they plan from the next round on
		return errors.Join(errs...)
	}
	for _, d := range schedule.Decide(w.all, courses, nil, now) {
		w.crash("schedule:begun:before")
		err := record(ctx, w, schedule.Begun, d.Name, d.Run)
		w.crash("schedule:begun:after")
		if err == nil {
			err = w.handOver(ctx, d.Name, d.Run, now)
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// settle goes on with the runs that have begun, also those of a schedule that is no more.
func (w *Wiring) settle(ctx context.Context, now time.Time) error {
	courses, err := w.courses()
	errs := []error{err}
	for name, c := range courses {
		if c.Running == nil {
			continue
		}
		o, err := w.house.Control.Operation(c.Running.Key)
		if err != nil && !errors.Is(err, control.ErrUnknown) {
			errs = append(errs, err)
			continue
		}
		over, again := schedule.Settle(*c.Running, o, err == nil, now)
		switch {
		case over != nil:
			errs = append(errs, w.end(ctx, name, *over))
		case again:
			errs = append(errs, w.handOver(ctx, name, *c.Running, now))
		}
	}
	return errors.Join(errs...)
}

// handOver gives a run's action to control. A run whose subject is busy is handed over again by
// the next round; one whose schedule has no action for it is over.
func (w *Wiring) handOver(ctx context.Context, name string, r schedule.Run, now time.Time) error {
	a, err := w.action(name, r)
	if err != nil {
		return w.end(ctx, name, *r.Fail(control.Failed, err, now))
	}
	if _, err := w.house.Control.Submit(ctx, a); err != nil && !errors.Is(err, control.ErrBusy) {
		return fmt.Errorf("run %s: %w", r.Key, err)
	}
	return nil
}

func (w *Wiring) action(name string, r schedule.Run) (control.Action, error) {
	i := slices.IndexFunc(w.all, func(s schedule.Timed) bool { return s.Name == name })
	if i < 0 {
		return control.Action{}, errors.New("this version has no such schedule")
	}
	a, err := w.all[i].Do(r.Planned)
	a.Key, a.Actor, a.Reason = r.Key, actor, "planned for "+r.Planned.UTC().Format(time.RFC3339)
	if r.Missed > 0 {
		a.Reason += fmt.Sprintf("; it stands for %d missed ones too", r.Missed)
	}
	return a, err
}

func (w *Wiring) end(ctx context.Context, name string, o schedule.Outcome) error {
	w.crash("schedule:ended:before")
	err := record(ctx, w, schedule.Ended, name, o)
	w.crash("schedule:ended:after")
	return err
}

func record[T any](ctx context.Context, w *Wiring, kind journal.KindOf[T], name string, data T) error {
	e, err := kind.Entry(name, "", data)
	if err != nil {
		return err
	}
	e.Actor = actor
	_, err = w.house.State.Append(ctx, e)
	return err
}
