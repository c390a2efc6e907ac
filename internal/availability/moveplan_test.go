package availability

import (
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/spec"
)

// pairView is a pair of regions of which all is well.
func pairView(now time.Time) MoveView {
	v := MoveView{Home: east, From: east, To: west, Runs: true, Nodes: 3, Zones: 3, Targets: spec.Targets{RPO: spec.Duration(15 * time.Minute)}}
	v.Source = fact.Postgres{Lock: fact.PostgresLock{Leader: "e"}, Members: []fact.PostgresMember{{Name: "e", ID: "e", Role: "primary", State: "running", Seen: now, Received: 5000}}}
	v.Target = fact.Postgres{
		Lock: fact.PostgresLock{Leader: "w", Standby: true}, Newest: now.Add(-2 * time.Second), NewestAt: now,
		Members: []fact.PostgresMember{{Name: "w", ID: "w", Role: "standby_leader", State: "streaming", Seen: now, Received: 4000}},
	}
	return v
}

func TestPlanMove(t *testing.T) {
	t.Parallel()
	now := zero.Add(time.Hour)
	for _, c := range []struct {
		name, mode string
		change     func(*MoveView)
		want       string // mode it chooses, then why not
		loss       float64
	}{
		{"all is well", "", func(*MoveView) {}, "graceful", 0},
		{"the source is silent", "", func(v *MoveView) { v.Source.Members[0].Seen = now.Add(-10 * time.Second) }, "ungraceful", 0},
		{"the source wrote on after the last copy", "", func(v *MoveView) {
			v.Source.Members[0].Seen, v.Target.Newest = now.Add(-10*time.Second), now.Add(-14*time.Second)
		}, "ungraceful", 4},
		{"it lags more than may be lost", Ungraceful, func(v *MoveView) {
			v.Source.Members[0].Seen, v.Target.Newest = now, now.Add(-20*time.Minute)
		}, "ungraceful: 1200 s of acknowledged writes could be lost", 1200},
		{"graceful without a source", Graceful, func(v *MoveView) { v.Source.Members[0].Seen = now.Add(-time.Minute) }, "graceful: us-east-1/postgres has no primary that answers", 0},
		{"too far behind", Graceful, func(v *MoveView) { v.Source.Members[0].Received = 100 << 20 }, "graceful: us-west-2 is 99 MiB behind", 0},
		{"it does not stream", "", func(v *MoveView) { v.Target.Members[0].State = "in archive recovery" }, "graceful: w is in archive recovery and does not stream from us-east-1", 0},
		{"nobody knows how far it is", "", func(v *MoveView) { v.Source.Members[0].Received = 0 }, "graceful: nobody knows how far us-west-2 is behind", -1},
		{"its partner has outrun it", "", outrun, "graceful: us-west-2/postgres must be copied anew, which fournines does: w needs write-ahead log", -1},
		{"its partner has outrun it and is lost", Ungraceful, outrun, "ungraceful", 2},
		{"nobody knows what would be lost", Ungraceful, func(v *MoveView) { v.Target.Newest = time.Time{} }, "ungraceful: nobody knows how much of acknowledged writes would be lost", -1},
		{"no capacity", "", func(v *MoveView) { v.Nodes = 2 }, "graceful: 2 of 3 zones of us-west-2 report", 0},
		{"it does not run", "", func(v *MoveView) { v.Runs = false }, "graceful: us-west-2 does not run here", -1},
		{"it is fenced itself", "", func(v *MoveView) { v.Waits = RegionWish{Fenced: "e", Reason: "fire"} }, "graceful: us-west-2 is fenced", -1},
		{"its switch is off", "", func(v *MoveView) {
			v.Waits = RegionWish{Off: true, Switched: Switched{At: zero, By: "ada", Reason: "maintenance"}}
		}, "graceful: us-west-2 would get no customers, its routing switch is off since " + zero.UTC().Format(time.RFC3339) + ", by ada (maintenance): set it with `fournines route set us-west-2 on` first", 0},
		{"its switch is off, and its home region lost", Ungraceful, func(v *MoveView) { v.Waits = RegionWish{Off: true} }, "ungraceful: us-west-2 would get no customers, its routing switch is off: set", 2},
		{"somebody else moves it", "", func(v *MoveView) { v.Busy = "evacuate-1" }, "graceful: operation evacuate-1 works on us-east-1", -1},
		{"the target has no leader", "", func(v *MoveView) { v.Target.Lock.Leader = "" }, "graceful: us-west-2/postgres has no leader that answers", -1},
		{"objects are copied", "", func(v *MoveView) {
			v.Objects = &fact.ObjectMirror{From: east, To: west, At: now, Whole: now.Add(-time.Second)}
		}, "graceful", 0},
		{"objects are behind", "", func(v *MoveView) {
			v.Objects = &fact.ObjectMirror{From: east, To: west, At: now, Whole: now.Add(-time.Minute), Objects: 7, Bytes: 9000}
		}, "graceful: objects us-east-1 → us-west-2 are 60 s, 7 versions and 8 KiB behind", 0},
		{"an object cannot be copied", "", func(v *MoveView) {
			v.Objects = &fact.ObjectMirror{From: east, To: west, At: now, Whole: now, StuckCount: 1, Stuck: []fact.ObjectStuck{{Key: "a//b", Why: "refused", Since: now.Add(-time.Minute)}}}
		}, `graceful: 1 objects of us-east-1 cannot be copied to us-west-2: "a//b" for 60 s: refused: mend that (` + "`fournines objects stuck`" + `), or go on without them, which stay in us-east-1: --leave-object "a//b"`, 0},
		{"an object cannot be copied, and somebody goes on without it", "", func(v *MoveView) {
			v.Objects = &fact.ObjectMirror{From: east, To: west, At: now, Whole: now, StuckCount: 1, Stuck: []fact.ObjectStuck{{Key: "a//b", Why: "refused", Since: now}}}
			v.Without = []string{"a//b"}
		}, "graceful", 0},
		{"more objects cannot be copied than are named", "", func(v *MoveView) {
			v.Objects = &fact.ObjectMirror{From: east, To: west, At: now, Whole: now, StuckCount: 2, Stuck: []fact.ObjectStuck{{Key: "a", Why: "refused", Since: now}}}
			v.Without = []string{"a"}
		}, "graceful: 2 objects of us-east-1 cannot be copied to us-west-2", 0},
		{"an object cannot be copied for longer than the target allows", Ungraceful, func(v *MoveView) {
			v.Objects = &fact.ObjectMirror{From: east, To: west, At: now, Whole: now, StuckCount: 1, Stuck: []fact.ObjectStuck{{Key: "a", Why: "refused", Since: now.Add(-time.Hour)}}}
		}, "ungraceful: 1 objects of us-east-1 cannot be copied to us-west-2", 2},
		{"nobody knows how far objects are", "", func(v *MoveView) { v.Objects = &fact.ObjectMirror{From: east, To: west, Error: "refused"} }, "graceful: objects us-east-1 → us-west-2 were never compared: refused", 0},
		{"more objects than the target allows", Ungraceful, func(v *MoveView) {
			v.Objects = &fact.ObjectMirror{From: east, To: west, At: now, Whole: now.Add(-20 * time.Minute), Objects: 7}
		}, "ungraceful: 1200 s of acknowledged objects would be missing until us-east-1 is back", 2},
		{"topics are copied", "", func(v *MoveView) {
			v.Mirror = &fact.KafkaMirror{From: east, To: west, TopicsAt: now, Topics: []fact.MirroredTopic{{Name: "runs", Whole: now}}}
		}, "graceful", 0},
		{"one topic stands still, whatever canaries say", "", func(v *MoveView) {
			v.Mirror = &fact.KafkaMirror{From: east, To: west, At: now, TopicsAt: now, Topics: []fact.MirroredTopic{{Name: "runs", Whole: now}, {Name: "big", Records: 3, Offset: 7, Whole: now.Add(-time.Minute)}}}
		}, "graceful: topics us-east-1 → us-west-2 are behind: big lacks 3 records for 60 s, the first is offset 7 of partition 0: see", -1},
		{"nobody knows how far topics are", "", func(v *MoveView) {
			v.Mirror = &fact.KafkaMirror{From: east, To: west, At: now}
		}, "graceful: how far topics us-east-1 → us-west-2 are copied is not known yet", -1},
		{"its region is lost, and one topic stood still", Ungraceful, func(v *MoveView) {
			v.Source.Members[0].Seen, v.Target.Newest = now.Add(-8*time.Second), now.Add(-9*time.Second)
			v.Mirror = &fact.KafkaMirror{From: east, To: west, TopicsAt: now.Add(-10 * time.Second), Topics: []fact.MirroredTopic{{Name: "big", Records: 3, Whole: now.Add(-70 * time.Second)}}}
		}, "ungraceful", 62},
		{"its region is lost, and one topic has stood still for long", Ungraceful, func(v *MoveView) {
			v.Mirror = &fact.KafkaMirror{From: east, To: west, TopicsAt: now, Topics: []fact.MirroredTopic{{Name: "big", Records: 3, Whole: now.Add(-20 * time.Minute)}}}
		}, "ungraceful: 1200 s of acknowledged records would be missing until us-east-1 is back", 1200},
		{"its region is lost, and nobody knew how far topics were", Ungraceful, func(v *MoveView) {
			v.Mirror = &fact.KafkaMirror{From: east, To: west}
		}, "ungraceful", -1},
		{"an earlier move promoted it", "", func(v *MoveView) {
			v.Target.Lock.Standby, v.Target.Members[0].Role, v.Source.Lock.Standby = false, "primary", true
			v.Source.Members[0].Role = "standby_leader"
		}, "ungraceful", 0},
	} {
		v := pairView(now)
		c.change(&v)
		p := PlanMove(v, c.mode, now)
		got := p.Mode
		if !p.Ready {
			got += ": " + strings.Join(p.Reasons, "; ")
		}
		if !strings.HasPrefix(got, c.want) || p.Ready == strings.Contains(c.want, ":") || p.LossBound != c.loss {
			t.Errorf("%s: %q, loss %v; want %q, %v", c.name, got, p.LossBound, c.want, c.loss)
		}
	}
	for name, change := range map[string]func(*MoveView){"far behind": func(v *MoveView) { v.Source.Members[0].Received = 461 << 20 }, "outrun": outrun} {
		v := pairView(now)
		change(&v)
		if p := PlanRestore(v, now); p.LossBound != unknown || p.Ready != (name == "far behind") {
			t.Errorf("a restore of a region that is %s: %+v", name, p)
		}
	}
	v := pairView(now)
	v.Waits.Off = true
	if p := PlanRestore(v, now); p.Ready || !strings.Contains(p.WhyNot(), "its routing switch is off") {
		t.Errorf("a restore to a region whose switch is off: %+v", p)
	}
}
