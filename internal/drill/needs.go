package drill

import (
	"errors"
	"fmt"
	"strings"
)

// ErrRefused says that a report is not taken, because its drill may not run now. A recorder
// wraps it.
var ErrRefused = errors.New("the drill is refused")

// Needs is what a drill needs of an installation.
type Needs struct {
	Zones   int  // of the region
	Brokers int  // of the region's Kafka
	Servers int  // of the control plane
	Pair    bool // the region's partner runs here, too
	NetNS   bool // zones have networks of their own
	Root    bool // root has started it: it may mount disks
}

// Here is what an installation has, as a region's drills find it.
type Here struct {
	Region  string
	Zones   int
	Brokers int
	Servers int
	Pair    string // the partner that runs here; empty: none does
	NetNS   bool
	Root    bool
}

// Lacks says what a drill lacks here, and what to do; empty where it can run.
func (d Drill) Lacks(h Here) string {
	var why []string
	if h.Zones < d.Needs.Zones {
		why = append(why, fmt.Sprintf("%s runs in %d zone, and it needs %d: run `fournines down`, then `fournines up` without --lean", h.Region, h.Zones, d.Needs.Zones))
	}
	if h.Brokers < d.Needs.Brokers {
		why = append(why, fmt.Sprintf("%s runs %d Kafka brokers, and it needs %d: declare spec.engines.kafka.brokers", h.Region, h.Brokers, d.Needs.Brokers))
	}
	if h.Servers < d.Needs.Servers {
		why = append(why, fmt.Sprintf("one server alone is no control plane that outlives a loss: run `fournines down`, then `fournines up --servers %d`", d.Needs.Servers))
	}
	if d.Needs.Pair && h.Pair == "" {
		why = append(why, fmt.Sprintf("the partner of %s does not run here: run `fournines down`, then `fournines up --regions` with both", h.Region))
	}
	if d.Needs.NetNS && !h.NetNS {
		why = append(why, "zones share one network here: run `fournines down`, then `fournines up --netns` as root")
	}
	if d.Needs.Root && !h.Root {
		why = append(why, "it mounts a disk, and another user than root has started the platform: run `fournines down`, then `fournines up` as root")
	}
	return strings.Join(why, "; ")
}
