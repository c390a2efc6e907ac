package availability

import (
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

func TestMirrorTrouble(t *testing.T) {
	t.Parallel()
	fine := fact.KafkaMirror{From: "us-east-1", To: "us-west-2", At: zero, Sent: 5, Received: 5, Lag: 20 * time.Millisecond, TopicsAt: zero, Topics: []fact.MirroredTopic{{Name: "runs", Whole: zero}}}
	topic := func(t fact.MirroredTopic) func(*fact.KafkaMirror) {
		return func(m *fact.KafkaMirror) { m.Topics = []fact.MirroredTopic{t} }
	}
	for say, change := range map[string]func(*fact.KafkaMirror){
		"":                                   func(*fact.KafkaMirror) {},
		"has lost 2 records":                 func(m *fact.KafkaMirror) { m.Gaps = 2 },
		"has carried nothing yet: no broker": func(m *fact.KafkaMirror) { m.At, m.Error = time.Time{}, "no broker" },
		"is 30 s and 60 records behind":      func(m *fact.KafkaMirror) { m.Lag, m.Records = 30*time.Second, 60 },
		"has stopped: RecordTooLarge":        func(m *fact.KafkaMirror) { m.Failed = "RecordTooLarge" },
		"us-west-2 are copied is not known yet: no topic":                                func(m *fact.KafkaMirror) { m.TopicsAt, m.TopicsError = time.Time{}, "no topic" },
		"us-west-2 are copied is not known for 60 s: timed out":                          func(m *fact.KafkaMirror) { m.TopicsAt, m.TopicsError = zero.Add(-time.Minute), "timed out" },
		"are behind: big lacks 3 records for 60 s, the first is offset 7 of partition 2": topic(fact.MirroredTopic{Name: "big", Records: 3, Whole: zero.Add(-time.Minute), Offset: 7, Partition: 2}),
		"are behind: big lacks 3 records, the first is offset 7 of partition 0":          topic(fact.MirroredTopic{Name: "big", Records: 3, Offset: 7}),
		"are behind: big does not say where it ends":                                     topic(fact.MirroredTopic{Name: "big", Records: -1, Whole: zero.Add(-time.Minute)}),
		"b lacks 1 records for 60 s, the first is offset 0 of partition 0; c lacks 1 records for 60 s, the first is offset 0 of partition 0; 2 more": func(m *fact.KafkaMirror) {
			m.Topics = nil
			for _, name := range []string{"a", "b", "c", "d", "e"} {
				m.Topics = append(m.Topics, fact.MirroredTopic{Name: name, Records: 1, Whole: zero.Add(-time.Minute)})
			}
		},
		"carries nothing for 60 s: refused": func(m *fact.KafkaMirror) { m.At, m.Error = zero.Add(-time.Minute), "refused" },
	} {
		m := fine
		change(&m)
		if got := MirrorTrouble(m, zero); !strings.Contains(got, say) || (say == "") != (got == "") {
			t.Errorf("%q, want %q", got, say)
		}
	}
}

// A topic that has just got records is not behind: the mirror tells every two seconds.
func TestWhatTheMirrorHasNotToldYetIsNotBehind(t *testing.T) {
	t.Parallel()
	m := fact.KafkaMirror{From: "us-east-1", To: "us-west-2", TopicsAt: zero, Topics: []fact.MirroredTopic{{Name: "busy", Records: 40, Whole: zero.Add(-6 * time.Second)}}}
	if why := TopicTrouble(m, zero.Add(2*time.Second)); why != "" {
		t.Error(why)
	}
	if covered := m.Covered(); !covered.Equal(zero.Add(-6 * time.Second)) {
		t.Errorf("covered until %v", covered)
	}
	m.Topics = append(m.Topics, fact.MirroredTopic{Name: "never", Records: 1})
	if covered := m.Covered(); !covered.IsZero() {
		t.Errorf("of a topic that never was whole something is unknown, not covered until %v", covered)
	}
}
