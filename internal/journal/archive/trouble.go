package archive

import (
	"errors"
	"time"
)

var (
	errNotProbed = errors.New("the store's locks are not tested yet: the probe runs first")
	errBroken    = errors.New("the last probe showed that the store's locks do not hold (`fournines archive status`): use another store")
	errDamaged   = errors.New("the log differs from its signed tree")
)

// class says in a word what is wrong, and whether waiting may mend it.
func class(err error) (word string, lasting bool) {
	switch {
	case errors.Is(err, ErrConflict):
		return "conflict", true
	case errors.Is(err, ErrUnproved), errors.Is(err, errBroken):
		return "unproved", true
	case errors.Is(err, errDamaged):
		return "damaged", true
	}
	return "unavailable", false
}

// trouble follows the results of the attempts. It is pure: time and chance are given.
type trouble struct {
	since time.Time // of the first failure in a row
	pause time.Duration
}

const (
	firstPause = time.Second
	lastPause  = 5 * time.Minute
)

// failed takes a failure, and says how long to wait, and whether it has lasted long
// enough for an alarm. chance lies in [0, 1).
func (t *trouble) failed(err error, now time.Time, after time.Duration, chance float64) (wait time.Duration, alarm bool) {
	if t.since.IsZero() {
		t.since, t.pause = now, firstPause
	}
	wait = t.pause/2 + time.Duration(chance*float64(t.pause/2))
	t.pause = min(2*t.pause, lastPause)
	_, lasting := class(err)
	return wait, lasting || now.Sub(t.since) >= after
}

func (t *trouble) over() { *t = trouble{} }
