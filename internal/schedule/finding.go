package schedule

import (
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/evidence"
)

// When people are told.
const (
	lateAfter   = 5 * time.Minute // after a run should have begun
	failedOften = 3               // runs in a row
	pausedLong  = 7 * 24 * time.Hour
	clockBehind = time.Minute // the newest planned time that began is ahead of the clock
)

// Findings returns what about schedules needs a person.
func Findings(all []Timed, courses map[string]Course, windows []Window, now time.Time) []evidence.Finding {
	var out []evidence.Finding
	for _, s := range all {
		c, known := courses[s.Name]
		if !known {
			continue
		}
		for _, look := range []func(Timed, Course, []Window, time.Time) (evidence.Finding, bool){late, failing, pausedFor, clockBack} {
			if f, some := look(s, c, windows, now); some {
				f.Subject, f.Command = s.Name, "fournines schedule list -o wide"
				out = append(out, f)
			}
		}
	}
	return out
}

// late tells of a run that should have begun, and of one that does not end.
func late(s Timed, c Course, windows []Window, now time.Time) (evidence.Finding, bool) {
	f := evidence.Finding{Code: "schedule-overdue", Severity: evidence.Warning, Title: "Schedule " + s.Name + " is overdue"}
	if r := c.Running; r != nil && s.Longest > 0 && now.Sub(r.Begun) > s.Longest {
		f.Since, f.Entries = r.Begun.Add(s.Longest), entries(r.Entry)
		f.Text = fmt.Sprintf("its run %s began %s and should have ended within %v. The next one waits for it: see the operation of that name, and end what it waits for.", r.Key, stamp(r.Begun), s.Longest)
		return f, true
	}
	if c.PauseAt(now) != nil || !held(s.Name, windows, now).IsZero() {
		return f, false
	}
	if _, n := s.owed(c, now.Add(-lateAfter)); n == 0 {
		return f, false
	}
	first, _ := s.Next(c.base())
	f.Since = first.Add(s.delay() + lateAfter)
	if r := c.Running; r != nil {
		f.Entries = entries(r.Entry)
		f.Text = fmt.Sprintf("it should have begun %s, and waits for its run %s, which began %s: see the operation of that name.", stamp(first), r.Key, stamp(r.Begun))
		return f, true
	}
	f.Text = fmt.Sprintf("it should have begun %s, and has not: see whether the task schedules fails (fournines tasks).", stamp(first))
	return f, true
}

func failing(_ Timed, c Course, _ []Window, _ time.Time) (evidence.Finding, bool) {
	if c.Failures < failedOften {
		return evidence.Finding{}, false
	}
	last := "It has never succeeded."
	if !c.Succeeded.IsZero() {
		last = "It succeeded last " + stamp(c.Succeeded) + "."
	}
	return evidence.Finding{
		Code: "schedule-failing", Severity: evidence.Warning, Title: fmt.Sprintf("Schedule %s failed %d times in a row", c.Name, c.Failures), Since: c.Failing, Entries: entries(c.Newest.Entry),
		Text: fmt.Sprintf("its newest run %s is %s: %s. %s", c.Newest.Key, c.Newest.State, c.Newest.Error, last),
	}, true
}

func pausedFor(_ Timed, c Course, _ []Window, now time.Time) (evidence.Finding, bool) {
	if c.PauseAt(now) == nil || now.Sub(c.Pause.At) < pausedLong {
		return evidence.Finding{}, false
	}
	return evidence.Finding{
		Code: "schedule-paused", Severity: evidence.Notice, Title: "Schedule " + c.Name + " is paused for long", Since: c.Pause.At.Add(pausedLong), Entries: entries(c.Pause.Entry),
		Text: fmt.Sprintf("%s has paused it %s: %s. If that is over: fournines schedule resume %s.", c.Pause.By, stamp(c.Pause.At), c.Pause.Reason, c.Name),
	}, true
}

func clockBack(_ Timed, c Course, _ []Window, now time.Time) (evidence.Finding, bool) {
	ahead := c.base().Sub(now)
	if ahead < clockBehind {
		return evidence.Finding{}, false
	}
	return evidence.Finding{
		Code: "schedule-clock", Severity: evidence.Warning, Title: "The clock went back, and schedule " + c.Name + " waits for it", Since: now, Entries: entries(c.Last),
		Text: fmt.Sprintf("what was planned %s has begun, and that is %v ahead of this server's clock: check the clocks of the servers. Nothing of it begins before then, unless the clock goes back by more than %v.", stamp(c.base()), ahead.Truncate(time.Second), Tolerance),
	}, true
}

// stamp is a moment in words.
func stamp(at time.Time) string { return "at " + at.UTC().Format(time.RFC3339) }

func entries(index uint64) []uint64 {
	if index == 0 {
		return nil
	}
	return []uint64{index}
}
