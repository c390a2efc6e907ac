package runbook

import (
	"slices"
	"time"
)

// OnCall returns the person of a rotation who is on call at a moment, and until when that is so;
// false: nobody is. A person who is away is stood in for by the next one who is not.
func (r Rotation) OnCall(now time.Time) (who string, until time.Time, ok bool) {
	if len(r.Members) == 0 || r.Every <= 0 || now.Before(r.Begins.Time) {
		return "", time.Time{}, false
	}
	turn := int64(now.Sub(r.Begins.Time) / r.Every.D())
	until = r.Begins.Add(time.Duration(turn+1) * r.Every.D())
	for i := range r.Members {
		name := r.Members[(turn+int64(i))%int64(len(r.Members))]
		if gone, back := r.away(name, now); gone {
			until = earliest(until, back)
			continue
		}
		return name, earliest(until, r.leaves(name, now)), true
	}
	return "", time.Time{}, false
}

// away tells whether a person is away, and until when.
func (r Rotation) away(name string, now time.Time) (gone bool, back time.Time) {
	for _, a := range r.Away {
		if a.Person == name && !now.Before(a.From.Time) && now.Before(a.Until.Time) {
			return true, a.Until.Time
		}
	}
	return false, time.Time{}
}

// leaves returns when a person is away next; zero: never.
func (r Rotation) leaves(name string, now time.Time) (next time.Time) {
	for _, a := range r.Away {
		if a.Person == name && a.From.After(now) && (next.IsZero() || a.From.Before(next)) {
			next = a.From.Time
		}
	}
	return next
}

func earliest(a, b time.Time) time.Time {
	if b.IsZero() || a.Before(b) {
		return a
	}
	return b
}

// ahead is how far into the future somebody must be on call.
const ahead = 28 * 24 * time.Hour

// gap returns the first moment, from now on, at which nobody is on call; false: there is none.
// Only at these moments does it change who is.
func (r Rotation) gap(now time.Time) (time.Time, bool) {
	moments := []time.Time{now}
	for _, a := range r.Away {
		if a.From.After(now) && a.From.Before(now.Add(ahead)) {
			moments = append(moments, a.From.Time)
		}
	}
	slices.SortFunc(moments, time.Time.Compare)
	for _, t := range moments {
		if _, _, ok := r.OnCall(t); !ok {
			return t, true
		}
	}
	return time.Time{}, false
}
