package app

import (
	"strings"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/spec"
)

// nameServer renders what a region's edge answers resolvers (row 7.1.2): every edge knows
// all regions, so that any of them answers for all.
func nameServer(l Layout, region string, placed availability.Placement) *config.DNS {
	if l.DNS == "" {
		return nil
	}
	routing := l.Platform.Spec.Routing
	service, zone, _ := strings.Cut(APIName, ".")
	d := &config.DNS{
		Zone: zone + ".", Service: service, ID: region, Listen: []string{l.addr(region, "", dnsPort)},
		TTL: config.Duration(routing.TTL.D()), Near: nearTable(routing.Latency, l.Regions),
	}
	if !l.NetNS || strings.HasPrefix(l.DNS, "127.") {
		d.Listen = append(d.Listen, l.DNS)
	}
	for _, name := range l.Regions {
		r := config.DNSRegion{Name: name, Address: l.IP(name, ""), Open: placed.Open(name), Probe: l.near(region, name, "", appPort), Path: readyPath}
		if w, ok := routing.Weights[name]; ok {
			r.Weight = &w
		}
		d.Regions = append(d.Regions, r)
	}
	for c := range len(placed.Cells) {
		d.Cells = append(d.Cells, placed.Serving[placed.Cells[c]])
	}
	return d
}

// nearTable is the platform's latency table about the regions that run here; everybody's
// row counts for both families.
func nearTable(t spec.Latency, regions []string) []config.DNSNetwork {
	var out []config.DNSNetwork
	add := func(prefix string, row map[string]spec.Duration) {
		n := config.DNSNetwork{Prefix: prefix, Milliseconds: map[string]float64{}}
		for _, r := range regions {
			if d, ok := row[r]; ok {
				n.Milliseconds[r] = d.D().Seconds() * 1000
			}
		}
		if len(n.Milliseconds) > 0 {
			out = append(out, n)
		}
	}
	add("0.0.0.0/0", t.Default)
	add("::/0", t.Default)
	for _, c := range t.Clients {
		add(c.Prefix, c.To)
	}
	return out
}

// nameFindings says when an edge's name server sends customers where they may not be served.
func (s *ServerApp) nameFindings() []api.Finding {
	var out []api.Finding
	for _, region := range s.Regions {
		d := s.Facts.Edge(region).Report.DNS
		if d == nil || d.FailOpen == "" {
			continue
		}
		out = append(out, api.Finding{
			Code: "names-fail-open", Severity: "warning", Title: "the name server of " + region + " fails open", Text: d.FailOpen,
			Subject: Cluster(region, Edge), Command: "fournines route list",
		})
	}
	return out
}

// nameMetrics tell what the name servers of the edges have answered. They are read at
// the moment of asking, from each edge's last report.
type nameMetrics struct{ s *ServerApp }

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
	for _, region := range m.s.Regions {
		f := m.s.Facts.Edge(region)
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
