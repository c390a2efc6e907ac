package availability

import (
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/spec"
)

// What somebody has changed past the platform shows on the engine at once, and as one finding
// for each cluster.
func TestDrift(t *testing.T) {
	t.Parallel()
	k := wholeKafka(zero)
	p := fact.Postgres{Members: []fact.PostgresMember{{Name: "a", ID: "us-east-1/a/postgres", Role: "primary", Seen: zero}}, Lock: fact.PostgresLock{Leader: "a"}}
	r := fact.Redis{Nodes: []fact.RedisNode{{ID: "us-east-1/a/redis", Seen: zero}}, Sentinels: []fact.RedisSentinel{{ID: "us-east-1/a/sentinel", Seen: zero}}}
	e := fact.Etcd{At: zero}
	if found := DriftFindings(p, r, k, e, "us-east-1"); len(found) > 0 {
		t.Errorf("clusters as declared differ: %+v", found)
	}
	since := zero.Add(-time.Minute)
	p.Lock.Differs, p.Drift = []string{"pause is true, declared is false"}, since
	r.Nodes[0].Differs, r.Sentinels[0].Differs, r.Drift = []string{"appendonly is no, declared is yes"}, []string{"quorum is 1, declared is 2"}, since
	k.Brokers[1].Differs, k.Differs, k.Drift = []string{"min.insync.replicas is 1, declared is 2"}, []string{"topic weak has 1 copies of partition 0, declared are 3"}, since
	e.Differs, e.Drift = []string{"x at http://127.0.0.1:2380 is a member of etcd and is not declared"}, since
	for id, x := range map[string]struct {
		tell func(*Component)
		want string
	}{
		"us-east-1/a/postgres": {func(c *Component) { c.Postgres(p, spec.Postgres{}, zero) }, "not as declared: pause is true, declared is false"},
		"us-east-1/a/redis":    {func(c *Component) { c.Redis(r, zero) }, "not as declared: appendonly is no, declared is yes"},
		"us-east-1/a/sentinel": {func(c *Component) { c.Sentinel(r, zero) }, "not as declared: quorum is 1, declared is 2"},
		"us-east-1/a/etcd":     {func(c *Component) { c.Etcd(e, zero) }, "not as declared: x at http://127.0.0.1:2380"},
		k.Brokers[0].ID:        {func(c *Component) { c.Broker(k, zero) }, "not as declared: topic weak has 1 copies"},
		k.Brokers[1].ID:        {func(c *Component) { c.Broker(k, zero) }, "not as declared: min.insync.replicas is 1, declared is 2; topic weak"},
	} {
		c := Component{ID: id, Health: Healthy, Sync: InSync}
		if x.tell(&c); c.Sync != OutOfSync || c.Health != Healthy || !strings.Contains(c.Detail, x.want) {
			t.Errorf("%+v, want %q", c, x.want)
		}
	}
	found := DriftFindings(p, r, k, e, "us-east-1")
	for i, want := range []struct{ code, text string }{
		{"postgres-drift", "pause is true, declared is false. Somebody"},
		{"redis-drift", "us-east-1/a/redis: appendonly is no, declared is yes; us-east-1/a/sentinel: quorum is 1, declared is 2. Somebody"},
		{"kafka-drift", "topic weak has 1 copies of partition 0, declared are 3; " + k.Brokers[1].ID + ": min.insync.replicas is 1, declared is 2. Somebody"},
		{"etcd-drift", "x at http://127.0.0.1:2380 is a member of etcd and is not declared. Somebody"},
	} {
		if len(found) != 4 || found[i].Code != want.code || !found[i].Since.Equal(since) || !strings.HasPrefix(found[i].Text, want.text) {
			t.Fatalf("%+v, want %+v", found, want)
		}
	}
	// What nobody has heard for a while says nothing.
	c := Component{Health: Healthy, Sync: InSync}
	if c.Etcd(e, zero.Add(time.Hour)); c.Sync != InSync {
		t.Errorf("%+v", c)
	}
	e.Error = "no leader" // and this is said
	if c.Etcd(e, zero.Add(time.Hour)); c.Sync != SyncUnknown || !strings.Contains(c.Detail, "no leader") {
		t.Errorf("%+v", c)
	}
	// A member without a vote is on its way, and nothing is changed past the platform.
	c = Component{Zone: "a", Health: Healthy, Sync: InSync}
	if c.Etcd(fact.Etcd{At: zero, Joining: map[string]string{"a": "it is a learner"}}, zero); c.Sync != InSync || c.Health != Progressing || c.Detail != "it is a learner" {
		t.Errorf("%+v", c)
	}
}
