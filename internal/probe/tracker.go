package probe

import (
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// Round is the result of one probe of the primary, and of a control if it missed.
type Round struct {
	Begun, Ended time.Time
	Err          error
	Refused      bool // nobody listens at the address
	Stalled      bool // the observer itself stood still meanwhile
	Writable     bool // a write was committed as well
	ControlOK    bool // another member answered right after the miss
}

// Tracker counts misses in a row. The zero value, with its names set, is ready.
type Tracker struct {
	Observer, Target string
	fact             fact.Probe
	newest           time.Time // begin of the newest good round
}

// Add takes a round in any order of arrival and returns what is now known.
func (t *Tracker) Add(r Round) fact.Probe {
	f := &t.fact
	f.Observer, f.Target = t.Observer, t.Target
	switch {
	case r.Err == nil:
		if r.Begun.After(t.newest) {
			t.newest = r.Begun
		}
		f.OK, f.Refused, f.Error, f.Misses, f.Writable = true, false, "", 0, r.Writable
		f.LastOK = r.Ended
	case r.Begun.Before(t.newest):
		return *f // an older round that ended late: the primary has answered since
	case !r.Refused && (!r.ControlOK || r.Stalled):
		f.Error = r.Err.Error() + " (not counted: the observer could not reach a control either, or stood still itself)"
	default:
		f.OK, f.Refused, f.Error, f.Writable = false, r.Refused, r.Err.Error(), false
		f.Misses++
	}
	f.At, f.Seconds = r.Ended, r.Ended.Sub(r.Begun).Seconds()
	return *f
}
