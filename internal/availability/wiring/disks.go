package wiring

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/driver/disk"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/wing"
)

// disks remembers what was left of each disk lately, for the forecast. A server that has only
// begun to look forecasts nothing.
type disks struct {
	wiring *Wiring

	mu    sync.Mutex // guards what follows
	looks map[string][]availability.DiskLook
	since map[string]time.Time // since when a disk is a finding
	own   fact.Disk            // of this server's data
}

// disksEvery is how often the disks are looked at for the forecast.
const disksEvery = 10 * time.Second

// look remembers what is left of each disk now.
func (d *disks) look(context.Context) error {
	own, err := disk.Of(d.wiring.house.Layout.Root)
	if err != nil {
		return err
	}
	now := d.wiring.house.Now()
	d.mu.Lock()
	d.own = own
	d.mu.Unlock()
	for _, u := range d.uses(now) {
		d.mu.Lock()
		if l := d.looks[u.ID]; len(l) == 0 || u.At.After(l[len(l)-1].At) {
			d.looks[u.ID] = append(l, availability.DiskLook{At: u.At, Free: u.Free})
		}
		d.looks[u.ID] = slices.DeleteFunc(d.looks[u.ID], func(l availability.DiskLook) bool { return now.Sub(l.At) > availability.KeepLooks })
		u.Left = availability.DiskLeft(d.looks[u.ID], now)
		if _, trouble := availability.DiskFinding(u, now, now); !trouble {
			delete(d.since, u.ID)
		} else if d.since[u.ID].IsZero() {
			d.since[u.ID] = now
		}
		d.mu.Unlock()
	}
	return nil
}

// uses returns the disks of everything that runs here, each once, with whose data it has.
func (d *disks) uses(now time.Time) (out []availability.DiskUse) {
	d.mu.Lock()
	defer d.mu.Unlock()
	add := func(user string, of fact.Disk, heard time.Time) {
		if of.At.IsZero() {
			return
		}
		i := slices.IndexFunc(out, func(u availability.DiskUse) bool { return u.ID == of.ID })
		if i < 0 {
			i = len(out)
			out = append(out, availability.DiskUse{Disk: of, Left: availability.DiskLeft(d.looks[of.ID], now)})
		}
		if u := &out[i]; of.At.After(u.At) {
			u.Disk = of
		}
		if heard.After(out[i].Heard) {
			out[i].Heard = heard
		}
		out[i].Users = append(out[i].Users, user)
	}
	add(d.wiring.house.Seat.Name, d.own, now)
	d.wiring.eachUnit(func(id string, u fact.Unit, seen time.Time) { add(id, u.Disk, seen) })
	return out
}

// findings says which disks are full or soon will be.
func (d *disks) findings(now time.Time) (out []wing.Finding) {
	for _, u := range d.uses(now) {
		d.mu.Lock()
		since := d.since[u.ID]
		d.mu.Unlock()
		if since.IsZero() {
			since = now
		}
		if f, trouble := availability.DiskFinding(u, since, now); trouble {
			out = append(out, f)
		}
	}
	return out
}

// eachUnit calls f with every unit that the nodes of the regions here have reported, and when
// they did last.
func (w *Wiring) eachUnit(f func(id string, u fact.Unit, seen time.Time)) {
	for _, name := range w.house.Layout.Regions {
		r, _ := w.house.Layout.Platform.Region(name)
		for _, z := range r.Zones {
			n := w.house.Facts.Node(name, z)
			for _, u := range n.Units {
				f(place.ID(name, z, u.Name), u, n.At)
			}
		}
	}
}

// diskMetrics tell how much the disk of each component has left. They are read at the moment
// of asking, from the newest facts.
type diskMetrics struct{ w *Wiring }

var (
	diskSize = prometheus.NewDesc("fournines_disk_size_bytes", "Size of the file system that a component has its data on.", []string{"component"}, nil)
	diskFree = prometheus.NewDesc("fournines_disk_free_bytes", "Bytes that may still be written there.", []string{"component"}, nil)
)

// Describe implements prometheus.Collector.
func (diskMetrics) Describe(out chan<- *prometheus.Desc) {
	out <- diskSize
	out <- diskFree
}

// Collect implements prometheus.Collector.
func (m diskMetrics) Collect(out chan<- prometheus.Metric) {
	now := m.w.house.Now()
	m.w.eachUnit(func(id string, u fact.Unit, _ time.Time) {
		if now.Sub(u.Disk.At) <= availability.FreshDisk {
			out <- prometheus.MustNewConstMetric(diskSize, prometheus.GaugeValue, float64(u.Disk.Size), id)
			out <- prometheus.MustNewConstMetric(diskFree, prometheus.GaugeValue, float64(u.Disk.Free), id)
		}
	})
}
