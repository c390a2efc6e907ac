package wiring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/availability/door"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/wait"
	"github.com/greenlang/fournines/internal/wing"
)

// homeNow is a home that somebody here serves.
type homeNow struct {
	spec.Region
	serving string
	other   string // where a move would bring it: to its partner, or home again
}

// homes returns the homes that somebody here serves, in the order of the spec.
func (w *Wiring) homes() ([]homeNow, error) {
	placed, err := w.placement()
	if err != nil {
		return nil, err
	}
	var out []homeNow
	for _, r := range w.house.Layout.Platform.ActiveRegions() {
		if serving, ok := placed.Serving[r.Name]; ok {
			out = append(out, homeNow{r, serving, other(r.Name, r.Pair, serving)})
		}
	}
	return out, nil
}

// Homes implements the door's Source.
func (w *Wiring) Homes(context.Context) ([]door.Home, error) {
	now := w.house.Now()
	placed, err1 := w.placement()
	homes, err2 := w.homes()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	out := []door.Home{}
	for _, r := range homes {
		h := door.Home{Region: r.Name, Serving: r.serving, Open: placed.Open(r.serving), Fenced: placed.Wishes[r.Name].Reason, Cells: []int{}}
		for c, home := range placed.Cells {
			if home == r.Name {
				h.Cells = append(h.Cells, c)
			}
		}
		slices.Sort(h.Cells)
		var doc availability.Home
		if _, err := w.house.State.Get(availability.HomePrefix+r.Name, &doc); err != nil {
			return nil, err
		}
		h.Since, h.Journal = doc.Since, doc.Index
		judged, err := w.verdict(r.Name)
		if err != nil {
			return nil, err
		}
		h.Judged, h.Verdict = judged.Since, judged.Index
		view, err := w.MoveView(r.Name, r.other)
		if err != nil {
			return nil, err
		}
		v := availability.Judge(view, now)
		h.Plan, h.Lost = v.Planned, v.Lost
		out = append(out, h)
	}
	return out, nil
}

// other returns where a home would go: to its partner, or home again.
func other(home, pair, serving string) string {
	if serving == home {
		return pair
	}
	return home
}

// Evacuate implements the door's Source.
func (w *Wiring) Evacuate(ctx context.Context, r door.MoveRequest) (string, error) {
	return w.move(ctx, availability.KindEvacuate, r)
}

// Restore implements the door's Source.
func (w *Wiring) Restore(ctx context.Context, r door.MoveRequest) (string, error) {
	r.Mode = availability.Graceful
	return w.move(ctx, availability.KindRestore, r)
}

// PlanHome implements the door's Source.
func (w *Wiring) PlanHome(ctx context.Context, restore bool, q door.MoveRequest) (door.MovePlan, error) {
	kind := availability.KindEvacuate
	if restore {
		kind, q.Mode = availability.KindRestore, availability.Graceful
	}
	a, err := w.moveArgs(ctx, kind, q)
	if err != nil {
		return door.MovePlan{}, err
	}
	v, err := w.MoveView(a.Home, a.To)
	return availability.PlanFor(kind, v, a, w.house.Now()), err
}

func (w *Wiring) move(ctx context.Context, kind string, q door.MoveRequest) (string, error) {
	a, err := w.moveArgs(ctx, kind, q)
	if err != nil {
		return "", err
	}
	id := wing.RequestID(ctx, map[string]string{availability.KindEvacuate: "evacuate", availability.KindRestore: "restore"}[kind])
	action, err := control.NewAction(id, kind, availability.HomeSubject(a.Home), a)
	if err != nil {
		return id, err
	}
	action.Actor, action.Reason, action.Trace = wing.Actor(ctx), q.Reason, wing.Trace(ctx)
	action.Approval = w.house.Layout.Platform.Spec.Failover.CrossRegion.Mode != "automatic"
	o, err := w.house.Submit(ctx, action)
	if err == nil && q.Approve && o.State == control.Waiting {
		_, err = w.house.Control.Approve(ctx, id, wing.Actor(ctx), "approved in advance: "+q.Reason)
		if errors.Is(err, control.ErrRefused) {
			err = fmt.Errorf("%w: %w", api.ErrRefused, err)
		}
	}
	return id, err
}

// moveArgs makes the arguments of a move of what was asked for, or says why it cannot be one.
func (w *Wiring) moveArgs(ctx context.Context, kind string, q door.MoveRequest) (availability.MoveArgs, error) {
	none := availability.MoveArgs{}
	r, ok := w.house.Layout.Platform.Region(q.Region)
	placed, err := w.placement()
	if err != nil {
		return none, err
	}
	serving, served := placed.Serving[q.Region]
	switch {
	case !ok:
		return none, fmt.Errorf("the platform has no region %q; it has %s: %w", q.Region, strings.Join(place.RegionNames(w.house.Layout.Platform), ", "), api.ErrNotFound)
	case !served:
		return none, fmt.Errorf("%w: %s is not a home, so it has no customers to move; homes are the active regions that run here", api.ErrRefused, q.Region)
	case kind == availability.KindEvacuate && serving != r.Name:
		return none, fmt.Errorf("%w: the customers of %s are served by %s already; `fournines restore %s` brings them home", api.ErrRefused, r.Name, serving, r.Name)
	case kind == availability.KindRestore && serving == r.Name:
		return none, fmt.Errorf("%w: the customers of %s are at home already", api.ErrRefused, r.Name)
	case q.Practice && q.Mode == availability.Ungraceful:
		return none, fmt.Errorf("%w: an exercise is graceful; drill region-loss exercises the other way", api.ErrRefused)
	}
	a := availability.MoveArgs{
		Home: r.Name, From: serving, To: other(r.Name, r.Pair, serving), Mode: q.Mode,
		Practice: q.Practice, AcceptLoss: q.AcceptLoss, Dark: q.Dark, Without: q.Without, Asked: w.house.Now(),
	}
	w.sighted(ctx, func(now time.Time) bool {
		v, err := w.MoveView(a.Home, a.To)
		if err != nil {
			return true // the next read says why
		}
		v.Without = a.Without
		if kind == availability.KindRestore {
			return availability.PlanRestore(v, now).Ready
		}
		mode := a.Mode
		if mode == "" {
			mode = availability.Graceful // or a region that was not heard of yet would look dead
		}
		return availability.PlanMove(v, mode, now).Ready
	})
	if a.Mode == "" {
		v, err := w.MoveView(a.Home, a.To)
		if err != nil {
			return none, err
		}
		a.Mode, a.Judged = availability.PlanMove(v, "", w.house.Now()).Mode, true
	}
	return a, nil
}

// sighted waits until all is known that a request needs, or until a server that has just
// begun to lead has looked for long enough: it shall not refuse for what it has not seen yet.
func (w *Wiring) sighted(ctx context.Context, enough func(now time.Time) bool) {
	for now := w.house.Now(); now.Sub(w.house.Looking) < 2*wing.Blind && !enough(now) && ctx.Err() == nil; now = time.Now() {
		wait.Sleep(ctx, 100*time.Millisecond)
	}
}
