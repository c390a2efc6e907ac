package wiring

import (
	"context"
	"errors"
	"slices"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/host"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wing"
)

// Wiring is the availability wing in a house.
type Wiring struct {
	house   *wing.House
	power   host.Switch
	regions map[string]*region // that run here; since open
	units   map[string]string  // component id → version of the unit as it would be started now; since open
	*traffic
	*vantage
	*objects
	*links
	*mirrors
	*zoneKeeper
	disks *disks
}

// New returns the wing, and its wiring for the doors.
func New(h *wing.House) (*Wiring, wing.Wing) {
	w := &Wiring{house: h, power: host.NewSwitch(h.Layout.Root), regions: map[string]*region{}, units: map[string]string{}, traffic: newTraffic(h), vantage: newVantage(h), objects: &objects{h}}
	w.links = &links{h, w.homes}
	w.disks = &disks{wiring: w, looks: map[string][]availability.DiskLook{}, since: map[string]time.Time{}}
	w.mirrors = &mirrors{house: h, regions: w.regions}
	w.zoneKeeper = &zoneKeeper{house: h, placement: w.placement}
	return w, wing.Wing{
		Name: "availability", Entries: entryKinds(), Fold: fold,
		Actions: slices.Concat(w.postgres().Kinds(), w.redis().Kinds(), w.kafka().Kinds(), w.steerer().Kinds(), w.mover().Kinds(), availability.Router{Switches: switches{w}}.Kinds(), availability.Bounder{Limits: limits{w}}.Kinds()),
		Open:    w.open, Close: w.close, Decide: w.decide, Tasks: w.tasks(),
		Drills: availability.Drills(), Runbook: runbooks{w}.actions(), Findings: w.findings,
		Metrics: []prometheus.Collector{nameMetrics{w}, outsideMetrics{w.vantage}, kafkaMetrics{w}, objectMetrics{w.objects}, connectionMetrics{w}, diskMetrics{w}, w.hostedZoneMetrics()},
	}
}

func entryKinds() []journal.Kind {
	out := append(availability.EntryKinds(), componentChanged.Kind, edgeConfigured.Kind, hostedZoneBegun.Kind, hostedZoneApplied.Kind, hostedZoneFailed.Kind)
	for _, k := range edgeKinds() {
		out = append(out, k.Kind)
	}
	return out
}

// fold keeps the documents of the wing and of its wiring.
func fold(d *state.Docs, r journal.Record) error {
	return errors.Join(availability.Fold(d, r), foldEdges(d, r), foldComponents(d, r), foldHostedZone(d, r))
}

// open reaches the engines of the regions that run here.
func (w *Wiring) open(context.Context) error {
	for _, name := range w.house.Layout.Regions {
		r, err := newRegion(w.house.Layout, w.house.Secrets, w.house.Facts, name, w.house.Now)
		if err != nil {
			return err
		}
		w.regions[name] = r
	}
	w.mirrors.open()
	if err := w.openHostedZone(); err != nil {
		return err
	}
	return w.version()
}

func (w *Wiring) close() error {
	var errs []error
	for _, r := range w.regions {
		errs = append(errs, r.close())
	}
	return errors.Join(errs...)
}

func (w *Wiring) tasks() []wing.Task {
	out := []wing.Task{
		{Name: "components", Does: "Records each change of a component's role, health or sync.", Every: recordEvery, Do: w.recordChanges},
		{Name: "start", Does: "Records when a region is whole for the first time since the platform was started.", Every: time.Second, Do: w.recordStart},
		{Name: "verdicts", Does: "Judges once a minute whether each home could be moved.", After: wing.Blind, Every: availability.JudgeEvery, Do: w.judgeAll},
		{Name: "disks", Does: "Remembers what is left of each disk, to say when it will be full.", Every: disksEvery, Do: w.disks.look},
	}
	for _, name := range w.house.Layout.Regions {
		out = append(out, wing.Task{Name: "observe-" + name, Does: "Looks at the databases, caches and brokers of " + name + ".", Do: func(ctx context.Context) error {
			w.regions[name].observe(ctx)
			return ctx.Err()
		}})
	}
	out = append(out, w.connectionTasks()...)
	out = append(out, settingsTasks(w)...)
	if len(w.house.Layout.Regions) > 1 {
		out = append(out,
			wing.Task{Name: "links", Does: "Records when a link between regions is cut or mended.", Every: time.Second, Do: w.recordLinks},
			wing.Task{Name: "mirrors", Does: "Sends numbered records through the mirrors between regions.", Do: func(ctx context.Context) error { w.watchMirrors(ctx); return ctx.Err() }},
			wing.Task{Name: "objects", Does: "Copies objects between regions.", Do: func(ctx context.Context) error { w.replicateObjects(ctx); return ctx.Err() }},
		)
	}
	if w.house.Layout.Platform.Spec.Routing.Route53.Used() {
		out = append(out, wing.Task{Name: "hosted-zone", Does: "Makes the hosted zone say where customers belong.", Every: zoneAgain, Wake: func() <-chan struct{} { return w.house.State.Changed() }, Do: w.keepHostedZone})
	}
	return out
}

// decide returns what is due for every region's databases. A region of which something is
// unreadable is left alone, and the others are not.
func (w *Wiring) decide(now time.Time) (out []control.Action, err error) {
	for name := range w.regions {
		actions, bad := w.decideRegion(name, now)
		out, err = append(out, actions...), errors.Join(err, bad)
	}
	mirrors, bad1 := w.decideMirrors(now)
	copies, bad2 := w.decideRecopies(now)
	return slices.Concat(out, mirrors, copies), errors.Join(err, bad1, bad2)
}
