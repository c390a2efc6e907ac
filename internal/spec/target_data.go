package spec

import (
	"fmt"
	"time"
)

// checkWrites: whether acknowledged writes survive a failover (rows 7.1.4, 7.1.8).
func checkWrites(s *PlatformSpec) []Contradiction {
	p := s.Engines.Postgres
	path := "spec.engines.postgres."
	switch {
	case p.Synchronous == "off" && p.AcceleratedFailover:
		return []Contradiction{{
			Code: "accelerated-failover-loses-writes", Severity: Conflict,
			Title:      "accelerated failover without synchronous replication loses acknowledged writes",
			Arithmetic: []string{"a write is acknowledged by 1 member, the primary: 1 − 1 fenced primary = 0 members that must have it", "what is lost is the replica's lag at that moment, and nothing bounds it"},
			Remedy:     "set synchronous to quorum, or acceleratedFailover to false",
			Paths:      []string{path + "synchronous", path + "acceleratedFailover"},
		}}
	case p.Synchronous != "off" && p.Replicas == 0:
		return []Contradiction{{
			Code: "synchronous-without-replica", Severity: Conflict,
			Title:      fmt.Sprintf("synchronous replication (%s) without a replica protects nothing", p.Synchronous),
			Arithmetic: []string{fmt.Sprintf("1 primary + 0 replicas = 1 member: 1 − 1 = 0 members to fail over to within %s", s.Failover.WithinRegion.Within)},
			Remedy:     "declare two replicas: one may then be lost without writes waiting",
			Paths:      []string{path + "synchronous", path + "replicas", "spec.failover.withinRegion.within"},
		}}
	case p.Synchronous == "off":
		return []Contradiction{{
			Code: "failover-loses-writes", Severity: Note,
			Title:      "without synchronous replication a failover loses what no replica has yet",
			Arithmetic: []string{fmt.Sprintf("up to the replica's lag, and what the old primary accepts until its lease of %s ends", p.TTL)},
			Remedy:     "set synchronous to quorum",
			Paths:      []string{path + "synchronous", path + "ttl"},
		}}
	}
	return nil
}

// Sentinel pings each node once a second, and an election that nobody wins is decided
// within this time when the Sentinels hear each other.
const (
	sentinelPing     = time.Second
	sentinelElection = time.Second
)

// checkRedis: whether Sentinel keeps the promise (rows 7.1.5, 7.1.8).
func checkRedis(s *PlatformSpec) []Contradiction {
	r, within := s.Engines.Redis, s.Failover.WithinRegion.Within
	first := Duration(r.DownAfter.D() + sentinelPing + sentinelElection)
	again := Duration(first.D() + 2*r.FailoverTimeout.D())
	c := Contradiction{
		Code: "redis-second-try", Severity: Note,
		Paths: []string{"spec.engines.redis.downAfter", "spec.engines.redis.failoverTimeout", "spec.failover.withinRegion.within"},
		Arithmetic: []string{
			fmt.Sprintf("downAfter %s + ping %s + election %s = %s", r.DownAfter, Duration(sentinelPing), Duration(sentinelElection), first),
			fmt.Sprintf("when the first try fails, the next comes after 2 × %s: %s + %s = %s", r.FailoverTimeout, first, Duration(2*r.FailoverTimeout.D()), again),
		},
	}
	switch {
	case first > within:
		c.Code, c.Severity = "redis-outlasts-failover", Conflict
		c.Title = fmt.Sprintf("Redis fails over in up to %s, over the promised %s", first, within)
		c.Remedy = "lower downAfter"
		if room := within.D() - sentinelPing - sentinelElection; room > 0 {
			c.Remedy = fmt.Sprintf("lower downAfter to %s or less", Duration(room))
		}
	case again > within:
		c.Title = fmt.Sprintf("Redis fails over in up to %s; a second try ends after %s, over the promised %s", first, again, within)
		c.Remedy = fmt.Sprintf("lower failoverTimeout to %s or less", Duration((within.D()-first.D())/2).truncated())
	default:
		return nil
	}
	return []Contradiction{c}
}

func (d Duration) truncated() Duration { return Duration(d.D().Truncate(time.Millisecond)) }

// checkRecovery: whether the loss of a region can be recovered from as promised (rows 7.1.6, 7.1.7, 7.1.9, 7.1.12).
func checkRecovery(s *PlatformSpec) []Contradiction {
	var out []Contradiction
	t, cross := s.Targets, s.Failover.CrossRegion
	rto := Contradiction{
		Code: "rto-shorter-than-failover", Severity: Conflict,
		Title:      fmt.Sprintf("the RTO of %s is shorter than the cross-region failover of up to %s", t.RTO, cross.Within),
		Arithmetic: []string{fmt.Sprintf("%s − %s = −%s for detecting and deciding", t.RTO, cross.Within, cross.Within-t.RTO)},
		Remedy:     fmt.Sprintf("fail over within less than %s, or promise more", t.RTO),
		Paths:      []string{"spec.targets.rto", "spec.failover.crossRegion.within"},
	}
	switch {
	case t.RTO < cross.Within:
		out = append(out, rto)
	case t.RTO == cross.Within:
		rto.Code, rto.Severity = "rto-without-slack", Note
		rto.Title = fmt.Sprintf("the RTO of %s leaves no time beside the cross-region failover of up to %s", t.RTO, cross.Within)
		rto.Arithmetic = []string{fmt.Sprintf("%s − %s = 0s for detecting and deciding, and the failover is %s", t.RTO, cross.Within, cross.Mode)}
		out = append(out, rto)
	}
	return append(out, checkLoss(s)...)
}

// checkLoss: what a lost region had and its pair has not.
func checkLoss(s *PlatformSpec) []Contradiction {
	var out []Contradiction
	rpo := s.Targets.RPO
	if rpo == 0 {
		out = append(out, Contradiction{
			Code: "rpo-zero-asynchronous", Severity: Conflict,
			Title:      "an RPO of 0s cannot be kept by asynchronous replication to another region",
			Arithmetic: []string{"loss = the replication's lag when the region is lost, and the lag is more than 0s as soon as there is a write"},
			Remedy:     "promise an RPO above the largest lag, for example 15m, and alert on the lag",
			Paths:      []string{"spec.targets.rpo"},
		})
	}
	for _, e := range []struct{ noun, to, path string }{
		{"topics", s.Engines.Kafka.MirrorTo, "spec.engines.kafka.mirrorTo"},
		{"objects", s.Engines.Objects.ReplicateTo, "spec.engines.objects.replicateTo"},
	} {
		if e.to != "none" || (e.noun == "topics" && s.Engines.Kafka.Brokers == 0) {
			continue
		}
		out = append(out, Contradiction{
			Code: "rpo-without-replication", Severity: Conflict,
			Title:      fmt.Sprintf("the RPO of %s does not hold for %s: they are kept in one region only", rpo, e.noun),
			Arithmetic: []string{fmt.Sprintf("1 copy − 1 lost region = 0 copies: everything is lost, not the last %s", rpo)},
			Remedy:     "replicate them to the pair",
			Paths:      []string{e.path, "spec.targets.rpo"},
		})
	}
	return out
}
