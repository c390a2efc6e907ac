package wiring

import (
	"context"
	"fmt"

	"github.com/greenlang/fournines/internal/runbook"
	"github.com/greenlang/fournines/internal/runbook/door"
	"github.com/greenlang/fournines/internal/wing"
)

// Runbooks implements the door's Source.
func (w *Wiring) Runbooks(context.Context) ([]door.Runbook, error) {
	lib, err := w.library()
	if lib == nil {
		return nil, err
	}
	return door.RunbooksOf(lib)
}

// Runbook implements the door's Source.
func (w *Wiring) Runbook(_ context.Context, name string) (door.RunbookPage, error) {
	lib, err := w.library()
	if lib == nil {
		return door.RunbookPage{}, err
	}
	p, ok, err := door.PageOf(lib, name)
	if err == nil && !ok {
		err = fmt.Errorf("runbook %q: %w", name, wing.ErrNotFound)
	}
	return p, err
}

// listed is how many runs a list shows.
const listed = 100

// Runs implements the door's Source.
func (w *Wiring) Runs(context.Context) ([]door.RunbookRun, error) {
	all, err := runbook.Before(w.house.State, 0, listed)
	if err != nil {
		return nil, err
	}
	out := []door.RunbookRun{}
	for _, r := range all {
		x, err := w.run(r.ID)
		if err != nil {
			return nil, err
		}
		out = append(out, x)
	}
	return out, nil
}

// Run implements the door's Source.
func (w *Wiring) Run(_ context.Context, id string) (door.RunbookRun, error) {
	_, found, err := runbook.Find(w.house.State, id)
	if err == nil && !found {
		err = fmt.Errorf("run %q: %w", id, wing.ErrNotFound)
	}
	if err != nil {
		return door.RunbookRun{}, err
	}
	return w.run(id)
}

func (w *Wiring) run(id string) (door.RunbookRun, error) {
	v, err := w.engine.View(id)
	if err != nil {
		return door.RunbookRun{}, err
	}
	now := w.house.Now()
	out := door.RunOf(v, now)
	if v.Run.Over() {
		return out, nil
	}
	lib, err := w.library()
	if lib == nil {
		return out, err
	}
	for _, c := range lib.Calls(v.Run.Document.Spec.Escalation, now) {
		out.Call = append(out.Call, runbook.CallLine(c))
	}
	return out, nil
}

// StartRun implements the door's Source.
func (w *Wiring) StartRun(ctx context.Context, q door.RunRequest) (string, error) {
	r, err := w.engine.Start(ctx, runbook.Request{
		Wish: runbook.Wish{Actor: wing.Actor(ctx), Reason: q.Reason}, ID: wing.RequestID(ctx, "run"), Runbook: q.Runbook, Inputs: q.Inputs, Practice: q.Practice,
	})
	return r.ID, asked(err)
}

// AnswerRun implements the door's Source.
func (w *Wiring) AnswerRun(ctx context.Context, id string, a door.Answer) error {
	wish := runbook.Wish{Actor: wing.Actor(ctx), Reason: a.Reason}
	var err error
	switch a.Says {
	case door.Approve:
		_, err = w.engine.Approve(ctx, id, wish)
	case door.Deny:
		_, err = w.engine.Deny(ctx, id, wish)
	case door.Confirm:
		_, err = w.engine.Confirm(ctx, id, wish, a.Failed)
	case door.Resume:
		_, err = w.engine.Resume(ctx, id, wish)
	case door.Abort:
		_, err = w.engine.Abort(ctx, id, wish)
	default:
		err = fmt.Errorf("%w: nobody answers a run with %q", wing.ErrRefused, a.Says)
	}
	return asked(err)
}
