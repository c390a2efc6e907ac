package availability

import (
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/control"
)

// A copy is allowed again when so many have left the hour that neither bound is reached.
func TestWhenACopyIsAllowedAgain(t *testing.T) {
	t.Parallel()
	now := zero.Add(10 * time.Hour)
	of := func(state string, ages ...int) (out []control.Operation) {
		for _, age := range ages {
			out = append(out, control.Operation{Action: control.Action{Kind: KindReclone, Subject: "m"}, State: state, Begun: now.Add(-time.Duration(age) * time.Minute)})
		}
		return out
	}
	for name, c := range map[string]struct {
		last  []control.Operation
		tries int
		in    time.Duration // 0: now
	}{
		"none":                      {nil, 0, 0},
		"two failed":                {of(control.Failed, 50, 10), 2, 0},
		"three failed":              {of(control.Failed, 10, 30, 50), 3, 10 * time.Minute},
		"four failed":               {of(control.Failed, 50, 40, 30, 10), 4, 20 * time.Minute},
		"three, and one long ago":   {of(control.RolledBack, 70, 20, 10), 2, 0},
		"one runs":                  {append(of(control.Failed, 50, 40), of(control.Running, 1)...), 3, 0},
		"eleven helped":             {of(control.Succeeded, 55, 50, 45, 40, 35, 30, 25, 20, 15, 10, 5), 11, 0},
		"twelve helped":             {of(control.Succeeded, 55, 50, 45, 40, 35, 30, 25, 20, 15, 10, 5, 1), 12, 5 * time.Minute},
		"twelve, of which 3 failed": {append(of(control.Succeeded, 55, 50, 45, 40, 35, 30, 25, 20, 15), of(control.Failed, 10, 5, 1)...), 12, 50 * time.Minute},
		"refused ones do not count": {of(control.Refused, 3, 2, 1), 0, 0},
	} {
		tries, next := copiesOf(c.last, KindReclone, "m", now)
		if in := next.Sub(now); tries != c.tries || next.IsZero() != (c.in == 0) || !next.IsZero() && in != c.in {
			t.Errorf("%s: %d tries, allowed %v; want %d, in %v", name, tries, next, c.tries, c.in)
		}
	}
}
