package app

import (
	"fmt"
	"strings"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/driver/redis"
	"github.com/greenlang/fournines/internal/node"
	"github.com/greenlang/fournines/internal/spec"
)

// Desired is what is wanted of a zone beyond the spec: it changes while we operate.
type Desired struct {
	Fences  []availability.Fence
	Primary string       // component id of the region's PostgreSQL leader, to be watched
	Faults  []node.Lease // of this zone
	Serves  bool         // the region's application runs
	Restart []availability.RestartWish
}

// Assign renders what a zone's node shall run. It is pure: the same spec, layout and
// wishes give the same assignment and version.
func Assign(l Layout, p Programs, s Secrets, region, zone string, d Desired) (node.Assignment, error) {
	a := node.Assignment{Region: region, Zone: zone, Fenced: map[string]node.Fence{}, Faults: d.Faults}
	etcd := l.etcdUnit(p, region, zone)
	db, err := l.postgresUnit(p, s, region, zone)
	if err != nil {
		return a, err
	}
	a.Units = append([]node.Unit{etcd, db}, l.redisUnits(p, s, region, zone)...)
	a.Units = append(a.Units, l.kafkaUnits(p, region, zone)...)
	if d.Serves {
		a.Units = append(a.Units, l.greenlangUnit(p, s, region, zone))
	}
	for _, f := range d.Fences {
		if unit, ok := strings.CutPrefix(f.Component, region+"/"+zone+"/"); ok {
			a.Fenced[unit] = node.Fence{Epoch: f.Epoch, Reason: f.Reason}
		}
	}
	for _, w := range d.Restart {
		for i := range a.Units {
			if ID(region, zone, a.Units[i].Name) == w.Component {
				a.Units[i].Restart = w.Name
			}
		}
	}
	a.Watch = l.watch(region, d.Primary)
	return a, a.Seal()
}

func (l Layout) watch(region, primary string) node.Watch {
	r, _ := l.Platform.Region(region)
	det := l.Platform.Spec.Failover.Detection
	w := node.Watch{Interval: node.Seconds(det.Interval.D().Seconds()), Timeout: node.Seconds(det.Timeout.D().Seconds())}
	for _, z := range r.Zones {
		t := node.Target{ID: ID(region, z, Postgres), Address: l.Address(region, z, Postgres)}
		if t.ID == primary {
			w.Primary = t
		} else {
			w.Control = append(w.Control, t)
		}
	}
	return w
}

func (l Layout) etcdUnit(p Programs, region, zone string) node.Unit {
	r, _ := l.Platform.Region(region)
	var cluster []string
	for _, z := range r.Zones {
		cluster = append(cluster, z+"=http://"+l.addr(region, z, etcdPeer))
	}
	client := "http://" + l.addr(region, zone, etcdPort)
	return node.Unit{
		Name: Etcd, Env: p.Env(), Stop: "TERM", Grace: 5,
		Argv: []string{l.Bin("fournines"), "etcd", "--name", zone, "--dir", "{home}/data", "--client", client,
			"--peer", "http://" + l.addr(region, zone, etcdPeer), "--cluster", strings.Join(cluster, ","), "--token", region},
		Ready: node.Ready{HTTP: client + "/health"},
	}
}

// PostgresMember returns a zone's member of the region's cluster.
func (l Layout) postgresMember(p Programs, s Secrets, region, zone string) patroni.Member {
	r, _ := l.Platform.Region(region)
	m := patroni.Member{
		Scope: region, Name: member(region, zone), Address: l.IP(region, zone), Network: l.Network(), BinDir: p.PostgresBin,
		Secrets: patroni.Secrets{Superuser: s.Superuser, Replication: s.Replicator, REST: s.Patroni, Probe: s.Probe},
		Grants:  []patroni.Database{{Name: GreenLang, Password: s.GreenLang}},
	}
	m.Partner = l.members(l.Partner(r))
	m.Standby = len(m.Partner) > 0 && r.Role == spec.Passive
	for i := range r.Zones {
		nearest := (l.zoneNumber(r, zone) - 1 + i) % len(r.Zones)
		m.Etcd = append(m.Etcd, l.addr(region, r.Zones[nearest], etcdPort))
	}
	return m
}

func (l Layout) postgresUnit(p Programs, s Secrets, region, zone string) (node.Unit, error) {
	m := l.postgresMember(p, s, region, zone)
	config, err := m.Config(l.Platform.Spec.Engines.Postgres)
	if err != nil {
		return node.Unit{}, err
	}
	script, sql := m.Bootstrap()
	return node.Unit{
		Name: Postgres, Env: p.Env(), Stop: "TERM", Grace: 10,
		Argv: []string{p.Patroni, "{home}/patroni.yml"},
		Files: []node.File{
			{Path: "patroni.yml", Content: config},
			{Path: "bootstrap.sh", Content: script},
			{Path: "bootstrap.sql", Content: sql},
		},
		Ready: node.Ready{HTTP: fmt.Sprintf("http://%s:%d/readiness", m.Address, patroni.RESTPort)},
	}, nil
}

func (l Layout) redisUnits(p Programs, s Secrets, region, zone string) []node.Unit {
	r, _ := l.Platform.Region(region)
	m := redis.Member{Address: l.IP(region, zone), Master: l.IP(region, r.Zones[0]), Password: s.Redis}
	policy := l.redis(region)
	return []node.Unit{
		{
			Name: Redis, Env: p.Env(), Stop: "TERM", Grace: 5,
			Argv:  append([]string{p.Redis, "{home}/redis.conf"}, redis.ServerOptions(policy)...),
			Files: []node.File{{Path: "redis.conf", Content: m.ServerConfig(), Once: true}},
			Ready: node.Ready{TCP: l.Address(region, zone, Redis)},
		},
		{
			Name: Sentinel, Env: p.Env(), Stop: "TERM", Grace: 5,
			Argv:  append([]string{p.Redis, "{home}/sentinel.conf"}, redis.SentinelOptions(policy)...),
			Files: []node.File{{Path: "sentinel.conf", Content: m.SentinelConfig(policy), Once: true}},
			Ready: node.Ready{TCP: l.Address(region, zone, Sentinel)},
		},
	}
}

func (l Layout) greenlangUnit(p Programs, s Secrets, region, zone string) node.Unit {
	bin := l.Bin(GreenLang)
	env := append(p.Env(),
		"GREENLANG_LISTEN="+l.Address(region, zone, GreenLang),
		"GREENLANG_POSTGRES="+l.EdgeAddress(region, Postgres),
		"GREENLANG_POSTGRES_PASSWORD_FILE={home}/postgres.password",
		"GREENLANG_REDIS="+l.EdgeAddress(region, Redis),
		"GREENLANG_REDIS_PASSWORD_FILE={home}/redis.password",
		"GREENLANG_ZONE="+zone,
	)
	sp := l.Platform.Spec
	// The schema and the seed are laid by whoever is first; both are idempotent, under a lock in the database.
	// In a region that is about to take over it waits until the database takes writes.
	script := fmt.Sprintf("until %s migrate; do sleep 0.2; done; %s seed --customers %d --agents %d && exec %s serve --allow-misbehave", bin, bin, sp.Customers, sp.Agents, bin)
	files := []node.File{
		{Path: "postgres.password", Content: s.GreenLang + "\n"},
		{Path: "redis.password", Content: s.Redis + "\n"},
	}
	if l.NetNS { // it leaves loopback
		env = append(env, "GREENLANG_TOKEN_FILE={home}/token")
		files = append(files, node.File{Path: "token", Content: s.App + "\n"})
	}
	if l.Listen != "" {
		env = append(env, "GREENLANG_AUDIT_URL="+urls(l.ServerAddresses(region)), "GREENLANG_AUDIT_TOKEN_FILE={home}/audit.token", "GREENLANG_AUDIT_SPOOL={home}/audit")
		files = append(files, node.File{Path: "audit.token", Content: s.Applications[GreenLang] + "\n"})
	}
	return node.Unit{
		Name: GreenLang, Env: env, Stop: "TERM", Grace: 12,
		Argv:  []string{"/bin/sh", "-c", script},
		Files: files,
		Ready: node.Ready{HTTP: "http://" + l.Address(region, zone, GreenLang) + readyPath},
	}
}
