package wiring

import (
	"github.com/prometheus/client_golang/prometheus"
)

// archiveMetrics tell how far the archive is.
func (w *Wiring) archiveMetrics() []prometheus.Collector {
	return []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "fournines_archive_entries", Help: "Entries of the journal that are archived."}, func() float64 {
			st, _ := w.archived() // a document that cannot be read is none
			return float64(st.Next)
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "fournines_archive_failed", Help: "1 while the archive cannot be written."}, func() float64 {
			if st, err := w.archived(); err != nil || st.Failed != nil {
				return 1
			}
			return 0
		}),
	}
}
