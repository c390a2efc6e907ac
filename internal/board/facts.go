package board

import (
	"slices"
	"sync"

	"github.com/greenlang/fournines/internal/fact"
)

// Facts is the newest of everything that was seen. It is memory only: what
// changes is recorded in the journal, and after a restart everybody reports anew.
type Facts struct {
	mu       sync.RWMutex             // guards what follows
	nodes    map[string]fact.Node     // by REGION/ZONE; At is the time of arrival
	probes   map[string]fact.Probe    // by observer and the region of its target
	postgres map[string]fact.Postgres // by region
	redis    map[string]fact.Redis
	etcd     map[string]fact.Etcd
	kafka    map[string]fact.Kafka
	mirrors  map[fact.Way]fact.KafkaMirror
	objects  map[fact.Way]fact.ObjectMirror
	stores   map[string]fact.ObjectStore
	edges    map[string]EdgeFact
	links    map[fact.Way]fact.Link
	servers  map[string]fact.Server // by name
	changed  chan struct{}
}

// NewFacts returns an empty store.
func NewFacts() *Facts {
	return &Facts{
		nodes: map[string]fact.Node{}, probes: map[string]fact.Probe{}, postgres: map[string]fact.Postgres{},
		redis: map[string]fact.Redis{}, etcd: map[string]fact.Etcd{}, kafka: map[string]fact.Kafka{}, mirrors: map[fact.Way]fact.KafkaMirror{},
		objects: map[fact.Way]fact.ObjectMirror{}, stores: map[string]fact.ObjectStore{},
		edges: map[string]EdgeFact{}, links: map[fact.Way]fact.Link{}, servers: map[string]fact.Server{}, changed: make(chan struct{}),
	}
}

func (f *Facts) update(change func()) {
	f.mu.Lock()
	defer f.mu.Unlock()
	change()
	close(f.changed)
	f.changed = make(chan struct{})
}

// Changed returns a channel that is closed at the next change.
func (f *Facts) Changed() <-chan struct{} {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.changed
}

// read returns what one of the maps has at a key.
func read[K comparable, T any](f *Facts, of map[K]T, key K) T {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return of[key]
}

// revise changes what one of the maps has at a key. What was handed out before stays as it
// was: change gets a copy, and replaces lists instead of changing them.
func revise[K comparable, T any](f *Facts, of map[K]T, key K, change func(*T)) {
	f.update(func() {
		v := of[key]
		change(&v)
		of[key] = v
	})
}

// PutNode takes a node's report.
func (f *Facts) PutNode(n fact.Node) {
	f.update(func() {
		f.nodes[n.Region+"/"+n.Zone] = n
		for _, p := range n.Probes {
			f.probes[probeKey(p)] = p
		}
	})
}

// PutProbe takes the newest round of an observer that is no node.
func (f *Facts) PutProbe(p fact.Probe) { f.update(func() { f.probes[probeKey(p)] = p }) }

// probeKey tells apart what the server sees of each region: it observes all of them.
func probeKey(p fact.Probe) string { return p.Observer + " " + fact.RegionOf(p.Target) }

// PutPostgres takes what a region's cluster tells.
func (f *Facts) PutPostgres(region string, change func(*fact.Postgres)) {
	revise(f, f.postgres, region, func(c *fact.Postgres) {
		c.Cluster = region + "/postgres"
		change(c)
	})
}

// PutRedis takes what a region's Redis and Sentinels tell; change may change the lists.
func (f *Facts) PutRedis(region string, change func(*fact.Redis)) {
	revise(f, f.redis, region, func(r *fact.Redis) {
		r.Nodes, r.Sentinels = slices.Clone(r.Nodes), slices.Clone(r.Sentinels)
		change(r)
	})
}

// PutEtcd takes what a region's etcd tells.
func (f *Facts) PutEtcd(region string, change func(*fact.Etcd)) { revise(f, f.etcd, region, change) }

// PutKafka takes what a region's brokers tell.
func (f *Facts) PutKafka(region string, k fact.Kafka) { f.update(func() { f.kafka[region] = k }) }

// PutMirror takes what is known of one direction between two regions' brokers.
func (f *Facts) PutMirror(from, to string, change func(*fact.KafkaMirror)) {
	revise(f, f.mirrors, fact.Way{From: from, To: to}, change)
}

// PutObjects takes what is known of one direction between two regions' buckets.
func (f *Facts) PutObjects(from, to string, change func(*fact.ObjectMirror)) {
	revise(f, f.objects, fact.Way{From: from, To: to}, change)
}

// PutStore takes whether a region's object store answers.
func (f *Facts) PutStore(region string, change func(*fact.ObjectStore)) {
	revise(f, f.stores, region, func(s *fact.ObjectStore) {
		s.Region = region
		change(s)
	})
}

// PutEdge takes an edge's report.
func (f *Facts) PutEdge(region string, e EdgeFact) { f.update(func() { f.edges[region] = e }) }

// PutLinks takes what is measured between regions.
func (f *Facts) PutLinks(links []fact.Link) {
	f.update(func() {
		for _, l := range links {
			f.links[fact.Way{From: l.From, To: l.To}] = l
		}
	})
}

// Link returns one way between two regions.
func (f *Facts) Link(from, to string) fact.Link {
	l := read(f, f.links, fact.Way{From: from, To: to})
	l.From, l.To = from, to
	return l
}

// Node returns a zone's newest report.
func (f *Facts) Node(region, zone string) fact.Node { return read(f, f.nodes, region+"/"+zone) }

// Postgres returns a region's cluster.
func (f *Facts) Postgres(region string) fact.Postgres {
	c := read(f, f.postgres, region)
	c.Members = slices.Clone(c.Members)
	return c
}

// Redis returns a region's Redis.
func (f *Facts) Redis(region string) fact.Redis { return read(f, f.redis, region) }

// Etcd returns a region's etcd.
func (f *Facts) Etcd(region string) fact.Etcd { return read(f, f.etcd, region) }

// Kafka returns a region's brokers. Its lists are shared: they are not to be changed.
func (f *Facts) Kafka(region string) fact.Kafka { return read(f, f.kafka, region) }

// Mirror returns one direction between two regions' brokers.
func (f *Facts) Mirror(from, to string) fact.KafkaMirror {
	m := read(f, f.mirrors, fact.Way{From: from, To: to})
	m.From, m.To = from, to
	return m
}

// Objects returns one direction between two regions' buckets.
func (f *Facts) Objects(from, to string) fact.ObjectMirror {
	m := read(f, f.objects, fact.Way{From: from, To: to})
	m.From, m.To = from, to
	return m
}

// Store returns a region's object store.
func (f *Facts) Store(region string) fact.ObjectStore { return read(f, f.stores, region) }

// Edge returns a region's edge.
func (f *Facts) Edge(region string) EdgeFact { return read(f, f.edges, region) }

// PutServer takes what another server answered.
func (f *Facts) PutServer(name string, s fact.Server) { f.update(func() { f.servers[name] = s }) }

// Server returns another server of the control plane; zero where it never answered.
func (f *Facts) Server(name string) fact.Server { return read(f, f.servers, name) }

// Probes returns the newest probe of every observer, one for each region that it observes.
func (f *Facts) Probes() []fact.Probe {
	f.mu.RLock()
	defer f.mu.RUnlock()
	out := make([]fact.Probe, 0, len(f.probes))
	for _, p := range f.probes {
		out = append(out, p)
	}
	return out
}
