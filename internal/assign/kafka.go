package assign

import (
	"github.com/greenlang/fournines/internal/driver/kafka"
	"github.com/greenlang/fournines/internal/place"
)

// Broker returns a zone's member of the region's Kafka cluster.
func Broker(l place.Layout, region, zone string) kafka.Member {
	m := kafka.Member{Cluster: place.Cluster(region, place.Kafka), Near: l.BrokerNear(region, zone)}
	for i, z := range l.Brokers(region) {
		m.Addresses = append(m.Addresses, l.IP(region, z))
		if z == zone {
			m.Number = i + 1
		}
	}
	return m
}

// KafkaLooker returns what asks a region's brokers, and knows what is declared of them.
func KafkaLooker(l place.Layout, region string) *kafka.Looker {
	out, policy := &kafka.Looker{Cluster: place.Cluster(region, place.Kafka)}, l.Platform.Spec.Engines.Kafka
	for _, z := range l.Brokers(region) {
		m := Broker(l, region, z)
		out.Copies, out.Least = m.Replication(policy)
		out.Brokers = append(out.Brokers, kafka.Broker{ID: place.ID(region, z, place.Kafka), Node: m.Node(), Address: l.Address(region, z, place.Kafka), Declared: m.Declared(policy)})
	}
	return out
}

// side returns a region's cluster as a mirror in region from knows it.
func side(l place.Layout, from, region string) kafka.Side {
	s := kafka.Side{Region: region}
	for _, z := range l.Brokers(region) {
		s.Brokers = append(s.Brokers, l.Near(from, region, z, kafka.Port))
	}
	return s
}
