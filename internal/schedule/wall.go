package schedule

import "time"

// wallOf is what a zone's wall clock shows at a moment, written as if the zone were UTC.
func wallOf(at time.Time, zone *time.Location) time.Time {
	l := at.In(zone)
	return time.Date(l.Year(), l.Month(), l.Day(), l.Hour(), l.Minute(), l.Second(), 0, time.UTC)
}

// farthest is more than any zone is from UTC, and less than the time between two of its changes.
const farthest = 15 * time.Hour

// moment returns when a zone's wall clock shows a time: the first such moment where there are
// two, and the moment after the gap where the clock skips it.
func moment(wall time.Time, zone *time.Location) time.Time {
	before, after := offset(wall.Add(-farthest), zone), offset(wall.Add(farthest), zone)
	for _, o := range []time.Duration{max(before, after), min(before, after)} {
		if at := wall.Add(-o); wallOf(at, zone).Equal(wall) {
			return at
		}
	}
	change, _ := wall.Add(-before).In(zone).ZoneBounds()
	return change.UTC()
}

// offset is how far a zone is ahead of UTC at a moment.
func offset(at time.Time, zone *time.Location) time.Duration {
	_, seconds := at.In(zone).Zone()
	return time.Duration(seconds) * time.Second
}
