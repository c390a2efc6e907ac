package availability

import (
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

func TestMirrorTrouble(t *testing.T) {
	t.Parallel()
	fine := fact.KafkaMirror{From: "us-east-1", To: "us-west-2", At: zero, Sent: 5, Received: 5, Lag: 20 * time.Millisecond}
	for say, change := range map[string]func(*fact.KafkaMirror){
		"":                                   func(*fact.KafkaMirror) {},
		"has lost 2 records":                 func(m *fact.KafkaMirror) { m.Gaps = 2 },
		"has carried nothing yet: no broker": func(m *fact.KafkaMirror) { m.At, m.Error = time.Time{}, "no broker" },
		"is 30 s and 60 records behind":      func(m *fact.KafkaMirror) { m.Lag, m.Records = 30*time.Second, 60 },
		"carries nothing for 60 s: refused":  func(m *fact.KafkaMirror) { m.At, m.Error = zero.Add(-time.Minute), "refused" },
	} {
		m := fine
		change(&m)
		if got := MirrorTrouble(m, zero); !strings.Contains(got, say) || (say == "") != (got == "") {
			t.Errorf("%q, want %q", got, say)
		}
	}
}
