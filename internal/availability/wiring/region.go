package wiring

import (
	"context"
	"fmt"
	"net/http"
	"sync"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/board"
	"github.com/greenlang/fournines/internal/driver/etcd"
	"github.com/greenlang/fournines/internal/driver/kafka"
	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/driver/postgres"
	"github.com/greenlang/fournines/internal/driver/redis"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/probe"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/wait"
)

// region holds the drivers of one region that runs here, and observes through them.
type region struct {
	spec    spec.Region
	layout  place.Layout
	secrets place.Secrets
	facts   *board.Facts
	now     func() time.Time

	etcd   *clientv3.Client
	lock   patroni.Lock
	http   *http.Client
	redis  *redis.Looker
	kafka  *kafka.Looker
	prober postgres.Prober
	admin  postgres.Admin
}

// The rhythm of the server's own looks.
const (
	lockEvery    = 500 * time.Millisecond
	membersEvery = time.Second
	redisEvery   = time.Second
	etcdEvery    = 2 * time.Second
	newestEvery  = time.Second
	lookTimeout  = 900 * time.Millisecond
	lockTimeout  = 2 * time.Second // a read that the quorum confirms, over a slow path
)

func newRegion(l place.Layout, s place.Secrets, f *board.Facts, name string, now func() time.Time) (*region, error) {
	r, ok := l.Platform.Region(name)
	if !ok {
		return nil, fmt.Errorf("the platform has no region %q", name)
	}
	var endpoints []string
	for _, z := range r.Zones {
		endpoints = append(endpoints, "http://"+l.Address(name, z, place.Etcd))
	}
	declared, err := assign.PostgresDeclared(l, name)
	if err != nil {
		return nil, err
	}
	client, err := etcd.Dial(endpoints)
	if err != nil {
		return nil, fmt.Errorf("connect to etcd of %s: %w", name, err)
	}
	return &region{
		spec: r, layout: l, secrets: s, facts: f, now: now, etcd: client,
		lock: patroni.Lock{Client: client, Scope: name, Declared: declared}, redis: &redis.Looker{Password: s.Redis, Policy: l.Redis(name)}, kafka: assign.KafkaLooker(l, name),
		http:   &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 2, IdleConnTimeout: 10 * time.Second}},
		prober: postgres.Prober{Observer: place.Server, User: patroni.ProbeUser, Password: s.Probe, Database: "postgres"},
		admin:  postgres.Admin{User: patroni.SuperUser, Password: s.Superuser, Database: "postgres", Limits: assign.PostgresLimits()},
	}, nil
}

// observe looks until ctx ends.
func (r *region) observe(ctx context.Context) {
	var wg sync.WaitGroup
	wg.Go(func() { wait.Every(ctx, lockEvery, r.lookLock) })
	wg.Go(func() { r.observeMembers(ctx) })
	wg.Go(func() { wait.Every(ctx, etcdEvery, r.lookEtcd) })
	wg.Go(func() { r.observeRedis(ctx) })
	wg.Go(func() { r.observeKafka(ctx) })
	wg.Go(func() { wait.Every(ctx, newestEvery, r.lookNewest) })
	wg.Go(func() { r.watchPrimary(ctx) })
	wg.Wait()
}

// close ends the drivers' connections.
func (r *region) close() error {
	r.redis.Close()
	r.kafka.Close()
	return r.etcd.Close()
}

func (r *region) lookLock(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lockTimeout)
	defer cancel()
	lock, err := r.lock.Read(ctx)
	r.facts.PutPostgres(r.spec.Name, func(p *fact.Postgres) {
		if err != nil {
			p.Error = err.Error()
			return
		}
		p.Lock, p.At, p.Error = lock, r.now(), ""
		p.Drifted(p.At)
	})
}

// lookEtcd compares the members of the region's etcd with those that are declared.
func (r *region) lookEtcd(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	differs, joining, err := etcd.Altered(ctx, r.etcd, assign.EtcdPeers(r.layout, r.spec.Name))
	r.facts.PutEtcd(r.spec.Name, func(f *fact.Etcd) {
		if err != nil {
			f.Error = err.Error()
			return
		}
		f.Differed(differs, joining, r.now())
	})
}

func (r *region) rest(zone string) patroni.REST {
	return patroni.REST{Base: "http://" + r.layout.Addr(r.spec.Name, zone, patroni.RESTPort), Password: r.secrets.Patroni, Client: r.http}
}

// look asks every member at once; one that does not answer delays nobody.
func (r *region) look(ctx context.Context) []fact.PostgresMember {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	out := make([]fact.PostgresMember, len(r.spec.Zones))
	var wg sync.WaitGroup
	for i, z := range r.spec.Zones {
		wg.Go(func() {
			out[i] = r.rest(z).Member(ctx, place.Member(r.spec.Name, z), place.ID(r.spec.Name, z, place.Postgres), r.now)
		})
	}
	wg.Wait()
	return out
}

func (r *region) lookMembers(ctx context.Context) {
	seen := r.look(ctx)
	r.facts.PutPostgres(r.spec.Name, func(p *fact.Postgres) {
		oldest := int64(0)
		if now := r.now(); now.Sub(p.WAL.At) <= 3*connectionsEvery && p.WAL.Member == leaderOf(*p) {
			oldest = p.WAL.Oldest
		}
		old := map[string]fact.PostgresMember{}
		for _, m := range p.Members {
			old[m.Name] = m
		}
		for i, m := range seen {
			if before, known := old[m.Name]; m.Error != "" && known { // it keeps what was last known, and when
				before.Error, before.Looked = m.Error, m.Looked
				seen[i] = before
			} else {
				if m.Moved = before.Moved; m.Received != before.Received || m.Replayed != before.Replayed {
					m.Moved = r.now()
				}
				m.Restarting = availability.RestartingSince(before.Restarting, m)
				m.Broken = availability.BrokenSince(before.Broken, m, oldest, r.now())
				seen[i] = m
			}
		}
		p.Members = seen
	})
}

// lookNewest asks the leader of a standby cluster how old the newest write is that it has.
func (r *region) lookNewest(ctx context.Context) {
	p := r.facts.Postgres(r.spec.Name)
	id := r.primary()
	if !p.Lock.Standby || id == "" {
		return
	}
	newest, err := r.newest(ctx, id)
	if err != nil {
		return // the fact's own age says that nobody knows
	}
	r.facts.PutPostgres(r.spec.Name, func(p *fact.Postgres) { p.Newest, p.NewestAt = newest, r.now() })
}

// newest asks a member, by its component id, for the newest heartbeat that it has.
func (r *region) newest(ctx context.Context, id string) (time.Time, error) {
	at, err := fact.Component(id)
	if err != nil {
		return time.Time{}, err
	}
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	return r.prober.Newest(ctx, r.layout.Address(r.spec.Name, at.Zone, place.Postgres), lookTimeout)
}

// lookRedis asks every server and every Sentinel at once.
func (r *region) lookRedis(ctx context.Context) fact.Redis {
	ctx, cancel := context.WithTimeout(ctx, lookTimeout)
	defer cancel()
	f := fact.Redis{
		Cluster: place.Cluster(r.spec.Name, place.Redis), At: r.now(),
		Nodes: make([]fact.RedisNode, len(r.spec.Zones)), Sentinels: make([]fact.RedisSentinel, len(r.spec.Zones)),
	}
	var wg sync.WaitGroup
	for i, z := range r.spec.Zones {
		wg.Go(func() {
			f.Nodes[i] = r.redis.Server(ctx, place.ID(r.spec.Name, z, place.Redis), r.layout.Address(r.spec.Name, z, place.Redis), r.now)
		})
		wg.Go(func() {
			f.Sentinels[i] = r.redis.Sentinel(ctx, place.ID(r.spec.Name, z, place.Sentinel), r.layout.Address(r.spec.Name, z, place.Sentinel), r.now)
		})
	}
	wg.Wait()
	return f
}

// observeRedis looks at each server and each Sentinel in a loop of its own, so that
// one that hangs delays no other.
func (r *region) observeRedis(ctx context.Context) {
	zones := r.spec.Zones
	nodes, sentinels := make([]fact.RedisNode, len(zones)), make([]fact.RedisSentinel, len(zones))
	for i, z := range zones {
		nodes[i].ID, nodes[i].Address = place.ID(r.spec.Name, z, place.Redis), r.layout.Address(r.spec.Name, z, place.Redis)
		sentinels[i].ID = place.ID(r.spec.Name, z, place.Sentinel)
	}
	r.facts.PutRedis(r.spec.Name, func(f *fact.Redis) {
		f.Cluster, f.Nodes, f.Sentinels = place.Cluster(r.spec.Name, place.Redis), nodes, sentinels
	})
	var wg sync.WaitGroup
	for i, z := range zones {
		wg.Go(func() {
			wait.Every(ctx, redisEvery, func(ctx context.Context) {
				ctx, cancel := context.WithTimeout(ctx, lookTimeout)
				defer cancel()
				n := r.redis.Server(ctx, nodes[i].ID, nodes[i].Address, r.now)
				r.facts.PutRedis(r.spec.Name, func(f *fact.Redis) {
					if n.Error != "" { // it keeps what was last known, and when
						f.Nodes[i].Error = n.Error
						return
					}
					f.Nodes[i], f.At = n, r.now()
					f.Drifted(f.At)
				})
			})
		})
		wg.Go(func() {
			wait.Every(ctx, redisEvery, func(ctx context.Context) {
				ctx, cancel := context.WithTimeout(ctx, lookTimeout)
				defer cancel()
				s := r.redis.Sentinel(ctx, sentinels[i].ID, r.layout.Address(r.spec.Name, z, place.Sentinel), r.now)
				r.facts.PutRedis(r.spec.Name, func(f *fact.Redis) {
					if s.Error != "" {
						f.Sentinels[i].Error = s.Error
						return
					}
					f.Sentinels[i], f.At = s, r.now()
					f.Drifted(f.At)
				})
			})
		})
	}
	wg.Wait()
}

// primary returns the component id of the lock's holder.
func (r *region) primary() string { return leaderOf(r.facts.Postgres(r.spec.Name)) }

func leaderOf(p fact.Postgres) string {
	for _, m := range p.Members {
		if m.Name == p.Lock.Leader {
			return m.ID
		}
	}
	return ""
}

// watchPrimary is the server as an observer of the primary, like each node.
func (r *region) watchPrimary(ctx context.Context) {
	for ctx.Err() == nil {
		id := r.primary()
		watched, cancel := context.WithCancel(ctx)
		if id != "" {
			work := assign.Watch(r.layout, r.spec.Name, id)
			watcher := probe.Watcher{
				Observer: place.Server, Primary: probe.Target(work.Primary), Interval: work.Interval.D(), Timeout: work.Timeout.D(),
				Prober: r.prober, Report: r.facts.PutProbe,
			}
			for _, c := range work.Control {
				watcher.Control = append(watcher.Control, probe.Target(c))
			}
			go watcher.Run(watched)
		}
		for ctx.Err() == nil && r.primary() == id {
			select {
			case <-ctx.Done():
			case <-r.facts.Changed():
			}
		}
		cancel()
	}
}
