package recovery

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"
)

// Verdict is what is decided of one full backup.
type Verdict struct {
	Full
	Keep    bool
	Tiers   []Tier   // the places that it has now, from the shortest to the longest
	Reasons []string // why it is kept, or why it expires; for people and the journal
	Promote []Tier   // places that it has and that are not yet written beside it
	// Lock is until when it is to be locked; zero: no longer than it is. It is never earlier than
	// the lock that it has.
	Lock time.Time
	// Approvals is how many persons must agree to its expiry, beside whoever asks; 0: none.
	Approvals int
}

// anchorFor is how long the newest good full stays locked at least, so that nobody who stops the
// backups only has to wait; it is renewed when less than half of it is left.
const anchorFor = 14 * 24 * time.Hour

// longTermApprovals is how many persons agree to the expiry of a monthly or yearly backup.
const longTermApprovals = 2

// Keep decides which fulls stay, the oldest first. It returns [ErrListing] and no verdict where
// the listing is unknown or contradicts itself. Window is the span of restores to any moment.
func Keep(l Listing, p Policy, window time.Duration, now time.Time) ([]Verdict, error) {
	if err := l.check(); err != nil {
		return nil, err
	}
	out := make([]Verdict, 0, len(l.Fulls))
	for _, f := range l.Fulls {
		out = append(out, Verdict{Full: f})
	}
	slices.SortStableFunc(out, func(a, b Verdict) int {
		return cmp.Or(a.Stopped.Compare(b.Stopped), strings.Compare(a.Label, b.Label))
	})
	for _, t := range Tiers() {
		fill(out, t, p[t], now)
	}
	newest := newestGood(out, now)
	for i := range out {
		out[i].reason(p, now)
	}
	if newest >= 0 {
		out[newest].keep("it is the newest good full")
		if out[newest].lasts().Sub(now) < anchorFor/2 {
			out[newest].Lock = now.Add(anchorFor)
		}
	}
	if i := anchor(out, window, now); i >= 0 {
		out[i].keep(fmt.Sprintf("restores to any moment of the last %d days begin with it", int(window.Hours()/24)))
	}
	for i := range out {
		out[i].expire(newest >= 0)
	}
	return out, nil
}

// fill gives the n newest periods of a tier their full. Extras of days are kept by reason.
func fill(all []Verdict, t Tier, n int, now time.Time) {
	chosen := map[time.Time]int{} // beginning of a period → its full
	for i, v := range all {
		if !v.good(now) {
			continue
		}
		at := t.period(v.Stopped)
		have, taken := chosen[at]
		if !taken || slices.Contains(v.Promoted, t) && !slices.Contains(all[have].Promoted, t) {
			chosen[at] = i
		}
	}
	periods := make([]time.Time, 0, len(chosen))
	for at := range chosen {
		periods = append(periods, at)
	}
	slices.SortFunc(periods, func(a, b time.Time) int { return b.Compare(a) })
	for k, at := range periods {
		if k == n {
			break
		}
		all[chosen[at]].Tiers = append(all[chosen[at]].Tiers, t)
		if t == Daily {
			keepExtras(all, chosen[at])
		}
	}
}

// keepExtras keeps the other good fulls of a day that has its daily one.
func keepExtras(all []Verdict, daily int) {
	day := Daily.period(all[daily].Stopped)
	for i := range all {
		if i != daily && !all[i].Failed && Daily.period(all[i].Stopped).Equal(day) {
			all[i].keep(fmt.Sprintf("it is an extra of %s, beside %s", day.Format(time.DateOnly), all[daily].Label))
		}
	}
}

// good tells whether a full can fill a place: it has not failed, and is not from a clock that
// was ahead.
func (f Full) good(now time.Time) bool { return !f.Failed && !f.Stopped.After(now) }

// newestGood returns the newest good full; -1: there is none.
func newestGood(all []Verdict, now time.Time) int {
	for i, v := range slices.Backward(all) {
		if v.good(now) {
			return i
		}
	}
	return -1
}

func (v *Verdict) keep(why string) { v.Keep, v.Reasons = true, append(v.Reasons, why) }

// lasts is until when a full is locked once the verdict is carried out.
func (v *Verdict) lasts() time.Time {
	if v.Lock.After(v.Locked) {
		return v.Lock
	}
	return v.Locked
}

// reason says why a full is kept for itself, and until when it is to be locked for that: until so many
// periods after its own have begun, which is when a newer one can take its place.
func (v *Verdict) reason(p Policy, now time.Time) {
	for _, t := range v.Tiers {
		at := t.period(v.Stopped)
		v.keep(fmt.Sprintf("it is the %s full of %s", t, at.Format(time.DateOnly)))
		if until := t.later(at, p[t]); until.After(v.lasts()) {
			v.Lock = until
		}
		if !slices.Contains(v.Promoted, t) {
			v.Promote = append(v.Promote, t)
		}
	}
	if !v.Failed && v.Keep && len(v.Tiers) == 0 { // an extra
		if until := Daily.later(Daily.period(v.Stopped), p[Daily]); until.After(v.lasts()) {
			v.Lock = until
		}
	}
	if v.Stopped.After(now) {
		v.keep("its time is in the future: a clock was wrong")
	}
	if v.Locked.After(now) {
		v.keep("it is locked until " + v.Locked.UTC().Format(time.RFC3339))
	}
}

// expire says why a full that nothing keeps expires. While there is no good full, what failed is
// all that there is, and stays.
func (v *Verdict) expire(good bool) {
	if v.Keep {
		return
	}
	if !good {
		v.keep("there is no good full")
		return
	}
	why := "newer fulls have taken its place"
	if v.Failed {
		why = "it failed, and fills no place"
	}
	if len(v.Promoted) > 0 {
		why += fmt.Sprintf("; it was %s", strings.Join(words(v.Promoted), ", "))
	}
	v.Reasons = append(v.Reasons, why)
	if slices.Contains(v.Promoted, Monthly) || slices.Contains(v.Promoted, Yearly) {
		v.Approvals = longTermApprovals
	}
}

func words(tiers []Tier) []string {
	out := make([]string, 0, len(tiers))
	for _, t := range tiers {
		out = append(out, string(t))
	}
	return out
}
