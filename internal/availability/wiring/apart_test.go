package wiring

import (
	"context"
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/state/statetest"
)

// running is a shelf with one operation on it.
func running(t *testing.T, kind, subject, state string, args any) statetest.Shelf {
	t.Helper()
	a, err := control.NewAction("x", kind, subject, args)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(control.Operation{Action: a, State: state, First: 1, Last: 1})
	if err != nil {
		t.Fatal(err)
	}
	return statetest.Shelf{control.Prefix + a.Key: b}
}

// A planned switchover and a move of one region's customers hold the same clients: only one of
// them is under way.
func TestALeaderAndItsRegionDoNotMoveAtOnce(t *testing.T) {
	t.Parallel()
	const east, west = "us-east-1", "us-west-2"
	move := availability.MoveArgs{Home: east, From: east, To: west, Mode: availability.Graceful}
	guard := func(t *testing.T, w *Wiring, kind, subject string, args any) string {
		t.Helper()
		a, err := control.NewAction("y", kind, subject, args)
		if err != nil {
			t.Fatal(err)
		}
		for _, k := range append(w.postgres().Kinds(), w.mover().Kinds()...) {
			if k.Name != kind {
				continue
			}
			if err := k.Guard(t.Context(), a); err != nil {
				return err.Error()
			}
		}
		return ""
	}
	for name, c := range map[string]struct {
		runs, subject, state string
		args                 any
		asked                string
		refused              bool
	}{
		"a switchover while customers leave":       {availability.KindEvacuate, "home/" + east, control.Running, move, availability.KindSwitchover, true},
		"a failover that was approved meanwhile":   {availability.KindRestore, "home/" + east, control.Running, move, availability.KindFailover, true},
		"a switchover while that waits":            {availability.KindEvacuate, "home/" + east, control.Waiting, move, availability.KindSwitchover, false},
		"an evacuation while the leader is moved":  {availability.KindSwitchover, east + "/postgres", control.Running, nil, availability.KindEvacuate, true},
		"a restore while the leader is moved":      {availability.KindSwitchover, west + "/postgres", control.Running, nil, availability.KindRestore, true},
		"an evacuation during a failover":          {availability.KindFailover, east + "/postgres", control.Running, nil, availability.KindEvacuate, true},
		"an evacuation while a failover waits":     {availability.KindFailover, east + "/postgres", control.Waiting, nil, availability.KindEvacuate, false},
		"an evacuation during one somewhere else":  {availability.KindFailover, "eu-west-1/postgres", control.Running, nil, availability.KindEvacuate, false},
		"a switchover while a Redis master moves":  {availability.KindRedisSwitchover, east + "/redis", control.Running, nil, availability.KindSwitchover, false},
		"an evacuation while a member comes back":  {availability.KindRejoin, east + "/a/postgres", control.Running, nil, availability.KindEvacuate, false},
		"a switchover while another region's move": {availability.KindEvacuate, "home/eu-west-1", control.Running, availability.MoveArgs{Home: "eu-west-1", From: "eu-west-1", To: "eu-central-1"}, availability.KindSwitchover, false},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w, stop := opened(t, running(t, c.runs, c.subject, c.state, c.args), t.TempDir())
			defer stop()
			subject, args := east+"/postgres", any(availability.SwitchoverArgs{Cluster: east + "/postgres"})
			if c.asked == availability.KindEvacuate || c.asked == availability.KindRestore {
				subject, args = availability.HomeSubject(east), move
			}
			if why := guard(t, w, c.asked, subject, args); strings.Contains(why, "operation x") != c.refused {
				t.Errorf("%s", why)
			}
		})
	}
}

// What one operation holds is not freed by another.
func TestEachHoldIsOneOperations(t *testing.T) {
	t.Parallel()
	w, stop := opened(t, statetest.Shelf{}, t.TempDir())
	defer stop()
	cluster := "us-east-1/postgres"
	held := func() (n int) {
		all, err := state.List[availability.Hold](w.house.State, availability.HoldPrefix+"us-east-1/")
		if err != nil {
			t.Fatal(err)
		}
		return len(all)
	}
	for _, by := range []string{"switchover", "evacuate"} {
		e, err := availability.RouteHeld.Entry(cluster, by, availability.Hold{Cluster: cluster, Until: time.Now().Add(time.Minute)})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := w.house.State.Append(context.WithoutCancel(t.Context()), e); err != nil {
			t.Fatal(err)
		}
	}
	for _, c := range []struct {
		by   string
		left int
	}{{"nobody", 2}, {"switchover", 1}, {"switchover", 1}, {"evacuate", 0}} {
		if err := (route{w}).Resume(t.Context(), cluster, c.by); err != nil {
			t.Fatal(err)
		}
		if got := held(); got != c.left {
			t.Errorf("after %s there are %d holds, want %d", c.by, got, c.left)
		}
	}
}
