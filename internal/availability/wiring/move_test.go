package wiring

import (
	"testing"
	"testing/synctest"
	"time"

	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/wing"
)

// A server that has just begun waits for what it has not seen; one that has looked long
// enough answers with what it knows.
func TestSighted(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		looked, seen, waits time.Duration
	}{
		"it is known already":        {0, 0, 0},
		"it is known after a while":  {0, 3 * time.Second, 3 * time.Second},
		"it is never known":          {0, time.Hour, 2 * wing.Blind},
		"it has looked for a minute": {time.Minute, time.Hour, 0},
	} {
		synctest.Test(t, func(t *testing.T) {
			began := time.Now()
			s := wiringOf(place.Layout{Platform: &spec.Platform{}})
			s.house.Looking = began.Add(-c.looked)
			s.sighted(t.Context(), func(now time.Time) bool { return now.Sub(began) >= c.seen })
			if got := time.Since(began); got != c.waits {
				t.Errorf("%s: it waited %s, want %s", name, got, c.waits)
			}
		})
	}
}
