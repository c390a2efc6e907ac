package schedule

import (
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// The kinds of entries about schedules; the subject of each is the schedule's name.
var (
	Set     = journal.NewKind[Setting]("schedule.set", "The times of a schedule are known, or were changed; earlier times are not caught up.")
	Paused  = journal.NewKind[Pausing]("schedule.paused", "A person keeps a schedule from beginning.")
	Resumed = journal.NewKind[Resuming]("schedule.resumed", "A person lets a schedule begin again.")
	Begun   = journal.NewKind[Run]("schedule.begun", "A run of a schedule is about to be handed to control.")
	Ended   = journal.NewKind[Outcome]("schedule.ended", "A run of a schedule is over, with its outcome.")
)

// EntryKinds returns the kinds of entries about schedules.
func EntryKinds() []journal.Kind {
	return []journal.Kind{Set.Kind, Paused.Kind, Resumed.Kind, Begun.Kind, Ended.Kind}
}

// Setting is when a schedule plans from a moment on.
type Setting struct {
	Cron  string    `json:"cron"`
	Zone  string    `json:"zone"`
	Since time.Time `json:"since"`
	Why   string    `json:"why" doc:"new, changed, or clock: it went back further than a schedule waits"`
}

// Pausing pauses a schedule.
type Pausing struct {
	At    time.Time `json:"at"`
	Until time.Time `json:"until,omitzero" doc:"zero: until somebody resumes it"`
}

// Resuming ends a pause.
type Resuming struct {
	At   time.Time `json:"at"`
	Skip bool      `json:"skip,omitempty" doc:"what was missed in the pause is not caught up"`
}

// Fold keeps a course for each schedule. It is a state.Fold.
func Fold(d *state.Docs, r journal.Record) error {
	switch r.Kind {
	case Set.Name:
		return change(d, r, Course.set)
	case Paused.Name:
		return change(d, r, func(c Course, p Pausing, r journal.Record) Course {
			c.Pause = &Pause{By: r.Actor, Reason: r.Reason, At: p.At, Until: p.Until, Entry: r.Index}
			return c
		})
	case Resumed.Name:
		return change(d, r, func(c Course, p Resuming, _ journal.Record) Course {
			if c.Pause = nil; p.Skip {
				c.Since = p.At
			}
			return c
		})
	case Begun.Name:
		return change(d, r, func(c Course, run Run, r journal.Record) Course {
			run.Entry = r.Index
			c.Running, c.Planned = &run, run.Planned
			return c
		})
	case Ended.Name:
		return change(d, r, Course.end)
	}
	return nil
}

// change puts a course as it is after an entry. Entries that are folded again change nothing.
func change[T any](d *state.Docs, r journal.Record, f func(Course, T, journal.Record) Course) error {
	c := Course{Name: r.Subject}
	known, err := d.Get(CoursePrefix+r.Subject, &c)
	if err != nil || known && r.Index <= c.Last {
		return err
	}
	var data T
	if err := r.Decode(&data); err != nil {
		return err
	}
	c = f(c, data, r)
	c.Last = r.Index
	return d.Put(CoursePrefix+r.Subject, c)
}

// set begins to plan anew: what a run does that goes on is still known.
func (c Course) set(s Setting, _ journal.Record) Course {
	c.Cron, c.Zone, c.Since, c.Planned = s.Cron, s.Zone, s.Since, time.Time{}
	return c
}

func (c Course) end(o Outcome, r journal.Record) Course {
	if c.Running == nil || c.Running.Key != o.Key {
		return c
	}
	o.Entry = r.Index
	c.Running, c.Newest = nil, &o
	if o.State == control.Succeeded {
		c.Succeeded, c.Failures, c.Failing = o.Ended, 0, time.Time{}
		return c
	}
	if c.Failures++; c.Failures == 1 {
		c.Failing = o.Ended
	}
	return c
}
