package app

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/greenlang"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/state"
)

// placement returns which region serves whose customers now. An error means that nobody
// knows, which is not that each home is where it was declared.
func (s *ServerApp) placement() (availability.Placement, error) {
	homes, err1 := state.List[availability.Home](s.State, availability.HomePrefix)
	wishes, err2 := state.List[availability.RegionWish](s.State, availability.RegionPrefix)
	if err := errors.Join(err1, err2); err != nil {
		return availability.Placement{}, fmt.Errorf("where customers belong: %w", err)
	}
	return availability.Place(s.Layout.Platform, s.Regions, homes, wishes), nil
}

// homeSubject is what operations on a home work on: one at a time.
func homeSubject(home string) string { return "home/" + home }

// moving tells whether a region is fenced, or a home moves from or to it.
func (s *ServerApp) moving(region string) (bool, error) {
	placed, err := s.placement()
	if err != nil || placed.Wishes[region].Fenced != "" {
		return true, err
	}
	unfinished, err := control.Unfinished(s.State)
	if err != nil {
		return true, err
	}
	for _, o := range unfinished {
		if o.State != control.Running || (o.Kind != availability.KindEvacuate && o.Kind != availability.KindRestore) {
			continue
		}
		var a availability.MoveArgs
		if err := (&control.Run{Action: o.Action}).Decode(&a); err == nil && (a.From == region || a.To == region) {
			return true, nil
		}
	}
	return false, nil
}

func (s *ServerApp) mover() availability.Mover {
	return availability.Mover{Postgres: s.postgres(), Clusters: clusters{s}, Regions: regions{s}, Objects: drained{s}, MoveView: s.MoveView}
}

// MoveView gathers all that a plan to move a home rests on.
func (s *ServerApp) MoveView(home, to string) (availability.MoveView, error) {
	placed, err := s.placement()
	if err != nil {
		return availability.MoveView{}, err
	}
	from := placed.Serving[home]
	v := availability.MoveView{
		Home: home, From: from, To: to, Targets: s.Layout.Platform.Spec.Targets,
		Source: s.Facts.Postgres(from), Target: s.Facts.Postgres(to), Fenced: placed.Wishes[from], Waits: placed.Wishes[to],
		There: s.Facts.Link(from, to), Back: s.Facts.Link(to, from),
	}
	if s.Layout.ObjectPartner(from) == to {
		m := s.Facts.Objects(from, to)
		v.Objects = &m
	}
	if r, ok := s.regions[to]; ok {
		v.Runs, v.Zones = true, len(r.spec.Zones)
		for _, z := range r.spec.Zones {
			if time.Since(s.Facts.Node(to, z).At) <= nodeSilent {
				v.Nodes++
			}
		}
	}
	if v.Last, err = control.LastOf(s.State, homeSubject(home), 0); err != nil {
		return availability.MoveView{}, err
	}
	slices.Reverse(v.Last)
	for _, o := range v.Last {
		if !o.Finished() {
			v.Busy = o.Key
		}
	}
	return v, nil
}

// clusters makes regions' databases lead or follow.
type clusters struct{ s *ServerApp }

func (x clusters) Follow(ctx context.Context, region, of string) error {
	r, err := x.s.region(region)
	if err != nil {
		return err
	}
	other, err := x.s.region(of)
	if err != nil {
		return err
	}
	return r.lock.Follow(ctx, x.s.Layout.Members(region, other.spec))
}

func (x clusters) Lead(ctx context.Context, region string) error {
	r, err := x.s.region(region)
	if err != nil {
		return err
	}
	return r.lock.Lead(ctx)
}

func (x clusters) Reserve(ctx context.Context, region string) error {
	r, err := x.s.region(region)
	if err != nil {
		return err
	}
	return r.lock.Reserve(ctx)
}

func (x clusters) Standby(ctx context.Context, region string) (bool, error) {
	r, err := x.s.region(region)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	lock, err := r.lock.Read(ctx)
	return lock.Standby, err
}

func (x clusters) Newest(ctx context.Context, region, member string) (time.Time, error) {
	r, err := x.s.region(region)
	if err != nil {
		return time.Time{}, err
	}
	return r.newest(ctx, member)
}

// regions turns what is wanted of regions into entries, and waits for the edges.
type regions struct{ s *ServerApp }

func (x regions) wish(ctx context.Context, e journal.Entry, err error) error {
	if err != nil {
		return err
	}
	e.Actor = "system:availability"
	_, err = x.s.State.Append(ctx, e)
	return err
}

func (x regions) Fence(ctx context.Context, w availability.RegionWish) error {
	placed, err := x.s.placement()
	if err != nil {
		return err
	}
	if placed.Wishes[w.Region].Fenced != w.Fenced {
		e, err := availability.RegionFenced.Entry(w.Region, "", w)
		if err := x.wish(ctx, e, err); err != nil {
			return err
		}
	}
	x.edges(ctx)
	return nil
}

func (x regions) Lift(ctx context.Context, region string) error {
	if placed, err := x.s.placement(); err != nil || placed.Wishes[region].Fenced == "" {
		return err
	}
	return x.wish(ctx, availability.RegionLifted.Entry(region, ""), nil)
}

func (x regions) Scale(ctx context.Context, region string) error {
	placed, err := x.s.placement()
	if err != nil {
		return err
	}
	if !placed.Runs(region) {
		if err := x.wish(ctx, availability.RegionScaled.Entry(region, ""), nil); err != nil {
			return err
		}
	}
	// A process that is there and waits for its database takes requests at once later; one
	// that is slow to start is waited for later, when somebody needs it.
	ctx, cancel := context.WithTimeout(ctx, startsWithin)
	defer cancel()
	for x.starting(region) < len(x.s.regions[region].spec.Zones) {
		changed := x.s.Facts.Changed()
		select {
		case <-changed:
		case <-ctx.Done():
			return nil
		}
	}
	return nil
}

// startsWithin is how long a region's application may take to be started.
const startsWithin = 5 * time.Second

// starting returns how many instances of a region's application have a process.
func (x regions) starting(region string) (n int) {
	for _, z := range x.s.regions[region].spec.Zones {
		for _, u := range x.s.Facts.Node(region, z).Units {
			if u.Name == place.GreenLang && u.PID > 0 {
				n++
			}
		}
	}
	return n
}

func (x regions) Rest(ctx context.Context, region string) error {
	if placed, err := x.s.placement(); err != nil || !placed.Wishes[region].Scaled {
		return err
	}
	return x.wish(ctx, availability.RegionRested.Entry(region, ""), nil)
}

func (x regions) Move(ctx context.Context, h availability.Home) error {
	placed, err := x.s.placement()
	if err != nil {
		return err
	}
	if placed.Serving[h.Region] != h.Serving {
		e, err := availability.HomeMoved.Entry(h.Region, "", h)
		if err := x.wish(ctx, e, err); err != nil {
			return err
		}
	}
	// Who takes over must know it; the others follow as they answer.
	if err := x.s.awaitDirective(ctx, h.Serving); err != nil {
		return err
	}
	x.edges(ctx)
	return nil
}

// edges gives every edge that answers a moment to take up what is wanted now.
func (x regions) edges(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for name := range x.s.regions {
		if time.Since(x.s.Facts.Edge(name).Seen) <= edgeSilent {
			_ = x.s.awaitDirective(ctx, name) // one that is away is not waited for
		}
	}
}

// Preload asks one instance after another of the region, because all share its Redis.
func (x regions) Preload(ctx context.Context, region string) (availability.Preloaded, error) {
	errs := []error{fmt.Errorf("%s does not run here", region)}
	if r, ok := x.s.regions[region]; ok {
		errs = nil
		for _, z := range r.spec.Zones {
			p, err := x.preload(ctx, region, z)
			if err == nil {
				return availability.Preloaded{Entries: p.Entries, Seconds: p.Seconds, Error: p.Error}, nil
			}
			errs = append(errs, err)
		}
	}
	return availability.Preloaded{}, errors.Join(errs...)
}

func (x regions) preload(ctx context.Context, region, zone string) (p greenlang.Preloaded, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://"+x.s.Layout.Address(region, zone, place.GreenLang)+place.ReadyPath+"/preload", http.NoBody)
	if err != nil {
		return p, err
	}
	if x.s.Layout.NetNS {
		req.Header.Set("Authorization", "Bearer "+x.s.Secrets.App)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return p, err
	}
	defer resp.Body.Close() //nolint:errcheck // it is read to its end
	if resp.StatusCode != http.StatusOK {
		return p, fmt.Errorf("fill the cache of %s: %s", region, resp.Status)
	}
	return p, json.NewDecoder(resp.Body).Decode(&p)
}

func (x regions) Capacity(region string) (ready, wanted int) {
	for _, t := range x.s.Facts.Edge(region).Targets {
		if name, remote, at := strings.Cut(t.Service, "@"); name == place.GreenLang && (!at || remote == region) && t.Up && !t.Ejected {
			ready++
		}
	}
	if r, ok := x.s.regions[region]; ok {
		wanted = len(r.spec.Zones)
	}
	for _, z := range x.s.regions[region].spec.Zones { // the edge believes in a new target until it was probed
		up := false
		for _, u := range x.s.Facts.Node(region, z).Units {
			up = up || (u.Name == place.GreenLang && u.Ready)
		}
		if !up {
			ready--
		}
	}
	return max(0, ready), wanted
}

// Serve asks the region's edge the way a customer does, and commits a write behind it.
func (x regions) Serve(ctx context.Context, _, region string) error {
	ctx, cancel := context.WithTimeout(ctx, 3*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+x.s.Layout.EdgeAddress(region, place.Edge)+place.ReadyPath, nil)
	if err != nil {
		return err
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close() //nolint:errcheck // its status is all
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("GET /readyz through the edge of %s: %s", region, resp.Status)
	}
	return route(x).Write(ctx, place.Cluster(region, place.Postgres))
}
