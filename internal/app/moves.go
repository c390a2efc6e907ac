package app

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/journal"
)

// Homes implements api.Source.
func (s *ServerApp) Homes(context.Context) ([]api.Home, error) {
	placed, now := s.placement(), time.Now()
	out := []api.Home{}
	for _, r := range s.Layout.Platform.ActiveRegions() {
		serving, ok := placed.Serving[r.Name]
		if !ok {
			continue
		}
		h := api.Home{Region: r.Name, Serving: serving, Open: placed.Open(serving), Fenced: placed.Wishes[r.Name].Reason, Cells: []int{}}
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
		h.Plan = availability.PlanMove(s.MoveView(r.Name, other(r.Name, r.Pair, serving)), "", now)
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

// Evacuate implements api.Actions.
func (s *ServerApp) Evacuate(ctx context.Context, r api.MoveRequest) (string, error) {
	return s.move(ctx, availability.KindEvacuate, r)
}

// Restore implements api.Actions.
func (s *ServerApp) Restore(ctx context.Context, r api.MoveRequest) (string, error) {
	r.Mode = availability.Graceful
	return s.move(ctx, availability.KindRestore, r)
}

func (s *ServerApp) move(ctx context.Context, kind string, q api.MoveRequest) (string, error) {
	r, ok := s.Layout.Platform.Region(q.Region)
	placed := s.placement()
	serving, served := placed.Serving[q.Region]
	switch {
	case !ok:
		return "", fmt.Errorf("the platform has no region %q; it has %s: %w", q.Region, strings.Join(regionNames(s.Layout.Platform), ", "), api.ErrNotFound)
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
	if a.Mode == "" {
		a.Mode = availability.PlanMove(s.MoveView(a.Home, a.To), "", a.Asked).Mode
	}
	id := requestID(ctx, map[string]string{availability.KindEvacuate: "evacuate", availability.KindRestore: "restore"}[kind])
	action, err := control.NewAction(id, kind, homeSubject(a.Home), a)
	if err != nil {
		return id, err
	}
	action.Actor, action.Reason, action.Trace = actor(ctx), q.Reason, trace(ctx)
	action.Approval = s.Layout.Platform.Spec.Failover.CrossRegion.Mode != "automatic"
	o, err := s.submitAsked(ctx, action)
	if err == nil && q.Approve && o.State == control.Waiting {
		_, err = s.Control.Approve(ctx, id, actor(ctx), "approved in advance: "+q.Reason)
	}
	return id, err
}

// Route implements api.Actions.
func (s *ServerApp) Route(ctx context.Context, region string, on bool, reason string) error {
	placed := s.placement()
	if _, ok := s.regions[region]; !ok {
		return fmt.Errorf("this installation does not run region %q: %w", region, api.ErrNotFound)
	}
	if placed.Wishes[region].Off == !on {
		return nil
	}
	if !on && !slices.ContainsFunc(placed.Regions(), func(r string) bool { return r != region && placed.Open(r) }) {
		return fmt.Errorf("%w: no other region could answer then, and no region at all is never right; evacuate %s instead", api.ErrRefused, region)
	}
	if ready, wanted := (regions{s}).Capacity(region); on && ready < wanted {
		return fmt.Errorf("%w: %d of %d instances of %s take requests: it has no capacity yet", api.ErrRefused, ready, wanted, region)
	}
	e, err := availability.RegionSwitched.Entry(region, "", availability.RegionWish{Region: region, Off: !on})
	if err != nil {
		return err
	}
	e.Actor, e.Reason, e.Trace = actor(ctx), journal.Brief(reason), trace(ctx)
	if _, err := s.State.Append(ctx, e); err != nil {
		return err
	}
	regions{s}.edges(ctx)
	return nil
}
