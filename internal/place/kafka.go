package place

import (
	"slices"

	"github.com/greenlang/fournines/internal/spec"
)

// Brokers returns the zones of a region that run a Kafka broker, in the order of the
// brokers' numbers: as many as are declared, one for each zone, and a single one in a region
// that stands by for another.
func (l Layout) Brokers(region string) []string {
	r, _ := l.Platform.Region(region)
	n := min(l.Platform.Spec.Engines.Kafka.Brokers, len(r.Zones))
	if r.Role == spec.Passive {
		n = min(n, 1)
	}
	return r.Zones[:n]
}

// MirrorZone returns the zone that runs the mirror of a region and its partner, beside the
// broker of the region that stands by; empty where the region runs none.
func (l Layout) MirrorZone(region string) string {
	r, _ := l.Platform.Region(region)
	brokers := l.Brokers(region)
	if r.Role != spec.Passive || l.Platform.Spec.Engines.Kafka.MirrorTo != "pair" || len(brokers) == 0 || l.Partner(r).Name == "" {
		return ""
	}
	return brokers[0]
}

// BrokerNear returns the address of a zone's broker in the partner region, where a mirror
// reaches it; empty where none does.
func (l Layout) BrokerNear(region, zone string) string {
	r, _ := l.Platform.Region(region)
	if p := l.Partner(r).Name; l.MirrorZone(p) != "" {
		return l.nearIP(p, region, zone)
	}
	return ""
}

// Kinds returns what runs in a zone, besides its node.
func (l Layout) Kinds(region, zone string) []string {
	out := []string{Etcd, Postgres, Redis, Sentinel}
	if slices.Contains(l.Brokers(region), zone) {
		out = append(out, Kafka)
	}
	if l.MirrorZone(region) == zone {
		out = append(out, Mirror)
	}
	return append(out, GreenLang)
}
