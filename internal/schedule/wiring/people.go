package wiring

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/schedule"
	"github.com/greenlang/fournines/internal/schedule/door"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/wing"
)

// Schedules implements door.Source: the schedules of all wings, by name.
func (w *Wiring) Schedules(context.Context) ([]door.Schedule, error) {
	courses, err := w.courses()
	if err != nil {
		return nil, err
	}
	now := w.house.Now()
	out := make([]door.Schedule, 0, len(w.all))
	for _, s := range w.all {
		out = append(out, door.ScheduleOf(s, courses[s.Name], now))
	}
	slices.SortFunc(out, func(a, b door.Schedule) int { return strings.Compare(a.Name, b.Name) })
	return out, nil
}

// PauseSchedule implements door.Source.
func (w *Wiring) PauseSchedule(ctx context.Context, name string, until time.Time, reason string) error {
	now := w.house.Now()
	if err := w.known(name); err != nil {
		return err
	}
	if !until.IsZero() && !until.After(now) {
		return fmt.Errorf("%w: a pause until %s is over already; name a time to come", wing.ErrRefused, until.UTC().Format(time.RFC3339))
	}
	return person(ctx, w, schedule.Paused, name, reason, schedule.Pausing{At: now, Until: until})
}

// ResumeSchedule implements door.Source.
func (w *Wiring) ResumeSchedule(ctx context.Context, name string, skip bool, reason string) error {
	if err := w.known(name); err != nil {
		return err
	}
	courses, err := w.courses()
	if err != nil {
		return err
	}
	if courses[name].Pause == nil {
		return fmt.Errorf("%w: %s is not paused", wing.ErrRefused, name)
	}
	return person(ctx, w, schedule.Resumed, name, reason, schedule.Resuming{At: w.house.Now(), Skip: skip})
}

func (w *Wiring) known(name string) error {
	var has []string
	for _, s := range w.all {
		has = append(has, s.Name)
	}
	if !slices.Contains(has, name) {
		return &spec.NoneOfError{What: "schedule", Value: name, Has: has}
	}
	return nil
}

// person records what a person wants of a schedule.
func person[T any](ctx context.Context, w *Wiring, kind journal.KindOf[T], name, reason string, data T) error {
	e, err := kind.Entry(name, "", data)
	if err != nil {
		return err
	}
	e.Actor, e.Reason, e.Trace = wing.Actor(ctx), journal.Brief(reason), wing.Trace(ctx)
	_, err = w.house.State.Append(ctx, e)
	return err
}
