package availability

import (
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// How old a report may be before what it says is unknown.
const (
	EdgeSilent = 4 * time.Second
	// StoreSilent is longer, because a store is looked at more seldom.
	StoreSilent = 8 * time.Second
)

// Sync says whether a component is what its spec declares.
type Sync string

// The values of Sync.
const (
	InSync      Sync = "in-sync"
	OutOfSync   Sync = "out-of-sync"
	SyncUnknown Sync = "unknown"
)

// Health says whether a component does its work, independent of its spec.
type Health string

// The values of Health, from good to bad.
const (
	Healthy       Health = "healthy"
	Progressing   Health = "progressing" // starting, rejoining, catching up
	Suspended     Health = "suspended"   // held on purpose: fenced, drained
	Degraded      Health = "degraded"    // works, with less than declared
	Missing       Health = "missing"     // should be there and is not
	HealthUnknown Health = "unknown"     // nobody has seen it lately
)

// Component is one thing that runs: an engine process, an application instance, an edge.
type Component struct {
	ID      string    `json:"id" doc:"REGION/ZONE/KIND, for example us-east-1/a/postgres; the edge has no zone: us-east-1/edge"`
	Region  string    `json:"region"`
	Zone    string    `json:"zone,omitempty"`
	Kind    string    `json:"kind" doc:"etcd, postgres, redis, sentinel, kafka, mirror, greenlang, edge, node or server"`
	Address string    `json:"address,omitempty" doc:"host:port where it serves"`
	Role    string    `json:"role,omitempty" doc:"primary, sync-standby, replica, master, leader, follower …"`
	Sync    Sync      `json:"sync"`
	Health  Health    `json:"health"`
	Detail  string    `json:"detail,omitempty" doc:"one plain sentence: why it is not in sync or not healthy, or a figure such as the lag"`
	Cause   string    `json:"cause,omitempty" doc:"the region that alone explains its health when nothing there answers"`
	Since   time.Time `json:"since" doc:"when sync or health last changed"`
	Down    time.Time `json:"down,omitzero" doc:"since when its process has not been ready for 10 s in a row; absent: it is, or it is kept down on purpose"`
	Seen    time.Time `json:"seen" doc:"time of the newest fact about it"`
	Disk    fact.Disk `json:"disk,omitzero" doc:"of the file system that its data is on; absent: it has none, or nobody has looked at it lately"`
	Journal uint64    `json:"journal,omitempty" doc:"index of the entry that recorded the last change"`
}

// Leads says whether it is the one of its cluster that takes writes or decides.
func (c Component) Leads() bool {
	return c.Role == "primary" || c.Role == "master" || c.Role == "leader" || c.Role == "controller"
}

// ShortServer is why nothing is known of somebody who may well have reported.
const ShortServer = "nothing is known: the server itself lacks file descriptors, and hears nobody"

// Ago words how long nothing has come, for a sentence that ends with it.
func Ago(t, now time.Time) string {
	if t.IsZero() {
		return " yet"
	}
	return fmt.Sprintf(" for %.0f s", now.Sub(t).Seconds())
}

func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}

// Unit says what the node knows of the process; wanted is the version with which it would be started
// now.
func (c *Component) Unit(u fact.Unit, wanted string) {
	c.Sync, c.Down = InSync, u.Down
	switch {
	case u.State == fact.UnitFenced:
		c.Down = time.Time{}
		c.Health, c.Sync, c.Detail = Suspended, OutOfSync, "fenced: kept dead until it may rejoin"
	case u.State == fact.UnitFailed:
		c.Health, c.Sync, c.Detail = Missing, OutOfSync, u.Error
	case u.State == fact.UnitStarting:
		c.Health, c.Detail = Progressing, u.Error
	case !u.Ready:
		c.Health, c.Detail = Degraded, u.Error
	default:
		c.Health = Healthy
	}
	if u.Version != "" && c.Sync == InSync && u.Version != wanted {
		c.Sync, c.Detail = OutOfSync, "runs an older configuration than its spec"
	}
}

// Silent corrects the last report of a node that is away: only what other observers still
// see counts. short: the server itself could not listen, so that silence says nothing.
func (c *Component) Silent(now time.Time, short bool) {
	c.Sync = SyncUnknown
	fresh := now.Sub(c.Seen) <= fact.NodeSilent
	switch {
	case fresh && c.Health != Suspended:
		c.Health = Healthy
	case c.Health == HealthUnknown && c.Seen.IsZero():
	case short:
		c.Health, c.Detail = HealthUnknown, ShortServer
	default:
		c.Health, c.Detail = Missing, "neither its node nor the engine itself answers"
		c.Role = ""
	}
}
