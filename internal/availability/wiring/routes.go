package wiring

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/availability/door"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/wing"
)

// Routes implements the door's Source.
func (w *Wiring) Routes(context.Context) ([]door.Route, error) {
	now := w.house.Now()
	placed, err1 := w.placement()
	homes, err2 := w.homes()
	if err := errors.Join(err1, err2); err != nil {
		return nil, err
	}
	out := []door.Route{}
	for _, name := range w.house.Layout.Regions {
		wish := placed.Wishes[name]
		r := door.Route{
			Region: name, On: !wish.Off, Open: placed.Open(name), Address: w.house.Layout.EdgeAddress(name, place.Edge),
			Homes: []string{}, Cells: placed.CellsAt(name), Spare: placed.Spare(name), Answers: []door.RouteSeen{},
		}
		r.Ready, r.Wanted = regions{w}.Capacity(name)
		for _, h := range homes {
			if h.serving == name {
				r.Homes = append(r.Homes, h.Name)
			}
		}
		switch {
		case wish.Fenced != "":
			r.Why = "it is fenced: " + wish.Reason
		case wish.Off:
			r.Why = wish.WhyOff()
		case !placed.Serves(name):
			r.Why = "it stands by and serves nobody"
		}
		for _, edge := range w.house.Layout.Regions {
			r.Answers = append(r.Answers, w.seenBy(edge, name, now)...)
		}
		if r.Cells == nil {
			r.Cells = []int{}
		}
		out = append(out, r)
	}
	return out, nil
}

// seenBy is what an edge's name server thinks of a region, where the edge has reported lately.
func (w *Wiring) seenBy(edge, region string, now time.Time) []door.RouteSeen {
	f := w.house.Facts.Edge(edge)
	if f.DNS == nil || now.Sub(f.Seen) > availability.EdgeSilent {
		return nil
	}
	for _, r := range f.DNS.Regions {
		if r.Name == region {
			return []door.RouteSeen{{Edge: edge, Up: r.Up, Since: r.Since, Error: r.Error}}
		}
	}
	return nil
}

// Pairs are the copies across regions, as they are now.
func (w *Wiring) Pairs(now time.Time) ([]api.Pair, error) {
	out := []api.Pair{}
	homes, err := w.homes()
	if err != nil {
		return nil, err
	}
	for _, h := range homes {
		if _, ok := w.regions[h.other]; !ok {
			continue
		}
		v, err := w.MoveView(h.Name, h.other)
		if err != nil {
			return nil, err
		}
		p := pairOf(availability.PlanMove(v, availability.Ungraceful, now))
		d := w.distance(fact.Way{From: p.From, To: p.To}, now)
		p.DeclaredSeconds, p.RoundTripSeconds = d.DeclaredSeconds, d.RoundTripSeconds
		if d.Health == api.Missing {
			p.Health, p.Detail = api.Degraded, d.Detail
		}
		out = append(out, p)
	}
	return out, nil
}

// pairOf words a plan as the link that it rests on.
func pairOf(p availability.MovePlan) api.Pair {
	out := api.Pair{From: p.From, To: p.To, Health: api.Healthy, LagBytes: p.LagBytes, LagSeconds: p.LagSeconds, Objects: p.Objects, ObjectsLag: p.ObjectsLag}
	switch {
	case p.LagBytes < 0 || p.LagSeconds < 0:
		out.Health = api.HealthUnknown
	case !p.Ready:
		out.Health = api.Degraded
	}
	if len(p.Reasons) > 0 {
		out.Detail = p.Reasons[0]
	}
	return out
}

// Route implements the door's Source. Off is refused where nobody would be left to answer. On
// takes it back at any time: a region that has no capacity is left out by the name servers' own
// probes, and not by a switch that nobody remembers.
func (w *Wiring) Route(ctx context.Context, region string, on bool, reason string) error {
	a := availability.RouteArgs{Region: region, On: on}
	if err := (switches{w}).Switchable(a); err != nil {
		return err
	}
	return switches{w}.set(ctx, a, journal.Entry{Actor: wing.Actor(ctx), Reason: journal.Brief(reason), Trace: wing.Trace(ctx)})
}

// switches implements availability.Switches.
type switches struct{ w *Wiring }

func (x switches) Switchable(a availability.RouteArgs) error {
	placed, err := x.w.placement()
	if err != nil {
		return err
	}
	if _, ok := x.w.regions[a.Region]; !ok {
		return fmt.Errorf("this installation does not run region %q: %w", a.Region, api.ErrNotFound)
	}
	if !a.On && !placed.Wishes[a.Region].Off && !placed.Spare(a.Region) {
		return fmt.Errorf("%w: no other region could answer then; evacuate %s instead", api.ErrRefused, a.Region)
	}
	return nil
}

func (x switches) Switch(ctx context.Context, r *control.Run, a availability.RouteArgs) error {
	return x.set(ctx, a, journal.Entry{Operation: r.Key, Actor: r.Actor, Reason: journal.Brief(r.Reason), Trace: r.Trace})
}

// set records the wish, for the person and the operation of an entry, and tells the edges.
func (x switches) set(ctx context.Context, a availability.RouteArgs, by journal.Entry) error {
	placed, err := x.w.placement()
	if err != nil || placed.Wishes[a.Region].Off == !a.On {
		return err
	}
	e, err := availability.RegionSwitched.Entry(a.Region, by.Operation, availability.RegionWish{Region: a.Region, Off: !a.On})
	if err != nil {
		return err
	}
	e.Actor, e.Reason, e.Trace = by.Actor, by.Reason, by.Trace
	if _, err := x.w.house.State.Append(ctx, e); err != nil {
		return err
	}
	regions(x).edges(ctx)
	return nil
}
