package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/availability"
	availabilitydoor "github.com/greenlang/fournines/internal/availability/door"
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
func (s *ServerApp) homes() ([]homeNow, error) {
	placed, err := s.placement()
	if err != nil {
		return nil, err
	}
	var out []homeNow
	for _, r := range s.Layout.Platform.ActiveRegions() {
		if serving, ok := placed.Serving[r.Name]; ok {
			out = append(out, homeNow{r, serving, other(r.Name, r.Pair, serving)})
		}
	}
	return out, nil
}

func (s *ServerApp) Homes(context.Context) ([]availabilitydoor.Home, error) {
	now := time.Now()
	placed, err1 := s.placement()
	homes, err2 := s.homes()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	out := []availabilitydoor.Home{}
	for _, r := range homes {
		h := availabilitydoor.Home{Region: r.Name, Serving: r.serving, Open: placed.Open(r.serving), Fenced: placed.Wishes[r.Name].Reason, Cells: []int{}}
		for c, home := range placed.Cells {
			if home == r.Name {
				h.Cells = append(h.Cells, c)
			}
		}
		slices.Sort(h.Cells)
		var doc availability.Home
		if _, err := s.State.Get(availability.HomePrefix+r.Name, &doc); err != nil {
			return nil, err
		}
		h.Since, h.Journal = doc.Since, doc.Index
		judged, err := s.verdict(r.Name)
		if err != nil {
			return nil, err
		}
		h.Judged, h.Verdict = judged.Since, judged.Index
		view, err := s.MoveView(r.Name, r.other)
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

func (s *ServerApp) Evacuate(ctx context.Context, r availabilitydoor.MoveRequest) (string, error) {
	return s.move(ctx, availability.KindEvacuate, r)
}

func (s *ServerApp) Restore(ctx context.Context, r availabilitydoor.MoveRequest) (string, error) {
	r.Mode = availability.Graceful
	return s.move(ctx, availability.KindRestore, r)
}

func (s *ServerApp) move(ctx context.Context, kind string, q availabilitydoor.MoveRequest) (string, error) {
	r, ok := s.Layout.Platform.Region(q.Region)
	placed, err := s.placement()
	if err != nil {
		return "", err
	}
	serving, served := placed.Serving[q.Region]
	switch {
	case !ok:
		return "", fmt.Errorf("the platform has no region %q; it has %s: %w", q.Region, strings.Join(place.RegionNames(s.Layout.Platform), ", "), api.ErrNotFound)
	case !served:
		return "", fmt.Errorf("%w: nobody's home is %s, so there is nobody to move; homes are the active regions that run here", api.ErrRefused, q.Region)
	case kind == availability.KindEvacuate && serving != r.Name:
		return "", fmt.Errorf("%w: the customers of %s are served by %s already; `fournines restore %s` brings them home", api.ErrRefused, r.Name, serving, r.Name)
	case kind == availability.KindRestore && serving == r.Name:
		return "", fmt.Errorf("%w: the customers of %s are at home already", api.ErrRefused, r.Name)
	case q.Practice && q.Mode == availability.Ungraceful:
		return "", fmt.Errorf("%w: an exercise is graceful; drill region-loss exercises the other way", api.ErrRefused)
	}
	a := availability.MoveArgs{
		Home: r.Name, From: serving, To: other(r.Name, r.Pair, serving), Mode: q.Mode,
		Practice: q.Practice, AcceptLoss: q.AcceptLoss, Dark: q.Dark, Asked: time.Now(),
	}
	s.sighted(ctx, func(now time.Time) bool {
		v, err := s.MoveView(a.Home, a.To)
		if err != nil {
			return true // the next read says why
		}
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
		v, err := s.MoveView(a.Home, a.To)
		if err != nil {
			return "", err
		}
		a.Mode = availability.PlanMove(v, "", time.Now()).Mode
	}
	id := wing.RequestID(ctx, map[string]string{availability.KindEvacuate: "evacuate", availability.KindRestore: "restore"}[kind])
	action, err := control.NewAction(id, kind, homeSubject(a.Home), a)
	if err != nil {
		return id, err
	}
	action.Actor, action.Reason, action.Trace = wing.Actor(ctx), q.Reason, wing.Trace(ctx)
	action.Approval = s.Layout.Platform.Spec.Failover.CrossRegion.Mode != "automatic"
	o, err := s.house.Submit(ctx, action)
	if err == nil && q.Approve && o.State == control.Waiting {
		_, err = s.Control.Approve(ctx, id, wing.Actor(ctx), "approved in advance: "+q.Reason)
	}
	return id, err
}

// sighted waits until all is known that a request needs, or until a server that has just
// begun to lead has looked for long enough: it shall not refuse for what it has not seen yet.
func (s *ServerApp) sighted(ctx context.Context, enough func(now time.Time) bool) {
	for now := time.Now(); now.Sub(s.looking) < 2*blind && !enough(now) && ctx.Err() == nil; now = time.Now() {
		wait.Sleep(ctx, 100*time.Millisecond)
	}
}
