package wiring

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
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/greenlang"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/state"
)

// placement returns which region serves whose customers now. An error means that nobody
// knows, which is not that each home is where it was declared.
func (w *Wiring) placement() (availability.Placement, error) {
	homes, err1 := state.List[availability.Home](w.house.State, availability.HomePrefix)
	wishes, err2 := state.List[availability.RegionWish](w.house.State, availability.RegionPrefix)
	if err := errors.Join(err1, err2); err != nil {
		return availability.Placement{}, fmt.Errorf("read where customers are served: %w", err)
	}
	return availability.Place(w.house.Layout.Platform, w.house.Layout.Regions, homes, wishes), nil
}

// moving says why a region is nobody else's to decide about: it is fenced, or customers move from
// or to it. Empty: neither.
func (w *Wiring) moving(region string) (why string, err error) {
	placed, err := w.placement()
	if err != nil {
		return "", err
	}
	if wish := placed.Wishes[region]; wish.Fenced != "" {
		return fmt.Sprintf("%s is fenced: %s", region, wish.Reason), nil
	}
	unfinished, err := control.Unfinished(w.house.State)
	if err != nil {
		return "", err
	}
	for _, o := range unfinished {
		if o.State != control.Running || (o.Kind != availability.KindEvacuate && o.Kind != availability.KindRestore) {
			continue
		}
		var a availability.MoveArgs
		if err := (&control.Run{Action: o.Action}).Decode(&a); err == nil && (a.From == region || a.To == region) {
			return fmt.Sprintf("operation %s moves the customers of %s from %s to %s; wait until it is over", o.Key, a.Home, a.From, a.To), nil
		}
	}
	return "", nil
}

// movingOf is moving for the region of a cluster.
func (w *Wiring) movingOf(cluster string) (string, error) { return w.moving(fact.RegionOf(cluster)) }

// leading names the operation that moves the lead of one of the regions' databases now, in
// words. Empty: none does.
func (w *Wiring) leading(regions ...string) (string, error) {
	unfinished, err := control.Unfinished(w.house.State)
	if err != nil {
		return "", err
	}
	for _, o := range unfinished {
		if o.State == control.Running && (o.Kind == availability.KindFailover || o.Kind == availability.KindSwitchover) && slices.Contains(regions, fact.RegionOf(o.Subject)) {
			return fmt.Sprintf("operation %s (%s) works on %s: wait until it is over", o.Key, o.Kind, o.Subject), nil
		}
	}
	return "", nil
}

func (w *Wiring) mover() availability.Mover {
	return availability.Mover{Postgres: w.postgres(), Clusters: clusters{w}, Regions: regions{w}, Objects: drained{w.objects}, Copies: copies{w}, MoveView: w.MoveView}
}

// MoveView gathers the input of a plan to move a home.
func (w *Wiring) MoveView(home, to string) (availability.MoveView, error) {
	placed, err := w.placement()
	if err != nil {
		return availability.MoveView{}, err
	}
	from := placed.Serving[home]
	v := availability.MoveView{
		Home: home, From: from, To: to, Targets: w.house.Layout.Platform.Spec.Targets,
		Source: w.house.Facts.Postgres(from), Target: w.house.Facts.Postgres(to), Fenced: placed.Wishes[from], Waits: placed.Wishes[to],
		There: w.house.Facts.Link(from, to), Back: w.house.Facts.Link(to, from),
	}
	if w.house.Layout.ObjectPartner(from) == to {
		m := w.house.Facts.Objects(from, to)
		v.Objects = &m
	}
	if _, mirrored := w.progress[fact.Way{From: from, To: to}]; mirrored {
		m := w.house.Facts.Mirror(from, to)
		v.Mirror = &m
	}
	if r, ok := w.regions[to]; ok {
		v.Runs, v.Zones = true, len(r.spec.Zones)
		for _, z := range r.spec.Zones {
			if w.house.Now().Sub(w.house.Facts.Node(to, z).At) <= fact.NodeSilent {
				v.Nodes++
			}
		}
	}
	if v.Leading, err = w.leading(from, to); err != nil {
		return availability.MoveView{}, err
	}
	if v.Last, err = control.LastOf(w.house.State, availability.HomeSubject(home), 0); err != nil {
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
type clusters struct{ w *Wiring }

func (x clusters) Follow(ctx context.Context, region, of string) error {
	r, err := x.w.region(region)
	if err != nil {
		return err
	}
	other, err := x.w.region(of)
	if err != nil {
		return err
	}
	return r.lock.Follow(ctx, x.w.house.Layout.Members(region, other.spec))
}

func (x clusters) Lead(ctx context.Context, region string) error {
	r, err := x.w.region(region)
	if err != nil {
		return err
	}
	return r.lock.Lead(ctx)
}

func (x clusters) Reserve(ctx context.Context, region string) error {
	r, err := x.w.region(region)
	if err != nil {
		return err
	}
	return r.lock.Reserve(ctx)
}

func (x clusters) Standby(ctx context.Context, region string) (bool, error) {
	r, err := x.w.region(region)
	if err != nil {
		return false, err
	}
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	lock, err := r.lock.Read(ctx)
	return lock.Standby, err
}

func (x clusters) Newest(ctx context.Context, region, member string) (time.Time, error) {
	r, err := x.w.region(region)
	if err != nil {
		return time.Time{}, err
	}
	return r.newest(ctx, member)
}

func (x clusters) Starves(ctx context.Context, region, member string) (bool, error) {
	r, err := x.w.region(region)
	if err != nil {
		return false, err
	}
	at, err := fact.Component(member)
	if err != nil {
		return false, err
	}
	return r.admin.Starves(ctx, r.layout.Address(r.spec.Name, at.Zone, place.Postgres), lookTimeout)
}

// regions turns what is wanted of regions into entries, and waits for the edges.
type regions struct{ w *Wiring }

func (x regions) wish(ctx context.Context, e journal.Entry, err error) error {
	if err != nil {
		return err
	}
	e.Actor = "system:availability"
	_, err = x.w.house.State.Append(ctx, e)
	return err
}

func (x regions) Fence(ctx context.Context, wish availability.RegionWish) error {
	placed, err := x.w.placement()
	if err != nil {
		return err
	}
	if placed.Wishes[wish.Region].Fenced != wish.Fenced {
		e, err := availability.RegionFenced.Entry(wish.Region, "", wish)
		if err := x.wish(ctx, e, err); err != nil {
			return err
		}
	}
	x.edges(ctx)
	return nil
}

func (x regions) Lift(ctx context.Context, region string) error {
	if placed, err := x.w.placement(); err != nil || placed.Wishes[region].Fenced == "" {
		return err
	}
	return x.wish(ctx, availability.RegionLifted.Entry(region, ""), nil)
}

func (x regions) Scale(ctx context.Context, region string) error {
	placed, err := x.w.placement()
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
	for x.starting(region) < len(x.w.regions[region].spec.Zones) {
		changed := x.w.house.Facts.Changed()
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
	for _, z := range x.w.regions[region].spec.Zones {
		for _, u := range x.w.house.Facts.Node(region, z).Units {
			if u.Name == place.GreenLang && u.PID > 0 {
				n++
			}
		}
	}
	return n
}

func (x regions) Rest(ctx context.Context, region string) error {
	if placed, err := x.w.placement(); err != nil || !placed.Wishes[region].Scaled {
		return err
	}
	return x.wish(ctx, availability.RegionRested.Entry(region, ""), nil)
}

func (x regions) Move(ctx context.Context, h availability.Home) error {
	placed, err := x.w.placement()
	if err != nil {
		return err
	}
	if placed.Serving[h.Region] != h.Serving {
		e, err := availability.HomeMoved.Entry(h.Region, "", h)
		if err := x.wish(ctx, e, err); err != nil {
			return err
		}
	}
	// The region that takes over must know it; the others follow as they answer.
	if err := x.w.awaitDirective(ctx, h.Serving); err != nil {
		return err
	}
	x.edges(ctx)
	return nil
}

// edges gives every edge that answers a moment to take up what is wanted now.
func (x regions) edges(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, time.Second)
	defer cancel()
	for name := range x.w.regions {
		if x.w.house.Now().Sub(x.w.house.Facts.Edge(name).Seen) <= availability.EdgeSilent {
			_ = x.w.awaitDirective(ctx, name) // one that is away is not waited for
		}
	}
}

// Preload asks one instance after another of the region, because all share its Redis.
func (x regions) Preload(ctx context.Context, region string) (availability.Preloaded, error) {
	errs := []error{fmt.Errorf("%s does not run here", region)}
	if r, ok := x.w.regions[region]; ok {
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
	req, err := http.NewRequestWithContext(ctx, http.MethodPut, "http://"+x.w.house.Layout.Address(region, zone, place.GreenLang)+place.ReadyPath+"/preload", http.NoBody)
	if err != nil {
		return p, err
	}
	if x.w.house.Layout.NetNS {
		req.Header.Set("Authorization", "Bearer "+x.w.house.Secrets.App)
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
	for _, t := range x.w.house.Facts.Edge(region).Targets {
		if name, remote, at := strings.Cut(t.Service, "@"); name == place.GreenLang && (!at || remote == region) && t.Up && !t.Ejected {
			ready++
		}
	}
	if r, ok := x.w.regions[region]; ok {
		wanted = len(r.spec.Zones)
	}
	for _, z := range x.w.regions[region].spec.Zones { // the edge believes in a new target until it was probed
		up := false
		for _, u := range x.w.house.Facts.Node(region, z).Units {
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
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+x.w.house.Layout.EdgeAddress(region, place.Edge)+place.ReadyPath, nil)
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
