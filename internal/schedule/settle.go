package schedule

import (
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/control"
)

// Lost is the outcome of a run whose end nobody knows.
const Lost = "lost"

// Settle decides what becomes of a run that has begun, from its operation. It is over where an
// outcome is returned; else it goes on, and where again is true its action is handed to control.
//
// An operation that control does not know was never begun, or ended so long ago that it has left
// the state: within [control.Window] only the first can be, and the action is handed over again.
func Settle(r Run, o control.Operation, known bool, now time.Time) (over *Outcome, again bool) {
	switch {
	case known && o.Finished():
		return &Outcome{Key: r.Key, Planned: r.Planned, State: o.State, Error: o.Error, Ended: o.Ended}, false
	case known:
		return nil, false
	case now.Sub(r.Begun).Abs() < control.Window:
		return nil, true
	}
	return r.Fail(Lost, fmt.Errorf("it began at %s, and nothing is known of its operation", r.Begun.UTC().Format(time.RFC3339)), now), false
}

// Fail is the outcome of a run that no operation tells the end of.
func (r Run) Fail(state string, err error, now time.Time) *Outcome {
	return &Outcome{Key: r.Key, Planned: r.Planned, State: state, Error: err.Error(), Ended: now}
}
