package availability

import (
	"fmt"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// Broker says what the cluster tells of one of its brokers.
func (c *Component) Broker(k fact.Kafka, now time.Time) {
	i := slices.IndexFunc(k.Brokers, func(b fact.KafkaBroker) bool { return b.ID == c.ID })
	if i < 0 {
		return
	}
	b := k.Brokers[i]
	if now.Sub(b.Seen) <= fact.NodeSilent {
		c.Seen = later(c.Seen, b.Seen)
	}
	if now.Sub(k.At) > fact.NodeSilent {
		if c.Health == Healthy {
			c.Health, c.Detail = Degraded, "the cluster does not tell its partitions: "+k.Error
		}
		return
	}
	c.Role = "broker"
	if k.Controller == c.ID {
		c.Role = "controller"
	}
	held, led, behind, offline := partitions(k, b.Node)
	switch {
	case c.Health != Healthy:
	case !b.Registered:
		c.Health, c.Detail = Progressing, "it is not part of the cluster yet"
	case offline > 0:
		c.Health, c.Detail = Degraded, fmt.Sprintf("%d of its partitions have no leader", offline)
	case behind > 0:
		c.Health, c.Detail = Progressing, fmt.Sprintf("%d of its %d copies are not in sync", behind, held)
	default:
		c.Detail = fmt.Sprintf("%d copies in sync, leads %d", held, led)
	}
	c.altered(slices.Concat(b.Differs, k.Differs))
}

// partitions counts what a broker holds: copies, of them those it leads, those that are not
// in sync, and those of partitions that nobody leads.
func partitions(k fact.Kafka, node int32) (held, led, behind, offline int) {
	for _, t := range k.Topics {
		for _, p := range t.Partitions {
			if !slices.Contains(p.Replicas, node) {
				continue
			}
			held++
			if p.Leader == node {
				led++
			}
			if !slices.Contains(p.InSync, node) {
				behind++
			}
			if p.Leader < 0 {
				offline++
			}
		}
	}
	return held, led, behind, offline
}

// Mirror says what the canaries prove of both directions.
func (c *Component) Mirror(there, home fact.KafkaMirror, now time.Time) {
	c.Role = "mirror"
	if c.Health != Healthy {
		return
	}
	c.Detail = mirrorFigures(there) + "; " + mirrorFigures(home)
	for _, m := range []fact.KafkaMirror{there, home} {
		if why := MirrorTrouble(m, now); why != "" {
			c.Health, c.Detail = Progressing, why
			if m.Gaps > 0 {
				c.Health = Degraded
				return
			}
		}
	}
}

func mirrorFigures(m fact.KafkaMirror) string {
	return fmt.Sprintf("%s → %s lag %.2f s, %d records in %d topics", m.From, m.To, m.Lag.Seconds(), m.Lacks(), len(m.Topics))
}
