package schedule

import (
	"time"

	"github.com/greenlang/fournines/internal/control"
)

// Tolerance is how far the clock may go back before a schedule begins to plan anew. Until then it
// waits for the clock. Control knows a key for at least this long, so a planned time that comes
// again within it is the operation that it was.
const Tolerance = control.Window

// Why a schedule plans from now on.
const (
	New     = "new"
	Changed = "changed"
	Clock   = "clock"
)

// Unset returns what is to be recorded before anything of a schedule is due, by name: it is new,
// its times differ from those that its course has, or the clock has gone back beyond [Tolerance].
func Unset(all []Timed, courses map[string]Course, now time.Time) map[string]Setting {
	out := map[string]Setting{}
	for _, s := range all {
		c, known := courses[s.Name]
		var why string
		switch {
		case !known || c.Cron == "":
			why = New
		case c.Cron != s.Cron || c.Zone != s.Zone:
			why = Changed
		case c.base().Sub(now) > Tolerance:
			why = Clock
		default:
			continue
		}
		out[s.Name] = Setting{Cron: s.Cron, Zone: s.Zone, Since: now, Why: why}
	}
	return out
}

// Due is a run that is to begin.
type Due struct {
	Timed
	Run
}

// Decide returns the runs that are due at a moment: at most one of each schedule, for its
// newest planned time, which says how many earlier ones it stands for. A schedule whose run goes on,
// that is paused or held back by a window, that is not set, or that has just been changed, is not due.
func Decide(all []Timed, courses map[string]Course, windows []Window, now time.Time) []Due {
	var out []Due
	for _, s := range all {
		c := courses[s.Name]
		if c.Running != nil || c.PauseAt(now) != nil || !held(s.Name, windows, now).IsZero() {
			continue
		}
		if planned, n := s.owed(c, now); n > 0 {
			out = append(out, Due{s, Run{Key: Key(s.Name, planned), Planned: planned, Missed: n - 1, Begun: now}})
		}
	}
	return out
}

// owed returns the newest planned time that has come and has not begun, and how many there are.
func (s Timed) owed(c Course, now time.Time) (newest time.Time, n int) {
	if c.Cron != s.Cron || c.Zone != s.Zone { // it is set first
		return time.Time{}, 0
	}
	return s.between(c.base(), now.Add(-s.delay()))
}
