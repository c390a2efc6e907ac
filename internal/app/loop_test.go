package app

import (
	"testing"
	"time"
)

// The loop's lag counts from the change of facts that a round decides on; a change during a
// round is as old as that round, and without a change there is no lag.
func TestLagCountsFromTheChange(t *testing.T) {
	t.Parallel()
	began := time.Now()
	later := began.Add(time.Second)
	for name, c := range map[string]struct {
		during, before bool
		want           time.Time
	}{
		"during the round": {true, true, began},
		"after the round":  {false, true, later},
		"not at all":       {false, false, time.Time{}},
	} {
		changed := make(chan struct{})
		l := loop{changed: changed}
		if c.during {
			close(changed)
		}
		l.end(began)
		if c.before && !c.during {
			close(changed)
		}
		if got := l.since(later); !got.Equal(c.want) {
			t.Errorf("%s: since %v, want %v", name, got, c.want)
		}
	}
}
