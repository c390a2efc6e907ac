package recovery

import (
	"slices"
	"time"
)

// RestoreWindow is the span in which a restore to any moment is possible at least (row 7.2.2).
const RestoreWindow = 30 * 24 * time.Hour

// anchor returns the full that restores to any moment of the window begin with: the newest that
// was complete before the window begins, among those that stay for weeks. A daily full that is only
// just old enough would expire within the day, and take the window's beginning with it. -1: there
// is none yet, so the whole archive is needed.
func anchor(all []Verdict, window time.Duration, now time.Time) int {
	for i, v := range slices.Backward(all) {
		long := slices.ContainsFunc(v.Tiers, func(t Tier) bool { return t != Daily })
		if long && !v.Stopped.After(now.Add(-window)) {
			return i
		}
	}
	return -1
}

// WindowFulls returns how many of the newest fulls must keep the whole archive that follows them,
// so that a restore reaches any moment of the window. It is what pgBackRest takes as
// repo-retention-archive, which counts fulls and not days, failed ones too. The verdicts are those
// of [Keep] about every full that is in the repository when the archive expires; so it is asked again
// after each expiry of a full.
func WindowFulls(all []Verdict, window time.Duration, now time.Time) int {
	i := anchor(all, window, now)
	return len(all) - max(i, 0)
}
