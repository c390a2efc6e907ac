package fault

import (
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/whole"
)

// The kinds of faults.
const (
	ProcessKill    = "process-kill"
	ProcessFreeze  = "process-freeze"
	EtcdEmpty      = "etcd-empty"
	RedisEmpty     = "redis-empty"
	KafkaEmpty     = "kafka-empty"
	PostgresBroken = "postgres-broken"
	SmallDisk      = "postgres-small-disk"
	DiskFull       = "disk-full"
	ZoneKill       = "zone-kill"
	ZoneFreeze     = "zone-freeze"
	PostmasterHang = "postmaster-hang"
	ZonePartition  = "zone-partition"
	ZoneLatency    = "zone-latency"
	RegionKill     = "region-kill"

	RegionPartition    = "region-partition"     // ways between regions, in both directions
	RegionPartitionOut = "region-partition-out" // what the region says is lost, what it is told arrives
)

// Longest is the longest that a fault may last.
const Longest = 10 * time.Minute

// Lease is one fault, as the guard's file holds it.
type Lease struct {
	ID    string    `json:"id"`
	Kind  string    `json:"kind"`
	Zone  string    `json:"zone"`           // the zone's directory, or the whole region's
	Unit  string    `json:"unit,omitempty"` // name below it; empty: the whole zone
	Until time.Time `json:"until"`
	Peers []string  `json:"peers,omitempty"` // addresses to cut off or delay
	Links []string  `json:"links,omitempty"` // ways between regions to cut, each FROM>TO
	NetNS string    `json:"netns,omitempty"` // path of the zone's network namespace, for the network's faults
	State string    `json:"state"`           // "", begun, active, ended
	Error string    `json:"error,omitempty"`
}

// The states of a lease.
const (
	begun  = "begun"
	active = "active" // the effect is there
	ended  = "ended"
)

func (l Lease) home() string {
	if l.Unit == "" {
		return l.Zone
	}
	return filepath.Join(l.Zone, l.Unit)
}

func leasePath(dir, id string) string { return filepath.Join(dir, id+".json") }
func endPath(dir, id string) string   { return filepath.Join(dir, id+".end") }

func readLease(path string) (Lease, error) {
	var l Lease
	b, err := os.ReadFile(path)
	if err != nil {
		return l, err
	}
	if err := json.Unmarshal(b, &l); err != nil {
		return l, fmt.Errorf("read lease %s: %w", path, err)
	}
	return l, nil
}

func writeLease(dir string, l Lease) error {
	b, err := json.MarshalIndent(l, "", " ")
	if err != nil {
		return err
	}
	return whole.Write(leasePath(dir, l.ID), b, 0o600)
}

// Down is a zone that is kept dead; the host does not start it before Until.
type Down struct {
	Lease string    `json:"lease"`
	Until time.Time `json:"until"`
}

const downFile = "down.json"

// ZoneDown tells whether the zone in dir, or its region, is kept dead now.
func ZoneDown(dir string, now time.Time) bool {
	return keptDead(dir, now) || keptDead(filepath.Dir(dir), now)
}

func keptDead(dir string, now time.Time) bool {
	b, err := os.ReadFile(filepath.Join(dir, downFile))
	if err != nil {
		return false
	}
	var d Down
	return json.Unmarshal(b, &d) == nil && now.Before(d.Until)
}

func setDown(l Lease) error {
	b, err := json.Marshal(Down{l.ID, l.Until})
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(l.Zone, downFile), b, 0o600)
}

func clearDown(l Lease) error {
	err := os.Remove(filepath.Join(l.Zone, downFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// Holds tells whether the fault is injected and not over at now. It is what the network
// between regions asks, so a cut ends at its time whatever became of the guard.
func (l Lease) Holds(now time.Time) bool { return l.State == active && now.Before(l.Until) }

// Validate says what is wrong with a lease before anything is touched.
func (l Lease) Validate(now time.Time) error {
	k, ok := fact.FaultKindNamed(l.Kind)
	if !ok {
		return fmt.Errorf("unknown fault %q; there are %s", l.Kind, strings.Join(names(), ", "))
	}
	switch {
	case k.Engine != "" && l.Unit != k.Engine:
		return fmt.Errorf("fault %s needs a %s component such as us-east-1/a/%s as its target", l.Kind, k.Engine, k.Engine)
	case k.Reach == fact.ReachComponent && l.Unit == "":
		return fmt.Errorf("fault %s needs a component such as us-east-1/a/postgres as its target", l.Kind)
	case k.Reach == fact.ReachZone && l.Unit != "":
		return fmt.Errorf("fault %s needs a zone such as us-east-1/a as its target", l.Kind)
	case k.Reach == fact.ReachRegion && l.Unit != "":
		return fmt.Errorf("fault %s needs a region such as us-east-1 as its target", l.Kind)
	case k.Reach == fact.ReachLinks && (l.Unit != "" || len(l.Links) == 0):
		return fmt.Errorf("fault %s needs a region that others can be cut off from, such as us-east-1, or two such as us-east-1:us-west-2, as its target", l.Kind)
	}
	for _, w := range l.Links {
		if _, err := fact.ParseWay(w); err != nil {
			return fmt.Errorf("fault %s: %w", l.Kind, err)
		}
	}
	if d := l.Until.Sub(now); d > Longest+time.Second {
		return fmt.Errorf("fault %s would last %v, the longest is %v", l.Kind, d.Round(time.Second), Longest)
	}
	return nil
}

// names lists the kinds of faults.
func names() []string {
	var out []string
	for _, k := range fact.FaultKinds() {
		out = append(out, k.Name)
	}
	return out
}
