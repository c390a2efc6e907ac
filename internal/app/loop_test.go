package app

import (
	"testing"
	"testing/synctest"
	"time"
)

// Facts that change while nobody decides are as old as their change; those that change during
// a round are as old as that round at most, and never younger than they are.
func TestAwaitChange(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name           string
		round, changed time.Duration // how long ago the round began; when facts change, from now: 0 is before
		since, after   time.Duration // from now; since -1: nothing changed
	}{
		{"during a slow round", 300 * time.Millisecond, 0, -300 * time.Millisecond, 20 * time.Millisecond},
		{"after the round", 5 * time.Millisecond, 100 * time.Millisecond, 100 * time.Millisecond, 120 * time.Millisecond},
		{"not at all", 5 * time.Millisecond, time.Hour, -1, tick},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			synctest.Test(t, func(t *testing.T) {
				now, changed := time.Now(), make(chan struct{})
				if c.changed == 0 {
					close(changed)
				} else {
					time.AfterFunc(c.changed, func() { close(changed) })
				}
				since := awaitChange(t.Context(), changed, now.Add(-c.round))
				if after := time.Since(now); after != c.after {
					t.Errorf("the next round begins after %v, want %v", after, c.after)
				}
				if c.since == -1 && !since.IsZero() || c.since != -1 && since.Sub(now) != c.since {
					t.Errorf("waiting since %v, want %v", since.Sub(now), c.since)
				}
			})
		})
	}
}
