package availability

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
)

const mirrorID = "us-west-2/a/mirror"

// mirrorView is a mirror of which all is well, with the topics runs, orders and big.
func mirrorView(now time.Time) MirrorView {
	w := MirrorWay{KafkaMirror: fact.KafkaMirror{From: east, To: west, At: now, TopicsAt: now}, Known: map[string]TopicIDs{}}
	for _, name := range []string{"big", "fournines.canary", "orders", "runs"} {
		w.Topics = append(w.Topics, fact.MirroredTopic{Name: name, ID: name + "-1", Copy: name + "-2", Whole: now, Moved: now.Add(-2 * time.Second), Old: -1})
		w.Known[name] = TopicIDs{name + "-1", name + "-2"}
	}
	return MirrorView{Component: mirrorID, Runs: true, Ways: []MirrorWay{w, {KafkaMirror: fact.KafkaMirror{From: west, To: east, TopicsAt: now}}}}
}

// stand makes topics stand still for some time.
func (v *MirrorView) stand(ago time.Duration, names ...string) {
	w := &v.Ways[0]
	for i := range w.Topics {
		t := &w.Topics[i]
		for n, name := range names {
			if t.Name == name { // the first named stood still first
				t.Records, t.Offset, t.Whole = 3, 7, w.TopicsAt.Add(-ago+time.Duration(n)*time.Second)
				t.Moved = t.Whole.Add(-time.Second)
			}
		}
	}
}

// did notes an operation that ended some time ago.
func (v *MirrorView) did(t *testing.T, now time.Time, ago time.Duration, a SteerArgs) {
	t.Helper()
	b, err := json.Marshal(a)
	if err != nil {
		t.Fatal(err)
	}
	at := now.Add(-ago)
	v.Last = append(v.Last, control.Operation{Action: control.Action{Kind: KindSteer, Subject: mirrorID, Args: b}, State: control.Succeeded, Begun: at.Add(-5 * time.Second), Ended: at})
}

func aside(topic string, at time.Time) SetAside {
	return SetAside{From: east, To: west, Topic: topic, At: at}
}

// say words what is decided.
func say(t *testing.T, actions []control.Action) string {
	t.Helper()
	if len(actions) == 0 {
		return "nothing"
	}
	var a SteerArgs
	if err := json.Unmarshal(actions[0].Args, &a); err != nil || len(actions) > 1 || actions[0].Kind != KindSteer || actions[0].Subject != mirrorID {
		t.Fatalf("%v: %+v", err, actions)
	}
	var out []string
	for _, r := range a.Renewed {
		out = append(out, fmt.Sprintf("anew %s, %d lacked", r.Topic, r.Lacked))
	}
	for _, f := range a.Forget {
		out = append(out, fmt.Sprintf("forget %d", len(f.Topics)))
	}
	for _, r := range a.Resume {
		out = append(out, "resume "+r.Topic)
	}
	for _, s := range a.Aside {
		out = append(out, fmt.Sprintf("aside %s %d:%d", s.Topic, s.Partition, s.Offset))
	}
	if a.restart() {
		out = append(out, "restart")
	}
	return strings.Join(out, ", ")
}

func TestDecideMirror_7_1_6(t *testing.T) {
	t.Parallel()
	now := zero.Add(time.Hour)
	all := []string{"big", "orders", "runs", "fournines.canary"}
	restarted := func(v *MirrorView) {
		v.did(t, now, 4*time.Minute, SteerArgs{Component: mirrorID})
		v.did(t, now, 3*time.Minute, SteerArgs{Component: mirrorID})
	}
	for _, c := range []struct {
		name   string
		change func(*MirrorView)
		want   string
	}{
		{"all is well", func(*MirrorView) {}, "nothing"},
		{"records have just come", func(v *MirrorView) { v.stand(6*time.Second, all...) }, "nothing"},
		{"everything stands still", func(v *MirrorView) { v.stand(2*time.Minute, all...) }, "restart"},
		{"everything has stood still for a minute", func(v *MirrorView) { v.stand(time.Minute, all...) }, "nothing"},
		{"a topic that was never copied", func(v *MirrorView) { v.stand(2*time.Minute, "orders"); v.Ways[0].Topics[2].Moved = time.Time{} }, "nothing"},
		{"for long", func(v *MirrorView) { v.stand(4*time.Minute, "orders"); v.Ways[0].Topics[2].Moved = time.Time{} }, "restart"},
		{"its task failed", func(v *MirrorView) { v.Ways[0].Failed, v.Ways[0].FailedAt = "x", now; v.stand(8*time.Second, all...) }, "restart"},
		{"its task failed before it was restarted", func(v *MirrorView) {
			v.Ways[0].Failed, v.Ways[0].FailedAt = "x", now.Add(-time.Minute)
			v.stand(70*time.Second, all...)
			v.did(t, now, 50*time.Second, SteerArgs{Component: mirrorID})
		}, "nothing"},
		{"its task failed again", func(v *MirrorView) {
			v.Ways[0].Failed, v.Ways[0].FailedAt = "x", now.Add(-20*time.Second)
			v.stand(70*time.Second, all...)
			v.did(t, now, 50*time.Second, SteerArgs{Component: mirrorID})
		}, "restart"},
		{"it was restarted a minute ago", func(v *MirrorView) {
			v.stand(5*time.Minute, all...)
			v.did(t, now, time.Minute, SteerArgs{Component: mirrorID})
		}, "nothing"},
		{"one topic of many stands still", func(v *MirrorView) { v.stand(2*time.Minute, "orders") }, "restart"},
		{"a topic that nobody writes to", func(v *MirrorView) { v.Ways[0].Topics[2].Moved = zero }, "nothing"},
		{"its process does not run", func(v *MirrorView) { v.Runs = false; v.stand(time.Minute, all...) }, "nothing"},
		{"the link is cut", func(v *MirrorView) { v.Ways[0].Apart = "cut"; v.stand(time.Minute, all...) }, "nothing"},
		{"nobody has looked", func(v *MirrorView) { v.stand(time.Minute, all...); v.Ways[0].TopicsAt = now.Add(-time.Minute) }, "nothing"},
		{"this server looks since now", func(v *MirrorView) {
			v.stand(5*time.Minute, all...)
			for i := range v.Ways[0].Topics {
				v.Ways[0].Topics[i].Whole = time.Time{}
			}
			v.Looking = now.Add(-10 * time.Second)
		}, "nothing"},
		{"this server looks since a while", func(v *MirrorView) {
			v.stand(5*time.Minute, all...)
			for i := range v.Ways[0].Topics {
				v.Ways[0].Topics[i].Whole = time.Time{}
			}
			v.Looking = now.Add(-2 * time.Minute)
		}, "restart"},
		{"it was restarted just now", func(v *MirrorView) {
			v.stand(time.Minute, all...)
			v.did(t, now, 10*time.Second, SteerArgs{Component: mirrorID})
		}, "nothing"},
		{"it is being steered", func(v *MirrorView) {
			v.stand(time.Minute, all...)
			v.did(t, now, time.Minute, SteerArgs{Component: mirrorID})
			v.Last[0].State = control.Running
		}, "nothing"},
		{"two restarts did not help", func(v *MirrorView) { restarted(v); v.stand(5*time.Minute, all...) }, "aside big 0:7"},
		{"they were long ago", func(v *MirrorView) {
			restarted(v)
			for i := range v.Last {
				v.Last[i].Begun = now.Add(-2 * time.Hour)
			}
			v.stand(5*time.Minute, all...)
		}, "restart"},
		{"the first that is set aside is innocent", func(v *MirrorView) {
			restarted(v)
			v.did(t, now, 2*time.Minute, SteerArgs{Component: mirrorID, Aside: []SetAside{aside("big", time.Time{})}})
			v.Ways[0].Aside = []SetAside{aside("big", now.Add(-2*time.Minute))}
			v.stand(5*time.Minute, all...)
		}, "resume big, aside orders 0:7"},
		{"the topic that is set aside was the one", func(v *MirrorView) {
			restarted(v)
			v.did(t, now, 2*time.Minute, SteerArgs{Component: mirrorID, Aside: []SetAside{aside("big", time.Time{})}})
			v.Ways[0].Aside = []SetAside{aside("big", now.Add(-2*time.Minute))}
			v.stand(5*time.Minute, "big")
		}, "nothing"},
		{"and another one is, too", func(v *MirrorView) {
			restarted(v)
			v.did(t, now, 3*time.Minute, SteerArgs{Component: mirrorID, Aside: []SetAside{aside("big", time.Time{})}})
			v.Ways[0].Aside = []SetAside{aside("big", now.Add(-3*time.Minute))}
			v.stand(2*time.Minute, "orders", "runs")
		}, "aside orders 0:7"},
		{"each was tried", func(v *MirrorView) {
			restarted(v)
			for _, name := range all {
				v.did(t, now, 2*time.Minute, SteerArgs{Component: mirrorID, Aside: []SetAside{aside(name, time.Time{})}})
			}
			v.Ways[0].Aside = []SetAside{aside("fournines.canary", now.Add(-time.Minute))}
			v.stand(5*time.Minute, all...)
		}, "nothing"},
		{"a topic that was set aside is gone", func(v *MirrorView) { v.Ways[0].Aside = []SetAside{aside("old", zero)} }, "resume old"},
		{"a topic was made anew", func(v *MirrorView) { v.Ways[0].Topics[2].ID, v.Ways[0].Topics[2].Old = "orders-3", 5 }, "anew orders, 5 lacked"},
		{"its copy was", func(v *MirrorView) { v.Ways[0].Topics[2].Copy = "orders-3" }, "anew orders, -1 lacked"},
		{"its copy is gone", func(v *MirrorView) { v.Ways[0].Topics[2].Copy = "" }, "nothing"},
		{"its log is shorter than its copy", func(v *MirrorView) { v.Ways[0].Topics[2].Ahead = true }, "anew orders, -1 lacked"},
		{"made anew while the mirror does not run", func(v *MirrorView) { v.Runs, v.Ways[0].Topics[2].ID = false, "orders-3" }, "anew orders, -1 lacked"},
		{"it is new", func(v *MirrorView) { delete(v.Ways[0].Known, "orders") }, "nothing"},
		{"topics are gone", func(v *MirrorView) { v.Ways[0].Known["old"] = TopicIDs{ID: "1"} }, "nothing"},
		{"very many are", func(v *MirrorView) {
			for i := range mostForgotten + 1 {
				v.Ways[0].Known[fmt.Sprint("old", i)] = TopicIDs{ID: "1"}
			}
		}, "forget 1001"},
	} {
		v := mirrorView(now)
		c.change(&v)
		if got := say(t, DecideMirror(v, now)); got != c.want {
			t.Errorf("%s: %s, want %s", c.name, got, c.want)
		}
	}
}

func TestTopicFindings(t *testing.T) {
	t.Parallel()
	now := zero.Add(time.Hour)
	loss := TopicLoss{From: east, To: west, Topic: "orders", Renewed: true, Lacked: 5, At: now.Add(-time.Minute), Index: 9}
	gone := TopicLoss{From: east, To: west, Topic: "runs", Newest: Gone{From: east, To: west, Topic: "runs", Records: fact.MissingRecords{Partition: 1, From: 20, To: 40}}, At: now.Add(-time.Minute)}
	for _, c := range []struct {
		name   string
		change func(*MirrorWay)
		losses []TopicLoss
		blind  bool
		want   []string // code, and a part of its text
	}{
		{"all is well", func(*MirrorWay) {}, nil, false, nil},
		{"a topic stands still", func(w *MirrorWay) {
			w.Topics[0].Records, w.Topics[0].Offset, w.Topics[0].Whole = 2, 7, now.Add(-time.Minute)
		}, nil, false, []string{"topics-behind", "big lacks 2 records for 60 s, the first is offset 7 of partition 0"}},
		{"a blind server", func(w *MirrorWay) { w.Topics[0].Records, w.Topics[0].Whole = 2, now.Add(-time.Minute) }, nil, true, nil},
		{"a cut link, which is a finding itself", func(w *MirrorWay) { w.Apart, w.TopicsAt = "cut", zero }, nil, false, nil},
		{"a topic is set aside", func(w *MirrorWay) {
			w.Topics[0].Records, w.Topics[0].Whole = 2, now.Add(-time.Minute)
			w.Aside = []SetAside{{From: east, To: west, Topic: "big", Partition: 2, Offset: 7, Why: "RecordTooLarge"}}
		}, nil, false, []string{"topic-aside", "offset 7 of partition 2: RecordTooLarge. Mend the cause and copy it with `fournines kafka resume us-east-1 big --reason REASON`; or go on without that record with --skip 2:7"}},
		{"a topic was made anew", func(*MirrorWay) {}, []TopicLoss{loss}, false, []string{"records-gone", "5 records of the old one had not been copied"}},
		{"records are gone", func(*MirrorWay) {}, []TopicLoss{gone}, false, []string{"records-gone", "us-east-1 deleted offsets 20 up to 39 of runs-1 before they were copied to us-west-2"}},
		{"of the other direction", func(*MirrorWay) {}, []TopicLoss{{From: west, To: east, At: now}}, false, nil},
	} {
		w := mirrorView(now).Ways[0]
		c.change(&w)
		got := TopicFindings(w, c.losses, c.blind, now)
		switch {
		case len(got) == 0 && c.want == nil:
		case len(got) != 1 || c.want == nil || got[0].Code != c.want[0] || !strings.Contains(got[0].Text, c.want[1]):
			t.Errorf("%s: %+v, want %v", c.name, got, c.want)
		}
	}
}
