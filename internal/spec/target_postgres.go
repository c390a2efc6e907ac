package spec

import (
	"fmt"
	"time"
)

// promote is how long PostgreSQL takes to become primary once it may, at most, by
// Patroni's own formula: ttl, then up to a loop until a replica sees it, then 0 to 2 s.
const promote = 2 * time.Second

// checkPatroni: whether Patroni's own path keeps the promise when nothing else does (rows 7.1.4, 7.1.8).
func checkPatroni(s *PlatformSpec) []Contradiction {
	p, within := s.Engines.Postgres, s.Failover.WithinRegion.Within
	worst := Duration(p.TTL.D() + p.LoopWait.D() + promote)
	c := Contradiction{
		Code: "lease-is-the-safety-net", Severity: Note,
		Title: fmt.Sprintf("Patroni alone fails over in up to %s, within %s; its ttl cannot be less than %s", worst, within, minTTL),
		Arithmetic: []string{
			fmt.Sprintf("lease %s + loop %s + promotion %s = %s ≤ %s", p.TTL, p.LoopWait, Duration(promote), worst, within),
			fmt.Sprintf("at the floors it is %s + %s + %s = %s", minTTL, minLoopWait, Duration(promote), Duration(minTTL.D()+minLoopWait.D()+promote)),
		},
		Remedy: "this is the path that remains when a proof for the accelerated failover is missing",
		Paths:  []string{"spec.engines.postgres.ttl", "spec.engines.postgres.loopWait", "spec.failover.withinRegion.within"},
	}
	if worst > within {
		c.Code, c.Severity = "lease-outlasts-failover", Conflict
		c.Title = fmt.Sprintf("Patroni alone fails over in up to %s, over the promised %s", worst, within)
		c.Arithmetic[0] = fmt.Sprintf("lease %s + loop %s + promotion %s = %s > %s", p.TTL, p.LoopWait, Duration(promote), worst, within)
		c.Remedy = "lower ttl and loopWait; accelerated failover is no substitute, because without its proofs this path is all there is"
		if floor := Duration(minTTL.D() + minLoopWait.D() + promote); floor > within {
			c.Remedy = fmt.Sprintf("promise %s or more: Patroni's floors allow no less where a proof for the accelerated failover is missing", floor)
		}
	}
	return append([]Contradiction{c}, checkCrash(s)...)
}

// checkCrash: a crashed primary may try to come back before another takes over.
func checkCrash(s *PlatformSpec) []Contradiction {
	p, within := s.Engines.Postgres, s.Failover.WithinRegion.Within
	worst := Duration(p.LoopWait.D() + p.PrimaryStartTimeout.D() + p.LoopWait.D() + promote)
	if worst <= within {
		return nil
	}
	return []Contradiction{{
		Code: "crash-outlasts-failover", Severity: Conflict,
		Title:      fmt.Sprintf("a primary that crashes again and again holds its lease for up to %s, over the promised %s", worst, within),
		Arithmetic: []string{fmt.Sprintf("loop %s + primaryStartTimeout %s + loop %s + promotion %s = %s > %s", p.LoopWait, p.PrimaryStartTimeout, p.LoopWait, Duration(promote), worst, within)},
		Remedy:     "set primaryStartTimeout to 0s: with synchronous replicas nothing is lost by taking over at once",
		Paths:      []string{"spec.engines.postgres.primaryStartTimeout", "spec.engines.postgres.loopWait", "spec.failover.withinRegion.within"},
	}}
}

// span returns how soon and how late a dead primary is suspected.
func (d Detection) span() (soonest, latest time.Duration) {
	soonest = time.Duration(d.Misses-1)*d.Interval.D() + d.Timeout.D()
	return soonest, soonest + d.Interval.D()
}

// checkAcceleration: what the accelerated path takes, and which stalls it does not forgive.
func checkAcceleration(s *PlatformSpec) []Contradiction {
	d, p, within := s.Failover.Detection, s.Engines.Postgres, s.Failover.WithinRegion.Within.D()
	if !p.AcceleratedFailover {
		return []Contradiction{{
			Code: "stall-is-failed-over", Severity: Note,
			Title:      fmt.Sprintf("a primary frozen for more than %s to %s is failed over", Duration(p.TTL.D()-p.LoopWait.D()), p.TTL),
			Arithmetic: []string{fmt.Sprintf("the lease of %s is renewed every %s: %s − %s = %s are left at the worst moment", p.TTL, p.LoopWait, p.TTL, p.LoopWait, Duration(p.TTL.D()-p.LoopWait.D()))},
			Paths:      []string{"spec.engines.postgres.ttl", "spec.engines.postgres.loopWait"},
		}}
	}
	soonest, latest := d.span()
	paths := []string{"spec.failover.detection.misses", "spec.failover.detection.interval", "spec.failover.detection.timeout", "spec.engines.postgres.acceleratedFailover"}
	c := Contradiction{
		Code: "stall-is-failed-over", Severity: Note, Paths: paths,
		Title: fmt.Sprintf("a primary frozen for more than %s to %s is failed over", Duration(soonest), Duration(latest)),
		Arithmetic: []string{
			fmt.Sprintf("(%d − 1) × %s + %s = %s when a probe begins as it freezes, + %s = %s when one has just passed", d.Misses, d.Interval, d.Timeout, Duration(soonest), d.Interval, Duration(latest)),
			fmt.Sprintf("%s must agree; then fence, revoke the lease and promote: %s + up to %s = %s", count(d.Observers, "observer"), Duration(latest), Duration(promote), Duration(latest+promote)),
		},
		Remedy: "shorter stalls are ridden out; raise misses where longer ones are normal",
	}
	if total := latest + promote; total > within {
		c.Code, c.Severity = "detection-outlasts-failover", Conflict
		c.Title = fmt.Sprintf("the accelerated failover takes up to %s, over the promised %s", Duration(total), Duration(within))
		c.Remedy = "probe more often, or promise less"
		c.Paths = append(c.Paths, "spec.failover.withinRegion.within")
	}
	return []Contradiction{c}
}
