package consoletest

import (
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/api"
)

func fixtureRegions() []api.Region {
	declared := func(name, role, pair string) api.Region {
		return api.Region{Name: name, Role: role, Pair: pair, Zones: []string{"a", "b", "c"}}
	}
	return []api.Region{
		usEast(), declared("eu-west-1", "active", "eu-central-1"), declared("ap-southeast-1", "active", "ap-northeast-1"),
		declared("us-west-2", "passive", "us-east-1"), declared("eu-central-1", "passive", "eu-west-1"), declared("ap-northeast-1", "passive", "ap-southeast-1"),
	}
}

// usEast is the region that runs: three zones, with trouble in two of them.
func usEast() api.Region {
	r := api.Region{Name: "us-east-1", Role: "active", Pair: "us-west-2", Running: true, Zones: []string{"a", "b", "c"}}
	add := func(zone, kind, role string, port int) *api.Component {
		id, host := "us-east-1/"+zone+"/"+kind, 0
		if zone == "" {
			id = "us-east-1/" + kind
		} else {
			host = int(zone[0]-'a') + 1
		}
		r.Components = append(r.Components, api.Component{
			ID: id, Region: "us-east-1", Zone: zone, Kind: kind, Role: role, Address: fmt.Sprintf("127.1.%d.1:%d", host, port),
			Sync: api.InSync, Health: api.Healthy, Since: before(3 * time.Hour), Seen: before(2 * time.Second), Journal: uint64(20 + len(r.Components)),
		})
		return &r.Components[len(r.Components)-1]
	}
	add("", "server", "", 9443)
	add("", "edge", "", 8443)
	roles := map[string][3]string{"postgres": {"primary", "sync-standby", "replica"}, "redis": {"master", "replica", "replica"}, "etcd": {"follower", "leader", "follower"}, "kafka": {"broker", "controller", "broker"}}
	ports := map[string]int{"greenlang": 8080, "postgres": 5432, "redis": 6379, "sentinel": 26379, "etcd": 2379, "node": 9440, "kafka": 9092}
	for i, zone := range []string{"a", "b", "c"} {
		for _, kind := range []string{"greenlang", "postgres", "redis", "sentinel", "kafka", "etcd", "node"} {
			c := add(zone, kind, roles[kind][i], ports[kind])
			trouble(c)
		}
	}
	r.Links = fixtureLinks()
	r.Readiness = []api.Readiness{
		{Cluster: "us-east-1/postgres", Ready: true, Leader: "us-east-1/a/postgres", Candidates: []string{"us-east-1/b/postgres"}, At: before(2 * time.Second)},
		{Cluster: "us-east-1/redis", Ready: false, Leader: "us-east-1/a/redis", Candidates: []string{}, At: before(2 * time.Second),
			Reasons: []string{"us-east-1/b/redis accepts writes with no replica: min-replicas-to-write is 0.", "us-east-1/c/redis is 41 s behind."}},
		// Zone c's broker has fallen behind, so none of the others may be lost now.
		{Cluster: "us-east-1/kafka", Ready: false, Leader: "us-east-1/b/kafka", Candidates: []string{}, At: before(2 * time.Second),
			Reasons: []string{"2 partitions miss copies, for example runs-1 has 2 of 3 copies in sync", "runs-1 would have 1 copies in sync and takes records from 2 on"}},
	}
	return r
}

// Trouble puts three components of the fixture into other states.
func trouble(c *api.Component) {
	switch c.ID {
	case "us-east-1/c/greenlang":
		c.Health, c.Since, c.Journal = api.Missing, before(95*time.Second), 254
		c.Detail = "Answers nothing since 11:58:25; its breaker is open, traffic goes to zones a and b."
	case "us-east-1/c/postgres":
		c.Health, c.Since, c.Journal = api.Progressing, before(6*time.Minute), 231
		c.Detail = "Catching up: 3.1 MB behind, 4 s."
	case "us-east-1/c/kafka":
		c.Health, c.Since, c.Journal = api.Progressing, before(22*time.Second), 240
		c.Detail = "2 of its 14 copies are not in sync"
	case "us-east-1/a/kafka", "us-east-1/b/kafka":
		c.Detail = "14 copies in sync, leads 7"
	case "us-east-1/b/redis":
		c.Sync, c.Since, c.Journal = api.OutOfSync, before(41*time.Minute), 187
		c.Detail = "min-replicas-to-write is 0; the spec says 1."
	}
}

func fixtureLinks() []api.Relation {
	link := func(kind, from, to string, h api.Health, label string) api.Relation {
		return api.Relation{From: "us-east-1/" + from, To: "us-east-1/" + to, Kind: kind, Health: h, Label: label}
	}
	return []api.Relation{
		link("traffic", "edge", "a/greenlang", api.Healthy, ""), link("traffic", "edge", "b/greenlang", api.Healthy, ""), link("traffic", "edge", "c/greenlang", api.Missing, ""),
		link("traffic", "a/greenlang", "a/postgres", api.Healthy, ""), link("traffic", "b/greenlang", "a/postgres", api.Healthy, ""),
		link("replication", "a/postgres", "b/postgres", api.Healthy, "sync, 0 B"), link("replication", "a/postgres", "c/postgres", api.Progressing, "3.1 MB"),
		link("replication", "a/redis", "b/redis", api.Healthy, "0 B"), link("replication", "a/redis", "c/redis", api.Healthy, ""),
		link("quorum", "a/etcd", "b/etcd", api.Healthy, ""), link("quorum", "b/etcd", "c/etcd", api.Healthy, ""),
		link("quorum", "b/kafka", "a/kafka", api.Healthy, ""), link("quorum", "b/kafka", "c/kafka", api.Progressing, ""),
		link("quorum", "a/sentinel", "b/sentinel", api.Healthy, ""), link("quorum", "b/sentinel", "c/sentinel", api.Healthy, ""),
	}
}

func availability() api.Availability {
	a := api.Availability{
		Since: before(76 * time.Hour), Until: Noon(), Target: 0.9999, BlastTarget: 0.1, CustomerRatio: new(0.9999731), RequestRatio: new(0.9999812),
		Requests: 68_412_907, Failed: 1286, BudgetSeconds: 3153.6, SpentSeconds: 7.36, RemainingRatio: new(0.99766), JournalFirst: 1, JournalLast: 259,
	}
	for i := range 60 {
		m := api.Minute{At: before(time.Duration(60-i) * time.Minute), Requests: uint64(14_200 + (i*i*7)%1900 + (i%7)*120)}
		if i == 37 {
			m.Failed = 412
		}
		if i > 56 {
			m.Failed = 3
		}
		a.PerMinute = append(a.PerMinute, m)
	}
	return a
}

func findings() []api.Finding {
	return []api.Finding{
		{Code: "redis-not-ready", Severity: "critical", Title: "Redis could not fail over", Subject: "us-east-1/redis", Since: before(41 * time.Minute),
			Text: "us-east-1/redis has no candidate: zone b drifted from its spec and zone c is 41 s behind. Apply the spec to zone b first.", Command: "fournines plan us-east-1/b/redis"},
		{Code: "instance-missing", Severity: "warning", Title: "An application instance answers nothing", Subject: "us-east-1/c/greenlang", Since: before(95 * time.Second),
			Text: "The process is stopped by fault fault-7 and comes back when the fault ends at 12:00:25.", Command: "fournines fault clear fault-7"},
	}
}

func fixtureFaults() []api.Fault {
	return []api.Fault{
		{ID: "fault-7", Kind: "process-freeze", Target: "us-east-1/c/greenlang", State: "active", Reason: "does the edge notice a frozen instance", Begun: before(95 * time.Second), Until: Noon().Add(25 * time.Second), Journal: 251},
		{ID: "fault-6", Kind: "process-kill", Target: "us-east-1/a/redis", State: "ended", Reason: "sentinel after the upgrade", Begun: before(52 * time.Minute), Until: before(51 * time.Minute), Journal: 118},
	}
}

// fixtureServers are three, one of which was killed.
func fixtureServers() []api.Server {
	return []api.Server{
		{Name: "server", Address: "127.0.0.1:9999", Role: api.Follows, Health: api.Missing, Detail: "it has not answered for 12 s: connection refused", Version: "0.1.0-test", Entries: 251, Started: before(40 * time.Hour), Seen: before(12 * time.Second)},
		{Name: "us-east-1/server", Region: "us-east-1", Address: "127.1.0.11:9999", Role: api.Leads, Health: api.Healthy, Version: "0.1.0-test", Entries: 260, Started: before(40 * time.Hour), Seen: Noon()},
		{Name: "us-west-2/server", Region: "us-west-2", Address: "127.4.0.12:9999", Role: api.Follows, Health: api.Healthy, Version: "0.1.0-test", Entries: 260, Started: before(39 * time.Hour), Seen: before(time.Second)},
	}
}
