package wiring

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/greenlang/fournines/internal/recovery"
)

// metrics tell whether each region could be restored. They are read at the moment of asking; of a
// repository that was never read, and of a region that follows another one, there are none but the first.
type metrics struct{ w *Wiring }

var (
	byRegion   = []string{"region"}
	restorable = prometheus.NewDesc("fournines_backup_restorable", "1 while the region's PostgreSQL can be restored as it should be; 0 also where that is unknown. Absent where it follows another region's.", byRegion, nil)
	reachAge   = prometheus.NewDesc("fournines_backup_reach_age_seconds", "Time since the newest moment that can be restored: what would be lost with the whole cluster now.", byRegion, nil)
	backupAge  = prometheus.NewDesc("fournines_backup_newest_age_seconds", "Time since the newest backup was complete.", byRegion, nil)
	fullAge    = prometheus.NewDesc("fournines_backup_full_age_seconds", "Time since the newest full backup was complete.", byRegion, nil)
	backups    = prometheus.NewDesc("fournines_backup_sets", "Backups in the region's repository, when it was read last.", byRegion, nil)
)

// Describe implements prometheus.Collector.
func (metrics) Describe(out chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{restorable, reachAge, backupAge, fullAge, backups} {
		out <- d
	}
}

// Collect implements prometheus.Collector.
func (m metrics) Collect(out chan<- prometheus.Metric) {
	now := m.w.house.Now()
	all, err := m.w.Restorables(now)
	if err != nil {
		for _, d := range []*prometheus.Desc{restorable, backups} { // what is unknown is no zero
			out <- prometheus.NewInvalidMetric(d, err)
		}
		return
	}
	for _, r := range all {
		if r.Follows == "" {
			ofRegion(out, r, now.Sub(r.Until).Seconds(), now.Sub(r.NewestAt).Seconds(), now.Sub(r.FullAt).Seconds())
		}
	}
}

func ofRegion(out chan<- prometheus.Metric, r recovery.Restorable, reach, newest, full float64) {
	gauge := func(d *prometheus.Desc, v float64) {
		out <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, r.Region)
	}
	ready := 0.0
	if r.Ready {
		ready = 1
	}
	gauge(restorable, ready)
	if r.At.IsZero() {
		return
	}
	gauge(backups, float64(r.Backups))
	if r.Newest != "" {
		gauge(reachAge, reach)
		gauge(backupAge, newest)
		gauge(fullAge, full)
	}
}
