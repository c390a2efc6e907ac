package wiring

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/availability/door"
	"github.com/greenlang/fournines/internal/availability/replica"
	"github.com/greenlang/fournines/internal/availability/wiring/replicator"
	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/wait"
	"github.com/greenlang/fournines/internal/wing"
)

const (
	replicateEvery = 500 * time.Millisecond // between two looks at what a pair's stores have changed
	scrubEvery     = 15 * time.Minute       // between two comparisons of everything that they have
	storeEvery     = 2 * time.Second        // between two looks at a region's store
	bucketAttempts = 2                      // what fails is tried again by the next round
)

// objects keeps the buckets of pairs of regions equal, and knows how equal they are.
type objects struct{ house *wing.House }

// replicateObjects keeps the buckets of every pair that runs here equal, until ctx ends. Both
// directions work all the time: each copy names its origin, so that a move between regions
// reverses nothing.
func (w *objects) replicateObjects(ctx context.Context) {
	var wg sync.WaitGroup
	for _, name := range w.house.Layout.ObjectRegions() {
		wg.Go(func() { w.watchStore(ctx, name) })
		if r, _ := w.house.Layout.Platform.Region(name); r.Role == spec.Passive {
			wg.Go(func() { w.replicatePair(ctx, name, w.house.Layout.ObjectPartner(name)) })
		}
	}
	wg.Wait()
}

// openStores opens both buckets, and makes them where they are missing, until that works.
func (w *objects) openStores(ctx context.Context, regions ...string) []*s3.Store {
	var out []*s3.Store
	for len(out) < len(regions) {
		region := regions[len(out)]
		store, err := assign.OpenObjects(w.house.Layout, w.house.Secrets, region, bucketAttempts)
		if err == nil {
			err = store.EnsureVersioned(ctx)
		}
		if err == nil {
			out = append(out, store)
			continue
		}
		for _, other := range regions {
			if other != region {
				w.house.Facts.PutObjects(region, other, func(m *fact.ObjectMirror) { m.Error = err.Error() })
				w.house.Facts.PutObjects(other, region, func(m *fact.ObjectMirror) { m.Error = err.Error() })
			}
		}
		if wait.Sleep(ctx, time.Second); ctx.Err() != nil {
			return nil
		}
	}
	return out
}

func (w *objects) replicatePair(ctx context.Context, a, b string) {
	stores := w.openStores(ctx, a, b)
	if stores == nil {
		return
	}
	r := replicator.Replicator{
		A: replicator.End{Region: a, Store: stores[0]}, B: replicator.End{Region: b, Store: stores[1]}, Every: replicateEvery, Scrub: scrubEvery, Now: w.house.Now,
		Report: func(m fact.ObjectMirror) {
			w.house.Facts.PutObjects(m.From, m.To, func(f *fact.ObjectMirror) { *f = m })
		},
		Conflict: func(ctx context.Context, c replica.Conflict) error { return w.recordLoser(ctx, c) },
	}
	r.Run(ctx)
}

// recordLoser keeps the proof that a write lost, once.
func (w *objects) recordLoser(ctx context.Context, c replica.Conflict) error {
	l := availability.LossOf(c, w.house.Layout.ObjectPartner(c.Region))
	var index uint64
	if known, err := w.house.State.Get(availability.ObjectLossSeen+l.Name(), &index); known || err != nil {
		return err
	}
	return wing.Record(ctx, w.house, availability.ObjectLost, l.From+">"+l.To, l)
}

// watchStore asks a region's store whether it answers, and that it keeps versions.
func (w *objects) watchStore(ctx context.Context, region string) {
	stores := w.openStores(ctx, region)
	if stores == nil {
		return
	}
	wait.Every(ctx, storeEvery, func(ctx context.Context) {
		ctx, cancel := context.WithTimeout(ctx, storeEvery)
		defer cancel()
		err := stores[0].EnsureVersioned(ctx)
		w.house.Facts.PutStore(region, func(f *fact.ObjectStore) {
			if f.Error = ""; err != nil {
				f.Error = err.Error()
				return
			}
			f.Seen = w.house.Now()
		})
	})
}

// drained waits for the copies of objects when a home moves.
type drained struct{ w *objects }

func (x drained) Drained(ctx context.Context, from, to string, before time.Time, without []string) error {
	if x.w.house.Layout.ObjectPartner(from) != to {
		return nil
	}
	for {
		changed := x.w.house.Facts.Changed()
		m := x.w.house.Facts.Objects(from, to)
		left := availability.LeftBehind(m, without)
		if m.Whole.After(before) && !left {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			if left {
				return fmt.Errorf("%s: %w", availability.StuckText(m, x.w.house.Now()), ctx.Err())
			}
			return fmt.Errorf("wait for the objects of %s in %s: %d versions are missing: %w", from, to, m.Objects, errors.Join(ctx.Err(), asError(m.Error)))
		}
	}
}

func asError(text string) error {
	if text == "" {
		return nil
	}
	return errors.New(text)
}

// ObjectMirrors implements the door's Source.
func (w *objects) ObjectMirrors(context.Context) ([]door.ObjectMirror, error) {
	now := w.house.Now()
	out := []door.ObjectMirror{}
	for _, name := range w.house.Layout.ObjectRegions() {
		m := w.house.Facts.Objects(name, w.house.Layout.ObjectPartner(name))
		lost, err := w.objectLosses(m.From, m.To)
		if err != nil {
			return nil, err
		}
		out = append(out, w.apiObjectMirror(m, lost, now))
	}
	return out, nil
}

func (w *objects) objectLosses(from, to string) (l availability.ObjectLosses, err error) {
	_, err = w.house.State.Get(availability.ObjectLossPrefix+from+">"+to, &l)
	return l, err
}

func (w *objects) apiObjectMirror(m fact.ObjectMirror, lost availability.ObjectLosses, now time.Time) door.ObjectMirror {
	out := door.ObjectMirror{
		From: m.From, To: m.To, Bucket: w.house.Layout.Platform.Spec.Engines.Objects.BucketName(), Endpoint: "https://" + w.house.Layout.BucketAddress(m.To),
		Health: api.Healthy, Detail: availability.ObjectTrouble(m, now), At: m.At, Scrubbed: m.Scrubbed, Compares: m.Why, Drift: m.Drift, LagSeconds: -1,
		Objects: m.Objects, Bytes: m.Bytes, Newest: m.Newest, TookSeconds: m.Took.Seconds(), Copied: m.Copied, CopiedBytes: m.Sent, Lost: lost.Count, LostLast: lost.Index,
		StuckCount: m.StuckCount, Stuck: m.Stuck,
	}
	if stuck := availability.StuckText(m, now); stuck != "" {
		out.Detail = strings.TrimPrefix(out.Detail+"; "+stuck, "; ")
	}
	if lag := m.Lag(now); lag >= 0 {
		out.LagSeconds = lag.Seconds()
	}
	switch {
	case m.Whole.IsZero():
		out.Health = api.HealthUnknown
	case out.Detail != "" && (m.Error != "" || m.StuckCount > 0):
		out.Health = api.Degraded
	case out.Detail != "":
		out.Health = api.Progressing
	}
	return out
}

// storeComponent is a region's object store.
func (w *objects) storeComponent(region string, now time.Time) api.Component {
	f := w.house.Facts.Store(region)
	c := api.Component{ID: place.Cluster(region, place.Objects), Region: region, Kind: place.Objects, Address: w.house.Layout.BucketAddress(region), Sync: api.InSync, Health: api.Healthy, Seen: f.Seen}
	switch {
	case f.Seen.IsZero():
		c.Sync, c.Health, c.Detail = api.SyncUnknown, api.HealthUnknown, f.Error
	case now.Sub(f.Seen) > availability.StoreSilent && w.house.Short(now):
		c.Sync, c.Health, c.Detail = api.SyncUnknown, api.HealthUnknown, availability.ShortServer
	case now.Sub(f.Seen) > availability.StoreSilent:
		c.Sync, c.Health, c.Detail = api.SyncUnknown, api.Missing, "it has not answered"+availability.Ago(f.Seen, now)+": "+f.Error
	default:
		m := w.house.Facts.Objects(w.house.Layout.ObjectPartner(region), region)
		if c.Detail = availability.ObjectTrouble(m, now); m.StuckCount > 0 {
			c.Detail = strings.TrimPrefix(c.Detail+"; "+availability.StuckText(m, now), "; ")
		}
	}
	return c
}

// objectMetrics tell how far the copies of objects are. They are read at each scrape.
type objectMetrics struct{ w *objects }

var (
	objectsLag     = prometheus.NewDesc("fournines_objects_lag_seconds", "Everything older that was written in one region is in the other; -1 while nobody knows.", []string{"from", "to"}, nil)
	objectsBehind  = prometheus.NewDesc("fournines_objects_behind", "Versions of objects that one region has and the other lacks.", []string{"from", "to"}, nil)
	objectsBytes   = prometheus.NewDesc("fournines_objects_behind_bytes", "Bytes of the versions that the other region lacks.", []string{"from", "to"}, nil)
	objectsCopied  = prometheus.NewDesc("fournines_objects_copied_total", "Versions and deletions that were copied and proved since the server's start.", []string{"from", "to"}, nil)
	objectsSent    = prometheus.NewDesc("fournines_objects_copied_bytes_total", "Bytes of what was copied and proved since the server's start.", []string{"from", "to"}, nil)
	objectsDrift   = prometheus.NewDesc("fournines_objects_drift_total", "Versions that only comparing everything found to be missing, since the server's start.", []string{"from", "to"}, nil)
	objectsStuck   = prometheus.NewDesc("fournines_objects_stuck", "Objects of one region that cannot be copied to the other.", []string{"from", "to"}, nil)
	objectsOverrun = prometheus.NewDesc("fournines_objects_lost_total", "Writes of one region that the other has overruled without having had them.", []string{"from", "to"}, nil)
)

// Describe implements prometheus.Collector.
func (objectMetrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{objectsLag, objectsBehind, objectsBytes, objectsCopied, objectsSent, objectsDrift, objectsStuck, objectsOverrun} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m objectMetrics) Collect(out chan<- prometheus.Metric) {
	all, err := m.w.ObjectMirrors(context.Background())
	if err != nil { // the state is unreadable, which is told elsewhere
		return
	}
	for _, x := range all {
		gauge := func(d *prometheus.Desc, kind prometheus.ValueType, v float64) {
			out <- prometheus.MustNewConstMetric(d, kind, v, x.From, x.To)
		}
		gauge(objectsLag, prometheus.GaugeValue, x.LagSeconds)
		gauge(objectsBehind, prometheus.GaugeValue, float64(x.Objects))
		gauge(objectsBytes, prometheus.GaugeValue, float64(x.Bytes))
		gauge(objectsCopied, prometheus.CounterValue, float64(x.Copied))
		gauge(objectsSent, prometheus.CounterValue, float64(x.CopiedBytes))
		gauge(objectsDrift, prometheus.CounterValue, float64(x.Drift))
		gauge(objectsStuck, prometheus.GaugeValue, float64(x.StuckCount))
		gauge(objectsOverrun, prometheus.CounterValue, float64(x.Lost))
	}
}

func (w *objects) objectFindings(now time.Time) (out []wing.Finding, err error) {
	layout := w.house.Layout
	for _, name := range layout.ObjectRegions() {
		m := w.house.Facts.Objects(name, layout.ObjectPartner(name))
		lost, err := w.objectLosses(m.From, m.To)
		if err != nil {
			return out, err
		}
		out = append(out, availability.ObjectFindings(m, lost, w.house.Blinded(now), now)...)
	}
	return out, nil
}
