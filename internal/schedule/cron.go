package schedule

import (
	"errors"
	"fmt"
	"strings"
	"time"
	_ "time/tzdata" // a machine without a database of zones knows them too

	cron "github.com/netresearch/go-cron"
)

// Times are the planned times of a cron expression in a time zone. The zero value plans nothing.
//
// Where summer time begins, the times that the wall clock skips are planned once, together, for
// the moment after the gap; where it ends, a time that comes twice is planned for the first. An
// expression that names every hour follows the clock instead: nothing is made up for in a gap, and
// the hour that comes twice counts twice. This is what cron(8) of Vixie and ISC does.
type Times struct {
	walls  *cron.SpecSchedule // walks the wall clock as if it were UTC
	zone   *time.Location
	hourly bool // it names every hour
}

// The bounds of what is planned. An expression is searched for so many years: 29 February comes
// after eight at most, over 2100.
const (
	longestText = 128
	searchYears = 10
	lastYear    = 9999 // RFC 3339 has no later one
)

var errCron = errors.New("cron expression")

// Parse reads a cron expression of five fields (minute, hour, day of the month, month and day of
// the week) with names, lists, ranges and steps, and the name of a zone of the IANA database, such as
// UTC. A day matches either of its two fields where neither begins with *, and else both. An error says what is wrong
// and what to write; an expression that can never be, such as 31 February, is one.
func Parse(expression, zone string) (Times, error) {
	loc, err := location(zone)
	if err != nil {
		return Times{}, err
	}
	walls, err := parse(expression)
	if err != nil {
		return Times{}, fmt.Errorf("%w %.*q: %w; write five fields, such as \"0 2 * * *\" for 02:00 every day", errCron, longestText, expression, err)
	}
	const day = 1<<24 - 1
	t := Times{walls: walls, zone: loc, hourly: walls.Hour&day == day}
	if walls.Next(time.Date(2000, 1, 1, 0, 0, 0, 0, time.UTC)).IsZero() {
		return Times{}, fmt.Errorf("%w %q: it never comes: none of its months has such a day", errCron, expression)
	}
	return t, nil
}

// location refuses the empty name and "Local", which mean another zone on each machine.
func location(zone string) (*time.Location, error) {
	loc, err := time.LoadLocation(zone)
	if zone == "" || zone == "Local" || err != nil {
		return nil, fmt.Errorf("time zone %.64q does not exist: write a name of the IANA database, such as UTC or Europe/Berlin", zone)
	}
	return loc, nil
}

// parse reads the five fields alone: the library's shortcuts, seconds, years and zones are not ours.
func parse(expression string) (*cron.SpecSchedule, error) {
	if len(expression) > longestText {
		return nil, fmt.Errorf("it has %d characters, at most %d", len(expression), longestText)
	}
	if n := len(strings.Fields(expression)); n != 5 {
		return nil, fmt.Errorf("it has %d fields", n)
	}
	for _, r := range expression {
		if !strings.ContainsRune("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ*,-/ ", r) {
			return nil, fmt.Errorf("it has the character %q", r)
		}
	}
	p, err := cron.TryNewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow)
	if err != nil {
		return nil, err
	}
	s, err := p.WithMaxSearchYears(searchYears).Parse(expression)
	if err != nil {
		return nil, err
	}
	walls, ok := s.(*cron.SpecSchedule)
	if !ok {
		return nil, errors.New("it names no times of the day")
	}
	f := strings.Fields(expression)
	walls.Location, walls.DowOrDom = time.UTC, f[2][0] != '*' && f[4][0] != '*'
	return walls, nil
}

// Next returns the first planned time after a moment, in UTC; false where none is left before
// the year 10000.
func (t Times) Next(after time.Time) (time.Time, bool) {
	if t.walls == nil {
		return time.Time{}, false
	}
	next := t.once
	if t.hourly {
		next = t.clock
	}
	at := next(after)
	if at.IsZero() || at.Year() > lastYear {
		return time.Time{}, false
	}
	return at, true
}

// once plans each time of the wall clock once. Later times of the wall clock never come before
// earlier ones, so the first that is after the moment is the next.
func (t Times) once(after time.Time) time.Time {
	for w := t.walls.Next(wallOf(after, t.zone)); !w.IsZero(); w = t.walls.Next(w) {
		if at := moment(w, t.zone); at.After(after) {
			return at
		}
	}
	return time.Time{}
}

// clock plans whatever the wall clock shows, from one change of the zone to the next.
func (t Times) clock(after time.Time) time.Time {
	for w := wallOf(after, t.zone); ; {
		here := after.In(t.zone)
		_, offset := here.Zone()
		_, change := here.ZoneBounds()
		if w = t.walls.Next(w); w.IsZero() {
			return w
		}
		at := w.Add(-time.Duration(offset) * time.Second)
		if change.IsZero() || at.Before(change) {
			return at
		}
		after, w = change, wallOf(change, t.zone).Add(-time.Second)
	}
}

// Upcoming returns the next n planned times after a moment, in UTC; fewer where no more are left.
func (t Times) Upcoming(after time.Time, n int) []time.Time {
	out := make([]time.Time, 0, n)
	for range n {
		at, some := t.Next(after)
		if !some {
			break
		}
		out, after = append(out, at), at
	}
	return out
}

// mostCounted bounds how many missed times are counted: more are that many.
const mostCounted = 1000

// between returns the newest planned time after one moment and no later than another, and
// how many there are, [mostCounted] at most; 0: none.
func (t Times) between(after, until time.Time) (newest time.Time, n int) {
	first, some := t.Next(after)
	if !some || first.After(until) {
		return time.Time{}, 0
	}
	for at := first; some && !at.After(until) && n < mostCounted; at, some = t.Next(at) {
		newest, n = at, n+1
	}
	if n < mostCounted {
		return newest, n
	}
	for back := time.Minute; ; back *= 2 { // the newest is looked for from the end
		at, some := t.Next(until.Add(-back))
		if !some || at.After(until) {
			continue
		}
		for ; some && !at.After(until); at, some = t.Next(at) {
			newest = at
		}
		return newest, n
	}
}
