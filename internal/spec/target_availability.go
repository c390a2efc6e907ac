package spec

import (
	"fmt"
	"math"
	"time"
)

// weightCustomers is the weighting that a blast radius bounds.
const weightCustomers = "customers"

// checkMeanTimes: what MTBF and MTTR say about availability (row 7.1.12).
func checkMeanTimes(s *PlatformSpec) []Contradiction {
	t := s.Targets
	target, blast := float64(t.Availability), float64(t.BlastRadius)
	down := t.MTTR.D().Seconds() / (t.MTBF.D().Seconds() + t.MTTR.D().Seconds())
	if 1-down >= target {
		return nil
	}
	weighted := down * blast
	c := Contradiction{
		Code: "mean-times-miss-availability", Severity: Conflict,
		Title: fmt.Sprintf("MTBF %s h with MTTR %s is %s available, below %s", trim(t.MTBF.D().Hours(), 3), t.MTTR, percent(1-down, 4), t.Availability),
		Paths: []string{"spec.targets.mtbf", "spec.targets.mttr", "spec.targets.availability", "spec.targets.weighting", "spec.targets.blastRadius"},
		Arithmetic: []string{
			fmt.Sprintf("MTBF / (MTBF + MTTR) = %s h / (%s h + %s h) = %s", trim(t.MTBF.D().Hours(), 3), trim(t.MTBF.D().Hours(), 3), trim(t.MTTR.D().Hours(), 3), percent(1-down, 4)),
			fmt.Sprintf("that is %s down in a year; %s allows %s", minutes(yearly(down)), t.Availability, minutes(yearly(1-target))),
			fmt.Sprintf("weighted with customers, of whom a failure reaches at most %s: %s × %s = %s = %s", percent(blast, 2), minutes(yearly(down)), percent(blast, 2), minutes(yearly(weighted)), percent(1-weighted, 4)),
		},
	}
	holds := 1-weighted >= target
	if holds && t.Weighting == weightCustomers {
		c.Severity, c.Code = Note, "mean-times-need-weighting"
		c.Remedy = fmt.Sprintf("the target holds only weighted by customers and while no failure reaches more than %s of them; show the unweighted figure beside it", percent(blast, 2))
		return []Contradiction{c}
	}
	longest := time.Duration((1 - target) / target * float64(t.MTBF.D()))
	c.Remedy = fmt.Sprintf("repair within %s, or fail less often than every %s", minutes(longest.Minutes()), hours(target/(1-target)*t.MTTR.D().Hours()))
	if holds {
		c.Remedy += ", or set weighting to customers, which the blast radius bounds"
	}
	return []Contradiction{c}
}

func hours(h float64) string { return trim(h, 1) + " h" }

// checkBudget: how many region losses a year's error budget pays for (row 7.1.12).
func checkBudget(s *PlatformSpec) []Contradiction {
	n := s.active()
	if n == 0 {
		return nil
	}
	t := s.Targets
	budget, event, share := yearly(1-float64(t.Availability)), t.RTO.D().Minutes(), 1.0
	lines := []string{fmt.Sprintf("%s of a year is an error budget of %s", t.Availability, minutes(budget))}
	if t.Weighting == weightCustomers {
		share = 1 / float64(n)
		lines = append(lines, fmt.Sprintf("a region lost for the RTO of %s is 1/%d of the customers × %s = %s", t.RTO, n, minutes(event), minutes(event*share)))
	} else {
		lines = append(lines, fmt.Sprintf("a region lost for the RTO of %s counts in full without weighting by customers: %s", t.RTO, minutes(event)))
	}
	fit := math.Floor(budget/(event*share) + 1e-9)
	lines = append(lines, fmt.Sprintf("%s / %s = %s: %s fit in a year, with nothing else failing", minutes(budget), minutes(event*share), trim(budget/(event*share), 2), count(int(fit), "such event")))
	c := Contradiction{
		Code: "budget-of-region-losses", Severity: Note,
		Title:      fmt.Sprintf("the error budget pays for %s of %s a year", count(int(fit), "region loss"), t.RTO),
		Arithmetic: lines,
		Remedy:     "spend the budget on changes, which cause most outages, by moving regions faster than the RTO",
		Paths:      []string{"spec.targets.availability", "spec.targets.rto", "spec.targets.weighting"},
	}
	if fit < 1 {
		c.Severity, c.Code = Conflict, "one-region-loss-overspends"
		c.Remedy = fmt.Sprintf("an RTO of %s fits once", minutes(budget/share))
		if t.Weighting != weightCustomers && event/float64(n) <= budget {
			c.Remedy += ", or set weighting to customers"
		}
	}
	return []Contradiction{c}
}

// count prints a number with its noun.
func count(n int, noun string) string {
	switch {
	case n == 1:
		return "1 " + noun
	case noun[len(noun)-1] == 's':
		return fmt.Sprintf("%d %ses", n, noun)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
