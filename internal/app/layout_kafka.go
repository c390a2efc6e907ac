package app

import (
	"slices"

	"github.com/greenlang/fournines/internal/driver/kafka"
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

// broker returns a zone's member of the region's Kafka cluster.
func (l Layout) broker(region, zone string) kafka.Member {
	m := kafka.Member{Cluster: Cluster(region, Kafka)}
	r, _ := l.Platform.Region(region)
	if p := l.Partner(r).Name; l.MirrorZone(p) != "" {
		m.Near = l.nearIP(p, region, zone)
	}
	for i, z := range l.Brokers(region) {
		m.Addresses = append(m.Addresses, l.IP(region, z))
		if z == zone {
			m.Number = i + 1
		}
	}
	return m
}

// kafkaLooker returns what asks a region's brokers.
func (l Layout) kafkaLooker(region string) *kafka.Looker {
	out := &kafka.Looker{Cluster: Cluster(region, Kafka)}
	for _, z := range l.Brokers(region) {
		out.Brokers = append(out.Brokers, kafka.Broker{ID: ID(region, z, Kafka), Node: l.broker(region, z).Node(), Address: l.Address(region, z, Kafka)})
	}
	return out
}

// side returns a region's cluster as a mirror in region from knows it.
func (l Layout) side(from, region string) kafka.Side {
	s := kafka.Side{Region: region}
	for _, z := range l.Brokers(region) {
		s.Brokers = append(s.Brokers, l.near(from, region, z, kafka.Port))
	}
	return s
}
