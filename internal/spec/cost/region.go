package cost

import (
	"fmt"

	"github.com/greenlang/fournines/internal/spec"
)

// The rows of the specification that lines belong to.
const (
	rowRegions  = "7.1.1"
	rowRouting  = "7.1.2"
	rowApp      = "7.1.3"
	rowPostgres = "7.1.4"
	rowRedis    = "7.1.5"
	rowKafka    = "7.1.6"
	rowObjects  = "7.1.7"
	rowHealth   = "7.1.10"
)

// kB is the kilobyte of sizes, in GB: prices are per 10^9 bytes.
const kB = 1e-6

// place is one region with the customers whose data is in it.
type place struct {
	spec.Region
	customers float64 // whose home it is, or its pair's
	agents    float64
	active    bool
	scale     float64 // of application nodes
}

// region adds what one region costs.
func (b *pricing) region(p *spec.Platform, r spec.Region) {
	homes := float64(len(p.ActiveRegions()))
	if homes == 0 {
		return
	}
	at := place{Region: r, customers: float64(b.spec.Customers) / homes, agents: float64(b.spec.Agents) / homes, active: r.Role == spec.Active, scale: 1}
	if !at.active {
		at.scale = b.size(&b.table.Sizes.PassiveScale)
	}
	b.application(at)
	b.agents(at)
	b.edges(at)
	b.postgres(at)
	b.redis(at)
	b.kafka(at)
	b.objects(at)
	b.traffic(at)
}

// requests returns a region's requests in an hour, on average.
func (b *pricing) requests(at place) float64 {
	return at.customers * b.size(&b.table.Sizes.RequestsPerCustomer)
}

// application: clusters that carry the busiest hour with one of them lost.
func (b *pricing) application(at place) {
	clusters := float64(b.spec.Engines.Application.ClustersPerRegion)
	b.add(rowApp, at.Name, &b.table.Prices.Cluster, clusters, fmt.Sprintf("%s clusters, one for each zone", number(clusters, 0)))
	peak := b.requests(at) * b.size(&b.table.Sizes.PeakFactor) / 3600
	needed := peak / b.size(&b.table.Sizes.RequestsPerNode) * at.scale
	left := max(clusters-1, 1)
	each := max(whole(needed/left), float64(b.spec.Engines.Application.InstancesPerCluster))
	b.add(rowApp, at.Name, &b.table.Prices.AppNode, clusters*each, fmt.Sprintf("%s requests/s at peak%s need %s nodes; %s clusters of %s carry them with one lost",
		number(peak, 0), times("", at.scale), number(needed, 1), number(clusters, 0), number(each, 0)))
}

// agents: the platform's workloads.
func (b *pricing) agents(at place) {
	nodes := whole(at.agents / b.size(&b.table.Sizes.AgentsPerNode) * at.scale)
	b.add(rowApp, at.Name, &b.table.Prices.AppNode, nodes, fmt.Sprintf("%s agents at %s a node%s", number(at.agents, 0), number(b.size(&b.table.Sizes.AgentsPerNode), 2), times("", at.scale)))
}

// edges with the load balancer in front of them.
func (b *pricing) edges(at place) {
	zones := float64(len(at.Zones))
	each := b.size(&b.table.Sizes.EdgesPerZone)
	b.add(rowHealth, at.Name, &b.table.Prices.EdgeNode, whole(zones*each), fmt.Sprintf("%s zones × %s edges, which probe, break and balance", number(zones, 0), number(each, 2)))
	b.add(rowRouting, at.Name, &b.table.Prices.LoadBalancer, 1, "one in front of the region's edges")
	if at.active {
		gb := b.requests(at) * b.size(&b.table.Sizes.ResponseKB) * kB
		b.add(rowRouting, at.Name, &b.table.Prices.LoadBalancerUnit, gb, fmt.Sprintf("%s GB an hour of responses", number(gb, 2)))
	}
}

// postgres with its locks and poolers; a passive region has the same, as a standby cluster.
func (b *pricing) postgres(at place) {
	e := b.spec.Engines
	nodes := float64(e.Postgres.Primaries + e.Postgres.Replicas)
	b.add(rowPostgres, at.Name, &b.table.Prices.PostgresNode, nodes, fmt.Sprintf("%d primary and %d replicas", e.Postgres.Primaries, e.Postgres.Replicas))
	data := at.customers * b.size(&b.table.Sizes.DatabaseGB)
	b.add(rowPostgres, at.Name, &b.table.Prices.Disk, nodes*data*b.size(&b.table.Sizes.DiskHeadroom),
		fmt.Sprintf("%s members × %s GB of %s customers × %s headroom", number(nodes, 0), number(data, 0), number(at.customers, 0), number(b.size(&b.table.Sizes.DiskHeadroom), 2)))
	poolers := whole(float64(len(at.Zones)) * b.size(&b.table.Sizes.PgBouncersPerZone))
	b.add(rowPostgres, at.Name, &b.table.Prices.PgBouncerNode, poolers, fmt.Sprintf("%d zones × %s poolers", len(at.Zones), number(b.size(&b.table.Sizes.PgBouncersPerZone), 2)))
	b.add(rowPostgres, at.Name, &b.table.Prices.EtcdNode, float64(e.Etcd.Members), fmt.Sprintf("%d members that hold Patroni's locks", e.Etcd.Members))
}

// redis is rebuilt after an evacuation, not replicated; the passive region's waits for that.
func (b *pricing) redis(at place) {
	r := b.spec.Engines.Redis
	b.add(rowRedis, at.Name, &b.table.Prices.RedisNode, float64(r.Nodes), fmt.Sprintf("%d nodes", r.Nodes))
	b.add(rowRedis, at.Name, &b.table.Prices.SentinelNode, float64(r.Sentinels), fmt.Sprintf("%d Sentinels", r.Sentinels))
}

// kafka runs where customers are, and where topics are mirrored to.
func (b *pricing) kafka(at place) {
	k := b.spec.Engines.Kafka
	if !at.active && k.MirrorTo != "pair" {
		return
	}
	b.add(rowKafka, at.Name, &b.table.Prices.KafkaNode, float64(k.Brokers), fmt.Sprintf("%d brokers", k.Brokers))
	if k.Brokers == 0 {
		return
	}
	day := b.events(at) * 24
	days, headroom := b.size(&b.table.Sizes.EventDays), b.size(&b.table.Sizes.DiskHeadroom)
	b.add(rowKafka, at.Name, &b.table.Prices.Disk, day*days*float64(k.ReplicationFactor)*headroom,
		fmt.Sprintf("%s GB a day × %s days × %d copies × %s headroom", number(day, 1), number(days, 1), k.ReplicationFactor, number(headroom, 2)))
}

// events returns the GB of records in an hour.
func (b *pricing) events(at place) float64 {
	if b.spec.Engines.Kafka.Brokers == 0 {
		return 0
	}
	return b.requests(at) * b.size(&b.table.Sizes.EventsPerRequest) * b.size(&b.table.Sizes.EventKB) * kB
}

// objects are kept where customers are, and where they are replicated to.
func (b *pricing) objects(at place) {
	o := b.spec.Engines.Objects
	if !at.active && o.ReplicateTo != "pair" {
		return
	}
	each, versions := b.size(&b.table.Sizes.ObjectsGB), 1.0
	if o.Versioned {
		versions = b.size(&b.table.Sizes.VersionFactor)
	}
	b.add(rowObjects, at.Name, &b.table.Prices.ObjectStorage, at.customers*each*versions,
		fmt.Sprintf("%s customers × %s GB%s for versions", number(at.customers, 0), number(each, 2), times("", versions)))
	hourly := b.size(&b.table.Sizes.ObjectsPerCustomer)
	b.add(rowObjects, at.Name, &b.table.Prices.ObjectWrites, at.customers*hourly*float64(b.table.HoursPerYear)/1e6,
		fmt.Sprintf("million writes: %s customers × %s an hour × %d h", number(at.customers, 0), number(hourly, 2), b.table.HoursPerYear))
}
