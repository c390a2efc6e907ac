package assign

import (
	"fmt"
	"net"
	"strconv"
	"strings"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/driver/postgres"
	"github.com/greenlang/fournines/internal/driver/redis"
	"github.com/greenlang/fournines/internal/node"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/spec"
)

// Desired is what is wanted of a zone beyond the spec: it changes while we operate.
type Desired struct {
	Fences  []availability.Fence
	Primary string       // component id of the region's PostgreSQL leader, to be watched
	Faults  []node.Lease // of this zone
	Serves  bool         // the region's application runs
	Restart []availability.RestartWish
	Jobs    []node.Job          // of this zone
	Aside   map[string][]string // topics that the zone's mirror does not copy, by their region
}

// Assign renders what a zone's node shall run. It is pure: the same spec, layout and
// wishes give the same assignment and version.
func Assign(l place.Layout, p place.Programs, s place.Secrets, region, zone string, d Desired) (node.Assignment, error) {
	a := node.Assignment{Region: region, Zone: zone, Fenced: map[string]node.Fence{}, Faults: d.Faults, Jobs: d.Jobs}
	etcd := etcdUnit(l, p, region, zone)
	db, err := postgresUnit(l, p, s, region, zone)
	if err != nil {
		return a, err
	}
	a.Units = append([]node.Unit{etcd, db}, redisUnits(l, p, s, region, zone)...)
	a.Units = append(a.Units, kafkaUnits(l, p, region, zone, d.Aside)...)
	if d.Serves {
		a.Units = append(a.Units, greenlangUnit(l, p, s, region, zone))
	}
	for _, f := range d.Fences {
		if unit, ok := strings.CutPrefix(f.Component, region+"/"+zone+"/"); ok {
			a.Fenced[unit] = node.Fence{Epoch: f.Epoch, Reason: f.Reason}
		}
	}
	for _, w := range d.Restart {
		for i := range a.Units {
			if place.ID(region, zone, a.Units[i].Name) == w.Component {
				a.Units[i].Restart = w.Name
			}
		}
	}
	a.Watch = Watch(l, region, d.Primary)
	return a, a.Seal()
}

func Watch(l place.Layout, region, primary string) node.Watch {
	r, _ := l.Platform.Region(region)
	det := l.Platform.Spec.Failover.Detection
	w := node.Watch{Interval: node.Seconds(det.Interval.D().Seconds()), Timeout: node.Seconds(det.Timeout.D().Seconds())}
	for _, z := range r.Zones {
		t := node.Target{ID: place.ID(region, z, place.Postgres), Address: l.Address(region, z, place.Postgres)}
		if t.ID == primary {
			w.Primary = t
		} else {
			w.Control = append(w.Control, t)
		}
	}
	return w
}

// EtcdPeers returns the members of a region's etcd: where others reach each, and its name.
func EtcdPeers(l place.Layout, region string) map[string]string {
	r, _ := l.Platform.Region(region)
	out := map[string]string{}
	for _, z := range r.Zones {
		out["http://"+l.Addr(region, z, place.EtcdPeer)] = z
	}
	return out
}

func etcdUnit(l place.Layout, p place.Programs, region, zone string) node.Unit {
	r, _ := l.Platform.Region(region)
	var cluster, others []string
	for _, z := range r.Zones {
		cluster = append(cluster, z+"=http://"+l.Addr(region, z, place.EtcdPeer))
		if z != zone {
			others = append(others, "--others=http://"+l.Addr(region, z, place.EtcdPort))
		}
	}
	client := "http://" + l.Addr(region, zone, place.EtcdPort)
	return node.Unit{
		Name: place.Etcd, Env: p.Env(), Stop: "TERM", Grace: 5,
		Argv: append([]string{l.Bin("fournines"), "etcd", "--name", zone, "--dir", "{home}/data", "--client", client,
			"--peer", "http://" + l.Addr(region, zone, place.EtcdPeer), "--cluster", strings.Join(cluster, ","), "--token", region, "--mark", "{keep}/begun"}, others...),
		Ready: node.Ready{HTTP: client + "/health"},
	}
}

// applications are those that have a role and a database in each region's PostgreSQL.
func applications() []string { return []string{place.GreenLang} }

// PostgresLimits are what bounds the sessions of each region's PostgreSQL.
func PostgresLimits() postgres.Limits {
	return postgres.Limits{Probe: patroni.ProbeUser, Applications: applications()}
}

// postgresMember returns a zone's member of the region's cluster.
func postgresMember(l place.Layout, p place.Programs, s place.Secrets, region, zone string) patroni.Member {
	r, _ := l.Platform.Region(region)
	m := patroni.Member{
		Scope: region, Name: place.Member(region, zone), Address: l.IP(region, zone), Network: l.Network(), BinDir: p.PostgresBin,
		Secrets: patroni.Secrets{Superuser: s.Superuser, Replication: s.Replicator, REST: s.Patroni, Probe: s.Probe},
	}
	for _, name := range applications() {
		m.Grants = append(m.Grants, patroni.Database{Name: name, Password: s.GreenLang})
	}
	m.Partner = l.Members(region, l.Partner(r))
	m.Standby = len(m.Partner) > 0 && r.Role == spec.Passive
	for i := range r.Zones {
		nearest := (l.ZoneNumber(r, zone) - 1 + i) % len(r.Zones)
		m.Etcd = append(m.Etcd, l.Addr(region, r.Zones[nearest], place.EtcdPort))
	}
	return m
}

// PostgresDeclared returns the configuration that a region's cluster shall have in its etcd.
func PostgresDeclared(l place.Layout, region string) (map[string]any, error) {
	r, ok := l.Platform.Region(region)
	if !ok || len(r.Zones) == 0 {
		return nil, fmt.Errorf("the platform has no region %q", region)
	}
	return postgresMember(l, place.Programs{}, place.Secrets{}, region, r.Zones[0]).Declared(l.Platform.Spec.Engines.Postgres)
}

func postgresUnit(l place.Layout, p place.Programs, s place.Secrets, region, zone string) (node.Unit, error) {
	m := postgresMember(l, p, s, region, zone)
	files, err := archive(&m, l, p, s, region)
	if err != nil {
		return node.Unit{}, err
	}
	config, err := m.Config(l.Platform.Spec.Engines.Postgres)
	if err != nil {
		return node.Unit{}, err
	}
	script, sql := m.Bootstrap()
	return node.Unit{
		Name: place.Postgres, Env: p.Env(), Stop: "TERM", Grace: 10,
		Argv: []string{p.Patroni, "{home}/patroni.yml"},
		Files: append(files,
			node.File{Path: "patroni.yml", Content: config},
			node.File{Path: "bootstrap.sh", Content: script},
			node.File{Path: "bootstrap.sql", Content: sql},
		),
		Ready: node.Ready{HTTP: "http://" + net.JoinHostPort(m.Address, strconv.Itoa(patroni.RESTPort)) + "/readiness"},
	}, nil
}

func redisUnits(l place.Layout, p place.Programs, s place.Secrets, region, zone string) []node.Unit {
	r, _ := l.Platform.Region(region)
	m := redis.Member{Address: l.IP(region, zone), Master: l.IP(region, r.Zones[0]), Password: s.Redis}
	policy := l.Redis(region)
	argv := []string{l.Bin("fournines"), "redis", "--home={home}", "--keep={keep}", "--password-file={home}/password", "--address=" + l.Address(region, zone, place.Redis)}
	for _, z := range r.Zones {
		if z != zone {
			argv = append(argv, "--peers="+l.Address(region, z, place.Redis))
		}
		argv = append(argv, "--sentinels="+l.Address(region, z, place.Sentinel))
	}
	return []node.Unit{
		{
			Name: place.Redis, Env: p.Env(), Stop: "TERM", Grace: 5,
			Argv:  append(append(argv, "--", p.Redis, "{home}/redis.conf"), redis.ServerOptions(policy)...),
			Files: []node.File{{Path: "redis.conf", Content: m.ServerConfig(), Once: true}, {Path: "password", Content: s.Redis + "\n"}},
			Ready: node.Ready{TCP: l.Address(region, zone, place.Redis)},
		},
		{
			Name: place.Sentinel, Env: p.Env(), Stop: "TERM", Grace: 5,
			Argv:  append([]string{p.Redis, "{home}/sentinel.conf"}, redis.SentinelOptions(policy)...),
			Files: []node.File{{Path: "sentinel.conf", Content: m.SentinelConfig(policy), Once: true, Needs: redis.Watches}},
			Ready: node.Ready{TCP: l.Address(region, zone, place.Sentinel)},
		},
	}
}

func greenlangUnit(l place.Layout, p place.Programs, s place.Secrets, region, zone string) node.Unit {
	bin := l.Bin(place.GreenLang)
	env := append(p.Env(),
		"GREENLANG_LISTEN="+l.Address(region, zone, place.GreenLang),
		"GREENLANG_POSTGRES="+l.EdgeAddress(region, place.Postgres),
		"GREENLANG_POSTGRES_PASSWORD_FILE={home}/postgres.password",
		"GREENLANG_REDIS="+l.EdgeAddress(region, place.Redis),
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
		files = append(files, node.File{Path: "audit.token", Content: s.Applications[place.GreenLang] + "\n"})
	}
	return node.Unit{
		Name: place.GreenLang, Env: env, Stop: "TERM", Grace: 12,
		Argv:  []string{"/bin/sh", "-c", script},
		Files: files,
		Ready: node.Ready{HTTP: "http://" + l.Address(region, zone, place.GreenLang) + place.ReadyPath},
	}
}

// urls writes addresses as the kit's clients take them.
func urls(addresses []string) string { return "http://" + strings.Join(addresses, ",http://") }
