package availability

import (
	"testing"
	"time"
)

func TestAVerdictDiffersByItsWordsAndNotByItsFigures_7_1_9(t *testing.T) {
	t.Parallel()
	now := zero.Add(time.Hour)
	behind := func(bytes int64) Verdict {
		v := pairView(now)
		v.Source.Members[0].Received += bytes
		return Judge(v, now)
	}
	first := behind(0)
	if !first.Planned.Ready || first.Planned.Mode != Graceful || !first.Lost.Ready || first.Lost.Mode != Ungraceful {
		t.Fatalf("%+v", first)
	}
	if !first.Differs(Verdict{}) {
		t.Error("the first verdict is none")
	}
	if behind(1000).Differs(first) {
		t.Error("1,000 bytes more of lag are another verdict")
	}
	late := behind(100 << 20)
	if late.Planned.Ready || !late.Differs(first) {
		t.Errorf("100 MiB behind: %+v", late.Planned)
	}
	if behind(107 << 20).Differs(late) {
		t.Error("107 MiB behind is another verdict than 100")
	}
	if !first.Differs(late) {
		t.Error("that it caught up is no verdict")
	}
	away := pairView(now)
	away.Target.Lock.Leader = ""
	if !Judge(away, now).Differs(late) {
		t.Error("another reason is no verdict")
	}
	back := pairView(now) // it was moved away, and its region is fenced
	back.From, back.To, back.Waits = west, east, RegionWish{Fenced: "e", Reason: "fire"}
	if v := Judge(back, now); !v.Planned.Ready || v.Planned.LossBound != unknown || v.Lost.Ready { // nobody can see how far its copy is
		t.Errorf("to bring it home: %+v", v)
	}
	back.Nodes = 2
	if v := Judge(back, now); v.Planned.Ready {
		t.Errorf("to bring it home to two zones of three: %+v", v.Planned)
	}
}
