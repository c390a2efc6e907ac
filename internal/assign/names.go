package assign

import (
	"strings"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/spec"
)

// NameServer renders what a region's edge answers resolvers (row 7.1.2): every edge knows
// all regions, so that any of them answers for all.
func NameServer(l place.Layout, region string, placed availability.Placement) *config.DNS {
	if l.DNS == "" {
		return nil
	}
	routing := l.Platform.Spec.Routing
	service, zone, _ := strings.Cut(place.APIName, ".")
	d := &config.DNS{
		Zone: zone + ".", Service: service, ID: region, Listen: []string{l.Addr(region, "", place.DnsPort)},
		TTL: config.Duration(routing.TTL.D()), Near: nearTable(routing.Latency, l.Regions),
	}
	if !l.NetNS || strings.HasPrefix(l.DNS, "127.") {
		d.Listen = append(d.Listen, l.DNS)
	}
	for _, name := range l.Regions {
		r := config.DNSRegion{Name: name, Address: l.IP(name, ""), Open: placed.Open(name), Probe: l.Near(region, name, "", place.AppPort), Path: place.ReadyPath}
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
