package wiring

import (
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/state/statetest"
)

// What a mirror copies is noted once, whatever is asked again after a crash; a topic that was made anew is
// noted when the mirror has begun anew, and one that is set aside is left out of what its node runs.
func TestWhatAMirrorCopiesIsKept_7_1_6(t *testing.T) {
	t.Parallel()
	w, stop := opened(t, statetest.Shelf{}, t.TempDir())
	defer stop()
	ctx, way := t.Context(), fact.Way{From: "us-east-1", To: "us-west-2"}
	w.house.Layout.Regions = []string{"us-east-1", "us-west-2"}
	entries := func(want uint64, what string) {
		t.Helper()
		if got := w.house.State.Applied(); got != want {
			t.Errorf("%s: %d entries, want %d", what, got, want)
		}
	}
	m := fact.KafkaMirror{From: way.From, To: way.To, TopicsAt: time.Now(), Topics: []fact.MirroredTopic{{Name: "orders", ID: "1"}, {Name: "runs", ID: "2", Copy: "3"}}}
	note := func() {
		t.Helper()
		if err := w.noteTopics(ctx, m); err != nil {
			t.Fatal(err)
		}
	}
	before := w.house.State.Applied()
	note()
	note()
	entries(before+1, "two topics")
	m.Topics[0].Copy = "4"
	note()
	entries(before+2, "the copy of one")
	m.Topics[1].ID = "5" // made anew
	note()
	entries(before+2, "a topic that was made anew, before the mirror begins anew")
	m.Topics[0].Gone = []fact.MissingRecords{{Partition: 1, From: 20, To: 40}}
	note()
	note()
	entries(before+3, "records that are gone")
	m.Topics[0].Gone[0].To = 50
	note()
	entries(before+4, "more records that are gone")

	steer := steered{w.mirrors}
	do := func(a availability.SteerArgs) {
		t.Helper()
		for range 2 { // as after a crash
			if err := steer.Note(ctx, a); err != nil {
				t.Fatal(err)
			}
		}
	}
	do(availability.SteerArgs{
		Renewed: []availability.Renewed{{From: way.From, To: way.To, Topic: "runs", Was: availability.TopicIDs{ID: "2", Copy: "3"}, Is: availability.TopicIDs{ID: "5", Copy: "3"}, Lacked: 7}},
		Aside:   []availability.SetAside{{From: way.From, To: way.To, Topic: "orders", Offset: 9, Why: "too large"}},
	})
	entries(before+7, "one made anew, and another set aside")
	known, err := w.mirrorWay(way, time.Now())
	if err != nil || known.Known["runs"].ID != "5" || known.Known["orders"].Copy != "4" || len(known.Aside) != 1 || known.Aside[0].Index == 0 {
		t.Errorf("%v: %+v", err, known)
	}
	losses, err := state.List[availability.TopicLoss](w.house.State, availability.TopicLossPrefix)
	if err != nil || len(losses) != 2 || losses[0].Topic != "orders" || losses[0].Gone[1] != 50 || losses[0].Newest.Records.From != 40 || !losses[1].Renewed || losses[1].Lacked != 7 {
		t.Errorf("%v: %+v", err, losses)
	}
	if got, err := w.asideOf("us-west-2", w.house.Layout.MirrorZone("us-west-2")); err != nil || len(got["us-east-1"]) != 1 || got["us-east-1"][0] != "orders" {
		t.Errorf("%v: %v", err, got)
	}
	if got, err := w.asideOf("us-east-1", "a"); err != nil || got != nil {
		t.Errorf("a zone without a mirror: %v, %v", got, err)
	}
	if _, waits := steer.Lacks(way.From, way.To, "orders"); waits {
		t.Error("nobody has looked, and a record is known to wait")
	}

	do(availability.SteerArgs{Resume: []availability.Resumed{{From: way.From, To: way.To, Topic: "orders"}}})
	entries(before+8, "copied again")
	do(availability.SteerArgs{Forget: []availability.Topics{{From: way.From, To: way.To, Topics: map[string]availability.TopicIDs{"runs": {}}}}})
	if known, err = w.mirrorWay(way, time.Now()); err != nil || len(known.Aside) > 0 || len(known.Known) != 1 {
		t.Errorf("%v: %+v", err, known)
	}
	if losses, err = state.List[availability.TopicLoss](w.house.State, availability.TopicLossPrefix); err != nil || len(losses) != 1 {
		t.Errorf("a topic that is forgotten leaves: %v, %+v", err, losses)
	}
}
