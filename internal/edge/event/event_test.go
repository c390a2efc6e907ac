package event_test

import (
	"testing"

	"github.com/greenlang/fournines/internal/edge/event"
)

// TestLog: numbers grow by one from where they begin, a reader goes on where it
// stopped, the listener hears everything in order, and the oldest go first.
func TestLog(t *testing.T) {
	t.Parallel()
	var heard []uint64
	l := event.NewLog(100, func(e event.Event) { heard = append(heard, e.Seq) })
	const total = 5000
	for range total {
		l.Add(event.Event{Kind: event.BreakerOpen})
	}
	for i, seq := range heard {
		if seq != uint64(101+i) {
			t.Fatalf("the listener heard %d as event %d", seq, i)
		}
	}
	all := l.Since(0)
	if len(heard) != total || len(all) < 300 || len(all) > 512 || all[len(all)-1].Seq != 100+total {
		t.Fatalf("heard %d, kept %d", len(heard), len(all))
	}
	rest := l.Since(100 + total - 3)
	if len(rest) != 3 || rest[0].Seq != 100+total-2 {
		t.Fatalf("resumed with %+v", rest)
	}
	if more := l.Since(100 + total); len(more) != 0 {
		t.Fatalf("%d events follow the last", len(more))
	}
}
