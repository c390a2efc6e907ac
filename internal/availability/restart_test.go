package availability

import (
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// A restart in order is one from its stop until the server runs; a start after a death is none.
func TestRestartingSince(t *testing.T) {
	t.Parallel()
	var since time.Time
	for i, c := range []struct {
		state string
		want  int // second; -1: no restart
	}{{"running", -1}, {"starting", -1}, {"restarting", 2}, {"starting", 2}, {"running", -1}, {"starting", -1}, {"stopping", 6}, {"stopped", -1}, {"start failed", -1}} {
		since = RestartingSince(since, fact.PostgresMember{State: c.state, Seen: zero.Add(time.Duration(i) * time.Second)})
		if want := zero.Add(time.Duration(c.want) * time.Second); since.IsZero() != (c.want < 0) || c.want >= 0 && !since.Equal(want) {
			t.Errorf("%d: %s since %v, want %d", i, c.state, since, c.want)
		}
	}
}
