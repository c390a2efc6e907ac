package spec

import (
	"fmt"
	"time"
)

// Validate returns what a platform must not have, beyond what its fields' own bounds
// say: rules that span fields, and rules of the engines. It is pure; nil means usable.
// Whether the targets agree with each other is another question: see [CheckTargets].
func Validate(p *Platform) []Problem {
	v := &validator{spec: &p.Spec}
	v.label("metadata.name", p.Metadata.Name)
	v.regions()
	v.application()
	v.postgres()
	v.etcd()
	v.redis()
	v.kafka()
	v.objects()
	v.traffic()
	v.routing()
	v.vantagePoints()
	v.failover()
	v.targets()
	v.notify()
	v.archive()
	v.controlPlane()
	return v.problems
}

type validator struct {
	spec     *PlatformSpec
	problems []Problem
}

// fail records a problem; rests are further paths that the judgement rests on.
func (v *validator) fail(path, hint string, rests []string, format string, args ...any) {
	v.problems = append(v.problems, Problem{Path: path, Text: path + " " + fmt.Sprintf(format, args...), Hint: hint, Rests: rests})
}

// label demands a DNS label, because names become parts of host names and ids.
func (v *validator) label(path, s string) {
	if isLabel(s) {
		return
	}
	v.fail(path, "a name has 1 to 63 lowercase letters, digits and hyphens, and begins and ends with a letter or digit", nil, "is %q, which is not a name", s)
}

func isLabel(s string) bool {
	if s == "" || len(s) > 63 || s[0] == '-' || s[len(s)-1] == '-' {
		return false
	}
	for _, c := range s {
		if c != '-' && (c < 'a' || c > 'z') && (c < '0' || c > '9') {
			return false
		}
	}
	return true
}

// positive demands a time span longer than none.
func (v *validator) positive(path string, d Duration) {
	if d <= 0 {
		v.fail(path, "it must be longer than 0s", nil, "is %s", d)
	}
}

// least demands a time span of at least min, and a multiple of the unit where the
// engine takes no finer one.
func (v *validator) least(path string, d, min Duration, unit time.Duration, engine string) {
	if d < min {
		v.fail(path, fmt.Sprintf("%s's floor: write %s or more", engine, min), nil, "is %s", d)
		return
	}
	v.whole(path, d, unit, engine)
}

// whole demands a multiple of the unit, where an engine takes no finer one.
func (v *validator) whole(path string, d Duration, unit time.Duration, engine string) {
	if d.D()%unit != 0 {
		v.fail(path, fmt.Sprintf("%s takes multiples of %s only: write %s", engine, Duration(unit), Duration(d.D().Truncate(unit)+unit)), nil, "is %s", d)
	}
}

// traffic checks how targets are probed and requests are steered.
func (v *validator) traffic() {
	s := v.spec
	v.least("spec.routing.ttl", s.Routing.TTL, Duration(time.Second), time.Second, "DNS")
	v.positive("spec.health.interval", s.Health.Interval)
	v.positive("spec.health.timeout", s.Health.Timeout)
	if s.Health.Interval > 0 && s.Health.Timeout > s.Health.Interval {
		v.fail("spec.health.timeout", "a probe would begin before the last has ended", []string{"spec.health.interval"}, "is %s, longer than the interval of %s", s.Health.Timeout, s.Health.Interval)
	}
	if s.Health.Interval > 0 && s.Health.Reprobe > s.Health.Interval {
		v.fail("spec.health.reprobe", "after a failure probes come quicker, not slower", []string{"spec.health.interval"}, "is %s, longer than the interval of %s", s.Health.Reprobe, s.Health.Interval)
	}
	v.positive("spec.breaker.openFor", s.Breaker.OpenFor)
	v.positive("spec.retry.tryTimeout", s.Retry.TryTimeout)
}

// failover checks how fast and by whom failures are answered.
func (v *validator) failover() {
	f := v.spec.Failover
	v.positive("spec.failover.withinRegion.within", f.WithinRegion.Within)
	v.positive("spec.failover.crossRegion.within", f.CrossRegion.Within)
	v.positive("spec.failover.detection.interval", f.Detection.Interval)
	v.positive("spec.failover.detection.timeout", f.Detection.Timeout)
	// Probes overlap, so a timeout may be longer than the interval; but not by far, or too many would be open at once.
	if d := f.Detection; d.Interval > 0 && d.Timeout > 10*d.Interval {
		v.fail("spec.failover.detection.timeout", "too many probes would be open at once", []string{"spec.failover.detection.interval"}, "is %s, longer than ten intervals of %s", d.Timeout, d.Interval)
	}
	for i, r := range v.spec.Regions {
		if n := len(r.Zones) + 1; n > 1 && f.Detection.Observers > n {
			v.fail("spec.failover.detection.observers", fmt.Sprintf("region %s has %d: one in each zone, and the edge", r.Name, n), []string{fmt.Sprintf("spec.regions[%d].zones", i)}, "is %d", f.Detection.Observers)
			return
		}
	}
}

// targets checks that each target is a target at all.
func (v *validator) targets() {
	t := v.spec.Targets
	if t.Availability <= 0 || t.Availability >= 1 {
		v.fail("spec.targets.availability", "it lies between 0% and 100%; 100% leaves nothing that could ever fail", nil, "is %s", t.Availability)
	}
	if t.BlastRadius <= 0 {
		v.fail("spec.targets.blastRadius", "every failure reaches somebody: write the largest share of customers", nil, "is %s", t.BlastRadius)
	}
	v.positive("spec.targets.rto", t.RTO)
	v.positive("spec.targets.mtbf", t.MTBF)
	v.positive("spec.targets.mttr", t.MTTR)
	if c := v.spec.Cost.Currency; len(c) != 3 || c[0] < 'A' || c[0] > 'Z' || c[1] < 'A' || c[1] > 'Z' || c[2] < 'A' || c[2] > 'Z' {
		v.fail("spec.cost.currency", "write three capital letters, for example USD", nil, "is %q", c)
	}
}
