package wiring

import (
	"context"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/schedule"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wing"
)

// Wiring runs the schedules of all wings.
type Wiring struct {
	house      *wing.House
	registered func() []schedule.Schedule

	all   []schedule.Timed   // since open
	wrong error              // of those that cannot be read
	crash control.CrashPoint // of tests
}

// New returns the wing, and its wiring for the door; registered returns the schedules of all
// wings once they are made.
func New(h *wing.House, registered func() []schedule.Schedule) (*Wiring, wing.Wing) {
	w := &Wiring{house: h, registered: registered, crash: func(string) {}}
	return w, wing.Wing{
		Name: "schedule", Entries: schedule.EntryKinds(), Fold: schedule.Fold, Open: w.open,
		Tasks:    []wing.Task{{Name: "schedules", Does: "Begins the runs of schedules that are due, and records how they ended.", Every: time.Second, Do: w.round}},
		Findings: w.findings,
	}
}

func (w *Wiring) open(context.Context) error {
	w.all, w.wrong = schedule.Read(w.registered())
	return nil
}

// courses are the documents of all schedules, by name.
func (w *Wiring) courses() (map[string]schedule.Course, error) {
	all, err := state.List[schedule.Course](w.house.State, schedule.CoursePrefix)
	if err != nil {
		return nil, err
	}
	out := make(map[string]schedule.Course, len(all))
	for _, c := range all {
		out[c.Name] = c
	}
	return out, nil
}

func (w *Wiring) findings(now time.Time) ([]wing.Finding, error) {
	courses, err := w.courses()
	if err != nil {
		return nil, err
	}
	return schedule.Findings(w.all, courses, nil, now), nil
}
