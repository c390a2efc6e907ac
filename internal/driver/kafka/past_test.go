package kafka

import (
	"fmt"
	"testing"
)

func TestPastIsClosedOnce(t *testing.T) {
	t.Parallel()
	var p past
	for n := int64(1); n <= 5; n++ {
		p.sent(tick{"old", n})
		if n != 4 {
			p.copied(tick{"old", n})
			p.copied(tick{"old", n}) // a mirror copies again what it is not sure of
		}
	}
	p.sent(tick{"older", 9})
	p.copied(tick{"older", 9})
	p.copied(tick{"older", 8}) // older than what is looked at
	p.copied(tick{"ancient", 1})
	runs, first := p.close()
	if want := "[{old 5 4 [4]} {older 1 1 []}] true"; fmt.Sprint(runs, first) != want {
		t.Fatalf("%v %v, want %s", runs, first, want)
	}
	p.copied(tick{"old", 4})
	if runs, first := p.close(); first || runs != nil {
		t.Fatalf("closed again: %v", runs)
	}
}
