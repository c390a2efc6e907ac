package wiring

import (
	"github.com/prometheus/client_golang/prometheus"

	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/wing"
)

// nameFindings says when an edge's name server sends customers where they may not be served.
func (w *Wiring) nameFindings() []wing.Finding {
	var out []wing.Finding
	for _, region := range w.house.Layout.Regions {
		d := w.house.Facts.Edge(region).Report.DNS
		if d == nil || d.FailOpen == "" {
			continue
		}
		r, _ := w.house.Layout.Platform.Region(region)
		out = append(out, wing.Finding{
			Code: "names-fail-open", Severity: evidence.Warning, Title: "the name server of " + region + " fails open", Text: d.FailOpen,
			Subject: place.Cluster(region, place.Edge), Command: "fournines route list", Cause: r.Pair,
		})
	}
	return out
}

// nameMetrics tell what the name servers of the edges have answered. They are read at
// the moment of asking, from each edge's last report.
type nameMetrics struct{ w *Wiring }

var (
	dnsQueries = prometheus.NewDesc("fournines_dns_queries_total", "Messages to an edge's name server since it began, by what became of them.", []string{"edge", "outcome"}, nil)
	dnsAnswers = prometheus.NewDesc("fournines_dns_answers_total", "Answers of an edge's name server that named this region first.", []string{"edge", "region"}, nil)
	dnsUp      = prometheus.NewDesc("fournines_dns_region_up", "1 while a region answers the probes of an edge's name server.", []string{"edge", "region"}, nil)
	dnsOpen    = prometheus.NewDesc("fournines_dns_fail_open", "1 while an edge's name server answers as if all regions were well.", []string{"edge"}, nil)
)

// Describe implements prometheus.Collector.
func (nameMetrics) Describe(out chan<- *prometheus.Desc) {
	out <- dnsQueries
	out <- dnsAnswers
	out <- dnsUp
	out <- dnsOpen
}

// Collect implements prometheus.Collector.
func (m nameMetrics) Collect(out chan<- prometheus.Metric) {
	for _, region := range m.w.house.Layout.Regions {
		f := m.w.house.Facts.Edge(region)
		if f.Report.DNS == nil {
			continue
		}
		d := f.Report.DNS
		for outcome, n := range d.Outcomes {
			out <- prometheus.MustNewConstMetric(dnsQueries, prometheus.CounterValue, float64(n), region, outcome)
		}
		for _, r := range d.Regions {
			out <- prometheus.MustNewConstMetric(dnsAnswers, prometheus.CounterValue, float64(r.Answers), region, r.Name)
			out <- prometheus.MustNewConstMetric(dnsUp, prometheus.GaugeValue, one(r.Up), region, r.Name)
		}
		out <- prometheus.MustNewConstMetric(dnsOpen, prometheus.GaugeValue, one(d.FailOpen != ""), region)
	}
}

func one(yes bool) float64 {
	if yes {
		return 1
	}
	return 0
}
