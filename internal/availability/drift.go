package availability

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/fact"
)

// DriftFindings say what somebody has changed past the platform: of a region's PostgreSQL, Redis,
// Kafka and etcd.
func DriftFindings(p fact.Postgres, r fact.Redis, k fact.Kafka, e fact.Etcd, region string) (out []evidence.Finding) {
	add := func(code, cluster string, differs []string, since time.Time, mend string) {
		if len(differs) > 0 {
			out = append(out, evidence.Finding{
				Code: code, Severity: evidence.Warning, Title: cluster + " is not configured as declared",
				Text:    strings.Join(differs, "; ") + ". Somebody has changed it past the platform: set it back with " + mend + ", or change the declaration.",
				Subject: cluster, Since: since, Command: "fournines status -o wide",
			})
		}
	}
	of := func(id string, differs []string) (out []string) {
		for _, d := range differs {
			out = append(out, id+": "+d)
		}
		return out
	}
	postgres := slices.Clone(p.Lock.Differs)
	for _, id := range slices.Sorted(maps.Keys(p.Settings)) {
		postgres = append(postgres, of(id, p.Settings[id])...)
	}
	add("postgres-drift", region+"/postgres", postgres, p.Drift, "patronictl edit-config or patronictl resume, or as each says")
	var redis []string
	for _, n := range r.Nodes {
		redis = append(redis, of(n.ID, n.Differs)...)
	}
	for _, s := range r.Sentinels {
		redis = append(redis, of(s.ID, s.Differs)...)
	}
	add("redis-drift", region+"/redis", redis, r.Drift, "CONFIG SET, or SENTINEL SET on that Sentinel")
	kafka := append([]string{}, k.Differs...)
	for _, b := range k.Brokers {
		kafka = append(kafka, of(b.ID, b.Differs)...)
	}
	add("kafka-drift", region+"/kafka", kafka, k.Drift, "kafka-configs --alter or kafka-reassign-partitions")
	add("etcd-drift", region+"/etcd", e.Differs, e.Drift, "etcdctl member add or remove, and etcdctl alarm disarm once there is room")
	return out
}
