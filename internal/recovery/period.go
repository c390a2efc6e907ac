package recovery

import "time"

// period returns when the period of a tier begins that a moment lies in, in UTC: its day, its
// ISO week from Monday, its month, or its year.
func (t Tier) period(at time.Time) time.Time {
	y, m, d := at.UTC().Date()
	switch t {
	case Weekly:
		d -= (int(at.UTC().Weekday()) + 6) % 7
	case Monthly:
		d = 1
	case Yearly:
		m, d = time.January, 1
	}
	return time.Date(y, m, d, 0, 0, 0, 0, time.UTC)
}

// later returns when the period begins that is n after the one that begins at a moment.
func (t Tier) later(begins time.Time, n int) time.Time {
	switch t {
	case Weekly:
		return begins.AddDate(0, 0, 7*n)
	case Monthly:
		return begins.AddDate(0, n, 0)
	case Yearly:
		return begins.AddDate(n, 0, 0)
	}
	return begins.AddDate(0, 0, n)
}
