package app

import (
	"slices"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/edge"
	"github.com/greenlang/fournines/internal/fact"
)

// EdgeFact is an edge's report with the time it arrived.
type EdgeFact struct {
	edge.Report
	Directive string    `json:"directive"` // version of the directive it has carried out
	Seen      time.Time `json:"seen"`
}

// Facts is the newest of everything that was seen. It is memory only: what
// changes is recorded in the journal, and after a restart everybody reports anew.
type Facts struct {
	mu       sync.RWMutex             // guards what follows
	nodes    map[string]fact.Node     // by REGION/ZONE; At is the time of arrival
	probes   map[string]fact.Probe    // by observer
	postgres map[string]fact.Postgres // by region
	redis    map[string]fact.Redis
	kafka    map[string]fact.Kafka
	mirrors  map[string]fact.KafkaMirror  // by FROM>TO
	objects  map[string]fact.ObjectMirror // by FROM>TO
	stores   map[string]fact.ObjectStore
	edges    map[string]EdgeFact
	links    map[string]fact.Link // by FROM>TO
	changed  chan struct{}
}

// NewFacts returns an empty store.
func NewFacts() *Facts {
	return &Facts{
		nodes: map[string]fact.Node{}, probes: map[string]fact.Probe{}, postgres: map[string]fact.Postgres{},
		redis: map[string]fact.Redis{}, kafka: map[string]fact.Kafka{}, mirrors: map[string]fact.KafkaMirror{},
		objects: map[string]fact.ObjectMirror{}, stores: map[string]fact.ObjectStore{},
		edges: map[string]EdgeFact{}, links: map[string]fact.Link{}, changed: make(chan struct{}),
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

// PutNode takes a node's report.
func (f *Facts) PutNode(n fact.Node) {
	f.update(func() {
		f.nodes[n.Region+"/"+n.Zone] = n
		for _, p := range n.Probes {
			f.probes[p.Observer] = p
		}
	})
}

// PutProbe takes the newest round of an observer that is no node.
func (f *Facts) PutProbe(p fact.Probe) { f.update(func() { f.probes[p.Observer] = p }) }

// PutPostgres takes what a region's cluster tells.
func (f *Facts) PutPostgres(region string, change func(*fact.Postgres)) {
	f.update(func() {
		c := f.postgres[region]
		c.Cluster = Cluster(region, Postgres)
		change(&c)
		f.postgres[region] = c
	})
}

// PutRedis takes what a region's Redis and Sentinels tell. What was handed out before
// is not changed: change gets copies of the lists.
func (f *Facts) PutRedis(region string, change func(*fact.Redis)) {
	f.update(func() {
		r := f.redis[region]
		r.Nodes, r.Sentinels = slices.Clone(r.Nodes), slices.Clone(r.Sentinels)
		change(&r)
		f.redis[region] = r
	})
}

// PutKafka takes what a region's brokers tell.
func (f *Facts) PutKafka(region string, k fact.Kafka) { f.update(func() { f.kafka[region] = k }) }

// PutMirror takes what is known of one direction between two regions. change gets what was
// known before, and replaces its lists instead of changing them.
func (f *Facts) PutMirror(from, to string, change func(*fact.KafkaMirror)) {
	f.update(func() {
		m := f.mirrors[from+">"+to]
		m.From, m.To = from, to
		change(&m)
		f.mirrors[from+">"+to] = m
	})
}

// PutObjects takes what is known of one direction between two regions' buckets.
func (f *Facts) PutObjects(from, to string, change func(*fact.ObjectMirror)) {
	f.update(func() {
		m := f.objects[from+">"+to]
		m.From, m.To = from, to
		change(&m)
		f.objects[from+">"+to] = m
	})
}

// PutStore takes whether a region's object store answers.
func (f *Facts) PutStore(region string, change func(*fact.ObjectStore)) {
	f.update(func() {
		s := f.stores[region]
		s.Region = region
		change(&s)
		f.stores[region] = s
	})
}

// PutEdge takes an edge's report.
func (f *Facts) PutEdge(region string, e EdgeFact) { f.update(func() { f.edges[region] = e }) }

// PutLinks takes what is measured between regions.
func (f *Facts) PutLinks(links []fact.Link) {
	f.update(func() {
		for _, l := range links {
			f.links[l.From+">"+l.To] = l
		}
	})
}

// Link returns one way between two regions.
func (f *Facts) Link(from, to string) fact.Link {
	f.mu.RLock()
	defer f.mu.RUnlock()
	l := f.links[from+">"+to]
	l.From, l.To = from, to
	return l
}

// Node returns a zone's newest report.
func (f *Facts) Node(region, zone string) fact.Node {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.nodes[region+"/"+zone]
}

// Postgres returns a region's cluster.
func (f *Facts) Postgres(region string) fact.Postgres {
	f.mu.RLock()
	defer f.mu.RUnlock()
	c := f.postgres[region]
	c.Members = slices.Clone(c.Members)
	return c
}

// Redis returns a region's Redis.
func (f *Facts) Redis(region string) fact.Redis {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.redis[region]
}

// Kafka returns a region's brokers. Its lists are shared: they are not to be changed.
func (f *Facts) Kafka(region string) fact.Kafka {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.kafka[region]
}

// Mirror returns one direction between two regions.
func (f *Facts) Mirror(from, to string) fact.KafkaMirror {
	f.mu.RLock()
	defer f.mu.RUnlock()
	m := f.mirrors[from+">"+to]
	m.From, m.To = from, to
	return m
}

// Objects returns one direction between two regions' buckets.
func (f *Facts) Objects(from, to string) fact.ObjectMirror {
	f.mu.RLock()
	defer f.mu.RUnlock()
	m := f.objects[from+">"+to]
	m.From, m.To = from, to
	return m
}

// Store returns a region's object store.
func (f *Facts) Store(region string) fact.ObjectStore {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.stores[region]
}

// Edge returns a region's edge.
func (f *Facts) Edge(region string) EdgeFact {
	f.mu.RLock()
	defer f.mu.RUnlock()
	return f.edges[region]
}

// Probes returns the newest probe of every observer.
func (f *Facts) Probes() []fact.Probe {
	f.mu.RLock()
	defer f.mu.RUnlock()
	out := make([]fact.Probe, 0, len(f.probes))
	for _, p := range f.probes {
		out = append(out, p)
	}
	return out
}
