package fact

import (
	"strings"
)

// Reach is what a kind of fault may have as its target.
type Reach string

// The reaches, from small to large.
const (
	ReachComponent Reach = "component" // REGION/ZONE/KIND
	ReachZone      Reach = "zone"      // REGION/ZONE
	ReachRegion    Reach = "region"    // REGION
	ReachLinks     Reach = "links"     // REGION: to all others, or REGION:OTHER
)

// Sight is how a fault shows from outside.
type Sight string

// The sights.
const (
	SightGuard   Sight = "guard"   // its node says that the guard holds it
	SightRestart Sight = "restart" // the process has another start
	SightSilence Sight = "silence" // the nodes that it takes do not report
	SightLinks   Sight = "links"   // nothing comes along the ways that it cuts
)

// FaultKind describes one kind of fault (row 7.5.1). The API, the command line, the console
// and the driver read the same description.
type FaultKind struct {
	Name    string `json:"name"`
	Does    string `json:"does" doc:"one sentence, without the target"`
	Reach   Reach  `json:"reach" doc:"what it may target: component, zone, region or links"`
	Engine  string `json:"engine,omitempty" doc:"the only kind of component that it may target; absent: any"`
	Servers bool   `json:"servers,omitempty" doc:"it may target a server of the control plane, too"`
	NetNS   bool   `json:"netns,omitempty" doc:"it needs a platform started with --netns"`
	Root    bool   `json:"root,omitempty" doc:"it mounts a disk: it needs a platform that root has started"`
	Kills   bool   `json:"kills,omitempty" doc:"processes are gone, where other kinds only hold them up"`
	Loses   bool   `json:"loses,omitempty" doc:"its target's data is gone, and comes back from other members alone"`
	Sight   Sight  `json:"sight" doc:"how it shows from outside: guard, restart, silence or links"`
	Drill   string `json:"drill,omitempty" doc:"the drill that measures what it does"`
}

// FaultKinds returns every kind of fault, in the order of their reach.
func FaultKinds() []FaultKind {
	return []FaultKind{
		{Name: "process-kill", Does: "Kills one process with SIGKILL. Whatever supervises it may start it again at once.", Reach: ReachComponent, Servers: true, Kills: true, Sight: SightRestart, Drill: "primary-loss"},
		{Name: "process-freeze", Does: "Stops one process with SIGSTOP: it keeps its sockets and answers nothing.", Reach: ReachComponent, Servers: true, Sight: SightGuard},
		{Name: "postmaster-hang", Does: "Stops only PostgreSQL's postmaster: open sessions go on, new connections hang.", Reach: ReachComponent, Engine: "postgres", Sight: SightGuard, Drill: "primary-hang"},
		{Name: "etcd-empty", Does: "Takes an etcd member's data away and kills it: it comes back empty.", Reach: ReachComponent, Engine: "etcd", Kills: true, Loses: true, Sight: SightRestart, Drill: "etcd-empty"},
		{Name: "redis-empty", Does: "Takes a Redis server's data away and kills it: it comes back empty.", Reach: ReachComponent, Engine: "redis", Kills: true, Loses: true, Sight: SightRestart, Drill: "redis-empty"},
		{Name: "kafka-empty", Does: "Takes a Kafka broker's data away and kills it: it comes back empty.", Reach: ReachComponent, Engine: "kafka", Kills: true, Loses: true, Sight: SightRestart, Drill: "kafka-empty"},
		{Name: "postgres-broken", Does: "Takes a PostgreSQL server's write-ahead log away and kills it: it cannot start from what it has.", Reach: ReachComponent, Engine: "postgres", Kills: true, Loses: true, Sight: SightRestart, Drill: "member-broken"},
		{Name: "postgres-small-disk", Does: "Gives a PostgreSQL server a disk of its own of 512 MB and lets it copy its data there anew.", Reach: ReachComponent, Engine: "postgres", Root: true, Kills: true, Loses: true, Sight: SightGuard, Drill: "disk-full"},
		{Name: "disk-full", Does: "Fills the disk of a component that has one of its own.", Reach: ReachComponent, Sight: SightGuard, Drill: "disk-full"},
		{Name: "zone-kill", Does: "Kills every process of a zone and keeps it down.", Reach: ReachZone, Kills: true, Sight: SightSilence, Drill: "zone-loss"},
		{Name: "zone-freeze", Does: "Stops every process of a zone with SIGSTOP.", Reach: ReachZone, Sight: SightSilence},
		{Name: "zone-partition", Does: "Cuts a zone's network from all others.", Reach: ReachZone, NetNS: true, Sight: SightSilence},
		{Name: "zone-partition-out", Does: "Drops what a zone sends and lets through what it is sent.", Reach: ReachZone, NetNS: true, Sight: SightSilence},
		{Name: "zone-latency", Does: "Adds 500 ms to every round trip between a zone and the others.", Reach: ReachZone, NetNS: true, Sight: SightGuard},
		{Name: "zone-loss5", Does: "Loses 5 % of a zone's packets, each way.", Reach: ReachZone, NetNS: true, Sight: SightGuard},
		{Name: "region-kill", Does: "Kills every process of a region and keeps it down.", Reach: ReachRegion, Kills: true, Sight: SightSilence, Drill: "region-loss"},
		{Name: "region-partition", Does: "Cuts the links between a region and all others, or one other, in both directions.", Reach: ReachLinks, Sight: SightLinks},
		{Name: "region-partition-out", Does: "Drops what a region sends to all others, or to one other, and lets through what it is sent.", Reach: ReachLinks, Sight: SightLinks},
	}
}

// FaultKindNamed returns the kind of that name, and whether there is one.
func FaultKindNamed(name string) (FaultKind, bool) {
	for _, k := range FaultKinds() {
		if k.Name == name {
			return k, true
		}
	}
	return FaultKind{}, false
}

// OfRegion tells whether faults of the kind target a region or its links.
func (k FaultKind) OfRegion() bool { return k.Reach == ReachRegion || k.Reach == ReachLinks }

// FaultRegions returns the regions that a fault's target is about: one, or two for A:B.
func FaultRegions(target string) []string {
	if !strings.Contains(target, "/") {
		return strings.SplitN(target, ":", 2)
	}
	return []string{RegionOf(target)}
}
