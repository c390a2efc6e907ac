package spec

import (
	"fmt"
	"time"
)

// checkHealth: whether probes at their pace can see a failure in time (rows 7.1.8, 7.1.10, 7.1.11).
func checkHealth(s *PlatformSpec) []Contradiction {
	h, within := s.Health, s.Failover.WithinRegion.Within.D()
	fall := time.Duration(h.Fall)
	fastest, slowest := (fall-1)*h.Interval.D(), fall*h.Interval.D() //nolint:durationcheck // fall is a number
	if slowest <= within {
		return nil
	}
	c := Contradiction{
		Code: "probes-slower-than-failover", Severity: Conflict,
		Title: fmt.Sprintf("%s %s apart take up to %s, and failover within %s is promised", count(h.Fall, "failed probe"), h.Interval, Duration(slowest), s.Failover.WithinRegion.Within),
		Arithmetic: []string{
			fmt.Sprintf("%d × %s = %s when the first probe has just passed, (%d − 1) × %s = %s when it comes at once: %s > %s", h.Fall, h.Interval, Duration(slowest), h.Fall, h.Interval, Duration(fastest), Duration(slowest), s.Failover.WithinRegion.Within),
		},
		Remedy: fmt.Sprintf("declare health.reprobe, the quicker pace after a first failure: 1s gives %s", Duration(h.Interval.D()+(fall-1)*time.Second)), //nolint:durationcheck // fall is a number
		Paths:  []string{"spec.health.fall", "spec.health.interval", "spec.failover.withinRegion.within"},
	}
	if h.Reprobe <= 0 {
		c.Arithmetic = append(c.Arithmetic, "no reprobe is declared, so that nothing is quicker after a first failure")
		return []Contradiction{c}
	}
	c.Paths = append(c.Paths, "spec.health.reprobe", "spec.breaker.consecutiveFailures")
	quick := h.Interval.D() + (fall-1)*h.Reprobe.D() //nolint:durationcheck // fall is a number
	hang := quick + fall*h.Timeout.D()               //nolint:durationcheck // fall is a number
	c.Arithmetic = append(c.Arithmetic, fmt.Sprintf("with re-probes after a first failure: %s + %d × %s = %s", h.Interval, h.Fall-1, h.Reprobe, Duration(quick)))
	if quick > within {
		c.Arithmetic = append(c.Arithmetic, fmt.Sprintf("%s > %s", Duration(quick), Duration(within)))
		c.Remedy = fmt.Sprintf("declare a reprobe of %s or less", Duration(((within - h.Interval.D()) / max(1, fall-1)).Truncate(time.Millisecond)))
		if within <= h.Interval.D() {
			c.Remedy = fmt.Sprintf("probe more often than every %s", s.Failover.WithinRegion.Within)
		}
		return []Contradiction{c}
	}
	c.Severity, c.Code = Note, "probes-need-the-data-path"
	c.Arithmetic = append(c.Arithmetic,
		fmt.Sprintf("and when each probe hangs for its timeout: %s + %d × %s = %s", Duration(quick), h.Fall, h.Timeout, Duration(hang)),
		fmt.Sprintf("on the data path the breaker opens on failure number %d, at the pace of the requests", s.Breaker.ConsecutiveFailures))
	c.Remedy = "let requests detect and probes confirm: keep the breaker, and the re-probe after a first failure"
	return []Contradiction{c}
}
