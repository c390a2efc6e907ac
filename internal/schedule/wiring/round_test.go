package wiring

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/schedule"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/state/statetest"
	"github.com/greenlang/fournines/internal/wing"
)

// stand is a wiring over a real journal, state and control, with a clock of its own.
type stand struct {
	*Wiring
	t   *testing.T
	now time.Time
}

func open(t *testing.T, all func() []schedule.Schedule, kinds ...control.Kind) *stand {
	t.Helper()
	log := slog.New(slog.DiscardHandler)
	j, err := journal.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p, err := state.Open(ctx, j, statetest.Shelf{}, log, control.Fold, schedule.Fold)
	if err != nil {
		t.Fatal(err)
	}
	s := &stand{t: t, now: planned.Add(-time.Minute)}
	c, err := control.Start(ctx, control.Config{State: p, Kinds: kinds, Now: func() time.Time { return s.now }, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	s.Wiring, _ = New(&wing.House{State: p, Control: c, Now: func() time.Time { return s.now }, Log: log}, all)
	t.Cleanup(func() { cancel(); c.Close(); p.Close(); _ = j.Close() })
	if err := s.open(ctx); err != nil {
		t.Fatal(err)
	}
	_ = s.step(planned.Add(-time.Minute)) // what is wrong is wrong from the first round on
	return s
}

// step is one round at a moment.
func (s *stand) step(now time.Time) error {
	s.now = now
	return s.round(s.t.Context())
}

func (s *stand) course(name string) schedule.Course {
	s.t.Helper()
	all, err := s.courses()
	if err != nil {
		s.t.Fatal(err)
	}
	return all[name]
}

// A run whose subject is busy waits, and begins once it is free.
func TestARunWaitsForItsSubject(t *testing.T) {
	t.Parallel()
	release := make(chan struct{})
	s := open(t, daily,
		control.Kind{Name: "sweep", Steps: []control.Step{{Name: "x", Timeout: time.Minute, Do: func(context.Context, *control.Run) (any, error) { return nil, errors.New("a wall") }}}},
		control.Kind{Name: "paint", Steps: []control.Step{{Name: "x", Timeout: time.Minute, Do: func(context.Context, *control.Run) (any, error) { <-release; return nil, nil }}}})
	if _, err := s.house.Control.Submit(t.Context(), control.Action{Key: "paint", Kind: "paint", Subject: "floor"}); err != nil {
		t.Fatal(err)
	}
	for i := range 3 {
		if err := s.step(planned.Add(time.Duration(i) * time.Second)); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := s.house.Control.Operation(schedule.Key("daily", planned)); !errors.Is(err, control.ErrUnknown) || s.course("daily").Running == nil {
		t.Fatalf("%v %+v", err, s.course("daily"))
	}
	close(release)
	if _, err := s.house.Control.Wait(t.Context(), "paint"); err != nil {
		t.Fatal(err)
	}
	if err := s.step(planned.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.house.Control.Wait(t.Context(), schedule.Key("daily", planned)); err != nil {
		t.Fatal(err)
	}
	if err := s.step(planned.Add(time.Minute)); err != nil {
		t.Fatal(err)
	}
	if c := s.course("daily"); c.Running != nil || c.Failures != 1 || c.Newest.State != control.Failed || !strings.Contains(c.Newest.Error, "a wall") {
		t.Errorf("%+v %+v", c, c.Newest)
	}
}

// A schedule that has no action for a time fails, one that cannot be read is told of, and
// neither keeps another from its run.
func TestOneThatIsWrongStopsNoOther(t *testing.T) {
	t.Parallel()
	all := append(daily(), schedule.Schedule{Name: "mute", Does: "x", Cron: "0 2 * * *", Zone: "UTC", Do: func(time.Time) (control.Action, error) {
		return control.Action{}, errors.New("nothing is declared")
	}}, schedule.Schedule{Name: "mars", Does: "x", Cron: "0 2 * * *", Zone: "Mars", Do: daily()[0].Do})
	s := open(t, func() []schedule.Schedule { return all }, sweep(t.TempDir()))
	if err := s.step(planned); err == nil || !strings.Contains(err.Error(), `time zone "Mars" does not exist`) {
		t.Errorf("%v", err)
	}
	if c := s.course("mute"); c.Failures != 1 || c.Newest.Error != "nothing is declared" {
		t.Errorf("%+v", c)
	}
	if o, err := s.house.Control.Wait(t.Context(), schedule.Key("daily", planned)); err != nil || o.State != control.Succeeded {
		t.Errorf("%v %v", o, err)
	}
}

// A person pauses a schedule and resumes it; a dry run does neither.
func TestPeoplePauseAndResume(t *testing.T) {
	t.Parallel()
	s := open(t, daily, sweep(t.TempDir()))
	ctx := wing.WithActor(t.Context(), "ann")
	if err := s.PauseSchedule(state.DryRun(ctx), "daily", time.Time{}, "x"); !errors.Is(err, state.ErrDry) {
		t.Errorf("%v", err)
	}
	if err := s.ResumeSchedule(ctx, "daily", false, "x"); !errors.Is(err, wing.ErrRefused) {
		t.Errorf("%v", err)
	}
	if err := s.PauseSchedule(ctx, "daily", planned.Add(-time.Hour), "x"); !errors.Is(err, wing.ErrRefused) {
		t.Errorf("%v", err)
	}
	err := s.PauseSchedule(ctx, "dayly", time.Time{}, "x")
	if none, ok := errors.AsType[*spec.NoneOfError](err); !ok || !strings.Contains(none.Error(), `did you mean "daily"?`) {
		t.Errorf("%v", err)
	}
	if err := s.PauseSchedule(ctx, "daily", time.Time{}, "the floor is wet"); err != nil {
		t.Fatal(err)
	}
	if err := s.step(planned.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	all, err := s.Schedules(ctx)
	if err != nil || len(all) != 1 || all[0].State != "paused" || all[0].Pause.By != "ann" || all[0].Pause.Reason != "the floor is wet" || len(all[0].Next) != 5 {
		t.Fatalf("%+v %v", all, err)
	}
	if err := s.ResumeSchedule(ctx, "daily", false, "dry again"); err != nil {
		t.Fatal(err)
	}
	if err := s.step(planned.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.house.Control.Wait(t.Context(), schedule.Key("daily", planned)); err != nil {
		t.Fatal(err)
	}
}
