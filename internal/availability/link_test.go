package availability

import (
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// apart is both ways between the pair, with what each has missed.
func apart(now time.Time, there, back int) (fact.Link, fact.Link) {
	heard := func(missed int) time.Time { return now.Add(-time.Duration(missed) * time.Second / 2) }
	return fact.Link{From: east, To: west, At: now, Missed: there, Heard: heard(there)}, fact.Link{From: west, To: east, At: now, Missed: back, Heard: heard(back)}
}

func TestLinkTrouble(t *testing.T) {
	t.Parallel()
	now := zero.Add(time.Hour)
	for _, c := range []struct {
		there, back int
		age         time.Duration
		want        string
	}{
		{0, 0, 0, ""},
		{5, 5, 0, ""}, // a few may be lost
		{24, 0, 0, "us-west-2 has not heard us-east-1 for 12 s, although us-east-1 hears us-west-2"},
		{0, 24, 0, "us-east-1 has not heard us-west-2 for 12 s, although us-west-2 hears us-east-1"},
		{24, 48, 0, "us-east-1 and us-west-2 have not heard each other for 24 s"},
		{24, 24, time.Minute, ""}, // nobody knows what is now
	} {
		there, back := apart(now.Add(-c.age), c.there, c.back)
		if got := LinkTrouble(there, back, now); got != c.want {
			t.Errorf("%+v: %q", c, got)
		}
	}
	if got := LinkTrouble(fact.Link{}, fact.Link{}, now); got != "" {
		t.Errorf("where nobody measures: %q", got)
	}
}

// A cut keeps what must be handed over from being handed over, and nothing else.
func TestPlansOverALinkThatIsCut(t *testing.T) {
	t.Parallel()
	now := zero.Add(time.Hour)
	v := pairView(now)
	v.There, v.Back = apart(now, 60, 0)
	v.Target.Newest = now.Add(-30 * time.Second)
	if p := PlanMove(v, "", now); p.Ready || p.Mode != Graceful || !strings.Contains(p.WhyNot(), "us-west-2 has not heard us-east-1 for 30 s") || !strings.Contains(p.WhyNot(), "nothing can be handed over") {
		t.Errorf("the plan: %+v", p)
	}
	if p := PlanMove(v, Ungraceful, now); !p.Ready || p.LossBound != 30 {
		t.Errorf("without the region: %+v", p)
	}
	if p := PlanRestore(v, now); p.Ready || !strings.Contains(p.WhyNot(), "could not catch up") {
		t.Errorf("the way home: %+v", p)
	}
	before := Judge(pairView(now), now)
	if !Judge(v, now).Differs(before) {
		t.Error("the verdict is as before")
	}
}

func TestDecideLink(t *testing.T) {
	t.Parallel()
	now := zero.Add(time.Hour)
	for _, c := range []struct {
		name    string
		cut     bool
		missed  int
		age     time.Duration
		want    bool
		changed bool
	}{
		{"all is well", false, 0, 0, false, false},
		{"a few are lost", false, 5, 0, false, false},
		{"it is cut", false, 6, 0, true, true},
		{"it stays cut", true, 600, 0, true, false},
		{"one comes, and others do not", true, 1, 0, true, false},
		{"it is open again", true, 0, 0, false, true},
		{"nobody knows", true, 0, time.Minute, true, false},
	} {
		there, _ := apart(now.Add(-c.age), c.missed, 0)
		got, changed := DecideLink(LinkState{Cut: c.cut}, there, now)
		if got.Cut != c.want || changed != c.changed || got.From != east || got.To != west {
			t.Errorf("%s: %+v, %v", c.name, got, changed)
		}
	}
}
