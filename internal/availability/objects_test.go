package availability

import (
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/availability/replica"
	"github.com/greenlang/fournines/internal/fact"
)

func TestObjectTrouble(t *testing.T) {
	t.Parallel()
	fine := fact.ObjectMirror{From: "us-east-1", To: "us-west-2", At: zero, Whole: zero}
	for say, change := range map[string]func(*fact.ObjectMirror){
		"":                             func(*fact.ObjectMirror) {},
		"were not compared yet":        func(m *fact.ObjectMirror) { *m = fact.ObjectMirror{} },
		"were not compared yet: a gap": func(m *fact.ObjectMirror) { *m = fact.ObjectMirror{Why: "a gap"} },
		"are being compared whole for 20 s: a gap": func(m *fact.ObjectMirror) {
			m.Whole, m.Why = zero.Add(-20*time.Second), "a gap"
		},
		"were never compared: refused":          func(m *fact.ObjectMirror) { *m = fact.ObjectMirror{Error: "refused"} },
		"are 30 s, 7 versions and 2 KiB behind": func(m *fact.ObjectMirror) { m.Whole, m.Objects, m.Bytes = zero.Add(-30*time.Second), 7, 2100 },
		"are not compared for 60 s: refused": func(m *fact.ObjectMirror) {
			m.At, m.Whole, m.Error = zero.Add(-time.Minute), zero.Add(-time.Minute), "refused"
		},
		"are not compared for 20 s": func(m *fact.ObjectMirror) { m.At, m.Whole = zero.Add(-20*time.Second), zero.Add(-20*time.Second) },
	} {
		m := fine
		change(&m)
		if got := ObjectTrouble(m, zero); !strings.Contains(got, say) || (say == "") != (got == "") {
			t.Errorf("%q, want %q", got, say)
		}
	}
}

func TestALossNamesWhatItTakesToFindIt(t *testing.T) {
	t.Parallel()
	l := LossOf(replica.Conflict{
		Key: "k", Region: "us-east-1", Loser: fact.Origin{Region: "us-east-1", Version: "v1", Time: fact.Clock{Wall: 5}},
		Winner: fact.Origin{Region: "us-west-2", Version: "w1", Time: fact.Clock{Wall: 7, Count: 1}},
	}, "us-west-2")
	want := ObjectLoss{Key: "k", From: "us-east-1", To: "us-west-2", Version: "v1", At: "5.0", Winner: "w1", WinnerOf: "us-west-2", WinnerAt: "7.1"}
	if l != want || l.Name() != "us-east-1>us-west-2/v1" {
		t.Errorf("%+v", l)
	}
}
