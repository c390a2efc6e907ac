package probe

import (
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// Round is the result of one probe of the primary, and of its controls if it misses.
type Round struct {
	Begun, Ended time.Time
	fact.ProbeResult
	Stalled   bool // the observer itself stood still meanwhile
	ControlOK bool // right after a silence another member answered, so that the way is good
}

// Tracker counts misses in a row. The zero value, with its names set, is ready.
type Tracker struct {
	Observer, Target string
	fact             fact.Probe
	newest           time.Time // begin of the newest round in which the target lived
}

// Add takes a round in any order of arrival and returns what is now known.
func (t *Tracker) Add(r Round) fact.Probe {
	f := &t.fact
	f.Observer, f.Target = t.Observer, t.Target
	outcome, why := r.Outcome, r.Error
	if !outcome.Lives() && r.Begun.Before(t.newest) {
		return *f // an older round that ended late: the primary has answered since
	}
	if outcome == fact.Hangs && (!r.ControlOK || r.Stalled) {
		outcome, why = fact.Unseen, why+" (not counted: the observer could not reach a control either, or stood still itself)"
	}
	switch outcome {
	case fact.Serves, fact.Refuses, fact.Full:
		if r.Begun.After(t.newest) {
			t.newest = r.Begun
		}
		f.Misses = 0
		if outcome == fact.Serves {
			f.LastOK = r.Ended
		}
	case fact.Hangs, fact.Gone:
		f.Misses++
	case fact.Unseen: // neither one more nor one less
	}
	if outcome != f.Outcome {
		f.Since = r.Ended
	}
	f.Barred = fact.Since(f.Barred, outcome == fact.Serves && !r.Writable && why != "", r.Ended)
	f.Outcome, f.Error, f.Writable = outcome, why, r.Writable
	f.At, f.Seconds = r.Ended, r.Ended.Sub(r.Begun).Seconds()
	return *f
}
