package cost

import "fmt"

// traffic adds what leaves a zone, a region or the platform. A passive region receives,
// and receiving is free; only its database and its brokers copy between its zones.
func (b *pricing) traffic(at place) {
	hours := float64(b.table.HoursPerYear)
	e := b.spec.Engines
	wal := b.requests(at) * b.size(&b.table.Sizes.WritesPerRequest) * b.size(&b.table.Sizes.WriteKB) * kB * hours
	events := b.events(at) * hours
	if !at.active && e.Kafka.MirrorTo != "pair" {
		events = 0
	}
	b.zones(at, "write-ahead log to each replica", rowPostgres, wal*float64(e.Postgres.Replicas))
	b.zones(at, "records to each other copy", rowKafka, events*float64(max(e.Kafka.ReplicationFactor-1, 0)))
	if !at.active {
		return
	}
	responses := b.requests(at) * b.size(&b.table.Sizes.ResponseKB) * kB * hours
	b.zones(at, "requests from edge to application to data", rowApp, b.requests(at)*b.size(&b.table.Sizes.ZoneKB)*kB*hours)
	b.add(rowRouting, at.Name, &b.table.Prices.InternetTransfer, responses, fmt.Sprintf("GB of responses: %s requests × %s kB", number(b.requests(at)*hours, 0), number(b.size(&b.table.Sizes.ResponseKB), 2)))
	b.pair(at, "write-ahead log", rowPostgres, wal)
	if e.Kafka.MirrorTo == "pair" {
		b.pair(at, "mirrored records", rowKafka, events)
	}
	if e.Objects.ReplicateTo == "pair" {
		b.pair(at, "replicated objects", rowObjects, at.customers*b.size(&b.table.Sizes.ObjectsPerCustomer)*b.size(&b.table.Sizes.ObjectKB)*kB*hours)
	}
}

// zones adds traffic between zones, which is billed where it leaves and where it arrives.
func (b *pricing) zones(at place, what, row string, gb float64) {
	if len(at.Zones) < 2 {
		return
	}
	b.add(row, at.Name, &b.table.Prices.ZoneTransfer, 2*gb, fmt.Sprintf("%s: %s GB a year, billed both ways", what, number(gb, 0)))
}

// pair adds traffic to the region that takes over.
func (b *pricing) pair(at place, what, row string, gb float64) {
	if at.Pair == "" {
		return
	}
	b.add(row, at.Name, &b.table.Prices.RegionTransfer, gb, fmt.Sprintf("%s to %s: %s GB a year", what, at.Pair, number(gb, 0)))
}

// everywhere adds what the platform has once: its names.
func (b *pricing) everywhere() {
	regions := float64(len(b.spec.Regions))
	b.add(rowRouting, Everywhere, &b.table.Prices.DNSZone, 1, "one zone")
	b.add(rowRouting, Everywhere, &b.table.Prices.DNSCheck, regions, "one for each region")
	queries := float64(b.spec.Customers) * b.size(&b.table.Sizes.DNSPerCustomer) * float64(b.table.HoursPerYear) / 1e6
	b.add(rowRouting, Everywhere, &b.table.Prices.DNSQueries, queries,
		fmt.Sprintf("million queries: %s customers × %s an hour", number(float64(b.spec.Customers), 0), number(b.size(&b.table.Sizes.DNSPerCustomer), 2)))
}
