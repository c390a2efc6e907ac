package availability

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/spec"
)

// Postgres says what the cluster's members tell of one of them.
func (c *Component) Postgres(p fact.Postgres, policy spec.Postgres, now time.Time) {
	var leader fact.PostgresMember
	for _, m := range p.Members {
		if m.Name == p.Lock.Leader {
			leader = m
		}
	}
	for _, m := range p.Members {
		if m.ID != c.ID || now.Sub(m.Seen) > fact.NodeSilent {
			continue
		}
		c.Seen = later(c.Seen, m.Seen)
		c.member(m, leader, p, policy, now)
		c.altered(slices.Concat(p.Lock.Differs, p.Settings[c.ID]))
	}
}

// member says what one of them tells of itself, and the leader beside it.
func (c *Component) member(m, leader fact.PostgresMember, p fact.Postgres, policy spec.Postgres, now time.Time) {
	switch {
	case !m.Broken.IsZero():
		c.Role, c.Health = "replica", Degraded
		c.Detail = fmt.Sprintf("it cannot start or follow from what it has since %s, and gets a new copy of the leader's data: it is %s", m.Broken.UTC().Format(time.TimeOnly), m.State)
	case m.Role == "primary":
		c.Role = "primary"
		c.Detail = fmt.Sprintf("timeline %d", m.Timeline) + connectionDetail(p.Connections, m.ID, now)
	case m.Role == "standby_leader":
		c.Role, c.Detail = "standby-leader", fmt.Sprintf("timeline %d, follows its partner region", m.Timeline)
		if !p.Outrun.IsZero() && p.Lock.Standby {
			c.Health = Degraded
			c.Detail = fmt.Sprintf("its partner region has no more of what it needs since %s, and it gets a new copy of it: it is %s", p.Outrun.UTC().Format(time.TimeOnly), m.State)
		} else if m.State != "streaming" && c.Health == Healthy {
			c.Health, c.Detail = Progressing, "it does not stream from its partner region: it is "+m.State
		}
	case m.State == "streaming":
		c.Role = "replica"
		if slices.Contains(p.Lock.Sync, m.Name) {
			c.Role = "sync-standby"
		}
		c.Detail = fmt.Sprintf("timeline %d, lag %d B", m.Timeline, max(0, leader.Received-m.Received))
		if c.Role == "replica" && !p.Lock.Standby && policy.Synchronous == "quorum" && c.Health == Healthy {
			c.Health, c.Detail = Progressing, "it streams and is not a synchronous standby yet: after a failover, writes would wait for it"
		}
	default:
		c.Role = "replica"
		if c.Health == Healthy {
			c.Health, c.Detail = Progressing, "it is "+m.State
		}
	}
}

// Redis says what a server tells of itself.
func (c *Component) Redis(f fact.Redis, now time.Time) {
	for _, n := range f.Nodes {
		if n.ID != c.ID || now.Sub(n.Seen) > fact.NodeSilent {
			continue
		}
		c.Seen = later(c.Seen, n.Seen)
		defer c.altered(n.Differs)
		if c.Role = n.Role; n.Role == "slave" {
			c.Role = "replica"
			if !n.LinkUp && c.Health == Healthy {
				c.Health, c.Detail = Progressing, "its link to the master is down"
			}
		}
	}
}

// Sentinel says when a Sentinel was last heard.
func (c *Component) Sentinel(f fact.Redis, now time.Time) {
	for _, n := range f.Sentinels {
		if n.ID == c.ID && now.Sub(n.Seen) <= fact.NodeSilent {
			c.Seen = later(c.Seen, n.Seen)
			c.altered(n.Differs)
		}
	}
}

// Etcd says whether the region's etcd has the members that are declared, and whether this one has
// a vote. While etcd does not tell its members, nobody knows.
func (c *Component) Etcd(f fact.Etcd, now time.Time) {
	switch why := f.Joining[c.Zone]; {
	case now.Sub(f.At) <= fact.NodeSilent && why != "" && c.Health == Healthy:
		c.Health, c.Detail = Progressing, why
		c.altered(f.Differs)
	case now.Sub(f.At) <= fact.NodeSilent:
		c.altered(f.Differs)
	case f.Error != "" && c.Sync == InSync:
		c.Sync, c.Detail = SyncUnknown, "whether it votes is not known: "+f.Error
	}
}

// altered says what somebody has changed past the platform, of a component that is otherwise in sync.
func (c *Component) altered(differs []string) {
	if len(differs) == 0 || c.Sync != InSync {
		return
	}
	c.Sync = OutOfSync
	if c.Detail != "" {
		c.Detail += "; "
	}
	c.Detail += "not as declared: " + strings.Join(differs, "; ")
}
