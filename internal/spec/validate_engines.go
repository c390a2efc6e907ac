package spec

import (
	"fmt"
	"regexp"
	"time"
)

// The floors of Patroni's timing. Below them it takes its own values without saying so,
// and the arithmetic of a failover would rest on numbers that are not in force.
const (
	minTTL          = Duration(20 * time.Second)
	minLoopWait     = Duration(1 * time.Second)
	minRetryTimeout = Duration(3 * time.Second)
)

func (v *validator) application() {
	if n := v.spec.Cells.Count; n > v.spec.Customers {
		v.fail("spec.cells.count", "a cell without a customer isolates nobody", []string{"spec.customers"}, "is %d for %d customers", n, v.spec.Customers)
	}
}

// postgres checks what Patroni demands of its timing (row 7.1.4).
func (v *validator) postgres() {
	const path = "spec.engines.postgres."
	p := v.spec.Engines.Postgres
	v.least(path+"ttl", p.TTL, minTTL, time.Second, "Patroni")
	v.least(path+"loopWait", p.LoopWait, minLoopWait, time.Second, "Patroni")
	v.least(path+"retryTimeout", p.RetryTimeout, minRetryTimeout, time.Second, "Patroni")
	v.whole(path+"primaryStartTimeout", p.PrimaryStartTimeout, time.Second, "Patroni")
	if least := p.LoopWait.D() + 2*p.RetryTimeout.D(); least > p.TTL.D() {
		v.fail(path+"ttl", "Patroni demands loopWait + 2 × retryTimeout ≤ ttl, or a slow store costs a healthy primary its lease", []string{path + "loopWait", path + "retryTimeout"},
			"is %s, less than loopWait %s + 2 × retryTimeout %s = %s", p.TTL, p.LoopWait, p.RetryTimeout, Duration(least))
	}
}

// etcd checks the store of Patroni's locks: one member for each zone, and an odd number of them.
func (v *validator) etcd() {
	const path = "spec.engines.etcd.members"
	n := v.spec.Engines.Etcd.Members
	if n%2 == 0 {
		v.fail(path, fmt.Sprintf("%d members survive no more losses than %d", n, max(1, n-1)), nil, "is %d, an even number", n)
		return
	}
	for i, r := range v.spec.Regions {
		if len(r.Zones) != n && len(r.Zones) > 0 {
			v.fail(path, "each zone runs one member: give the region as many zones as members", []string{fmt.Sprintf("spec.regions[%d].zones", i)}, "is %d, and region %s has %d zones", n, r.Name, len(r.Zones))
			return
		}
	}
}

// redis checks Sentinel's quorum and times (row 7.1.5).
func (v *validator) redis() {
	const path = "spec.engines.redis."
	r := v.spec.Engines.Redis
	sentinels := []string{path + "sentinels"}
	switch {
	case r.Quorum > r.Sentinels:
		v.fail(path+"quorum", "a failover could never begin", sentinels, "is %d of %d sentinels", r.Quorum, r.Sentinels)
	case 2*r.Quorum <= r.Sentinels:
		v.fail(path+"quorum", fmt.Sprintf("two halves of a partition could both begin a failover: write %d or more", r.Sentinels/2+1), sentinels, "is %d of %d sentinels, no more than half", r.Quorum, r.Sentinels)
	}
	if r.MinReplicasToWrite >= r.Nodes {
		v.fail(path+"minReplicasToWrite", "the master would never accept a write", []string{path + "nodes"}, "is %d, and a master of %d nodes has %d replicas", r.MinReplicasToWrite, r.Nodes, r.Nodes-1)
	}
	v.least(path+"downAfter", r.DownAfter, Duration(time.Millisecond), time.Millisecond, "Sentinel")
	v.least(path+"failoverTimeout", r.FailoverTimeout, Duration(time.Millisecond), time.Millisecond, "Sentinel")
	least := Duration(0)
	if r.MinReplicasToWrite > 0 {
		least = Duration(time.Second) // 0 would switch minReplicasToWrite off
	}
	v.least(path+"minReplicasMaxLag", r.MinReplicasMaxLag, least, time.Second, "Redis")
}

// kafka checks the copies of a partition (row 7.1.6); a platform may have no broker.
func (v *validator) kafka() {
	const path = "spec.engines.kafka."
	k := v.spec.Engines.Kafka
	if k.ReplicationFactor > k.Brokers {
		v.fail(path+"replicationFactor", "each copy needs a broker of its own", []string{path + "brokers"}, "is %d, and there are %d brokers", k.ReplicationFactor, k.Brokers)
	}
	if k.MinInSync > k.ReplicationFactor {
		v.fail(path+"minInSync", "no record could ever be acknowledged", []string{path + "replicationFactor"}, "is %d of %d copies", k.MinInSync, k.ReplicationFactor)
	}
	if k.Brokers > 0 && (k.ReplicationFactor < 1 || k.MinInSync < 1) {
		v.fail(path+"brokers", "replicationFactor and minInSync must be 1 or more", []string{path + "replicationFactor", path + "minInSync"}, "is %d without a copy to keep", k.Brokers)
	}
}

// bucketName is what every S3 endpoint takes as one.
var bucketName = regexp.MustCompile(`^[a-z0-9][a-z0-9-]{1,61}[a-z0-9]$`)

func (v *validator) objects() {
	const path = "spec.engines.objects."
	o := v.spec.Engines.Objects
	if !bucketName.MatchString(o.BucketName()) {
		v.fail(path+"bucket", "3 to 63 lower-case letters, digits and hyphens, not beginning or ending with a hyphen", nil, "is %q", o.Bucket)
	}
	if o.ReplicateTo == "pair" && !o.Versioned {
		v.fail(path+"versioned", "write versioned: true, or replicateTo: none", []string{path + "replicateTo"}, "is false, and only versions can be replicated without losing what another region overwrote")
	}
}
