package console

import (
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
)

// TestTopologyHasRoom draws regions of many shapes: no box covers another or
// leaves the drawing, whatever kinds and zones there are.
func TestTopologyHasRoom(t *testing.T) {
	t.Parallel()
	for zones := range 6 {
		for _, kinds := range [][]string{{"greenlang"}, {"edge", "postgres", "etcd"}, {"server", "edge", "greenlang", "postgres", "redis", "sentinel", "etcd", "node", "kafka"}} {
			r := regionOf(zones, kinds)
			r.Components = append(r.Components, api.Component{ID: "r/z/stray", Zone: "z", Kind: "stray"}) // of a zone no longer declared
			drawn := drawTopology(r)
			if len(drawn.Boxes) != len(r.Components) {
				t.Errorf("%d zones, %v: %d boxes for %d components", zones, kinds, len(drawn.Boxes), len(r.Components))
			}
			for i, b := range drawn.Boxes {
				if b.X < 0 || b.Y < 0 || b.X+b.Width > drawn.Width || b.Y+b.Height > drawn.Height {
					t.Errorf("%d zones, %v: %s leaves the drawing of %.0f × %.0f at %.0f, %.0f", zones, kinds, b.ID, drawn.Width, drawn.Height, b.X, b.Y)
				}
				for _, other := range drawn.Boxes[:i] {
					if math.Abs(b.X-other.X) < b.Width && math.Abs(b.Y-other.Y) < b.Height {
						t.Errorf("%d zones, %v: %s covers %s", zones, kinds, b.ID, other.ID)
					}
				}
			}
		}
	}
}

func regionOf(zones int, kinds []string) api.Region {
	r := api.Region{Name: "r", Running: true}
	for i := range zones {
		r.Zones = append(r.Zones, string(rune('a'+i)))
	}
	for _, kind := range kinds {
		if kind == "edge" || kind == "server" {
			r.Components = append(r.Components, api.Component{ID: "r/" + kind, Kind: kind})
			continue
		}
		for _, zone := range r.Zones {
			r.Components = append(r.Components, api.Component{ID: fmt.Sprintf("r/%s/%s", zone, kind), Zone: zone, Kind: kind})
		}
	}
	return r
}

// TestTopologyDropsLooseLinks leaves out a link to what is not there.
func TestTopologyDropsLooseLinks(t *testing.T) {
	t.Parallel()
	r := regionOf(2, []string{"postgres"})
	r.Links = []api.Relation{{From: "r/a/postgres", To: "r/b/postgres"}, {From: "r/a/postgres", To: "elsewhere"}}
	if n := len(drawTopology(r).Wires); n != 1 {
		t.Errorf("drew %d wires, want 1", n)
	}
}

// TestTrafficShowsOneFailure keeps a single failed request visible.
func TestTrafficShowsOneFailure(t *testing.T) {
	t.Parallel()
	minutes := make([]api.Minute, 90)
	for i := range minutes {
		minutes[i] = api.Minute{Requests: 100_000}
	}
	minutes[89].Failed = 1
	drawn := drawTraffic(minutes)
	if len(drawn.Bars) != chartSlots {
		t.Fatalf("drew %d bars, want the newest %d minutes", len(drawn.Bars), chartSlots)
	}
	last := drawn.Bars[chartSlots-1]
	if last.FailSized < 2 || last.X+last.Width > chartWidth {
		t.Errorf("one failure is %v high at %v", last.FailSized, last.X)
	}
	if len(drawTraffic(nil).Bars) != 0 || len(drawTraffic(make([]api.Minute, 5)).Bars) != 0 {
		t.Error("nothing asked is drawn as something")
	}
}

// TestTimelineStaysInside draws steps that overlap, run, wait, or were stamped by
// a clock that stepped.
func TestTimelineStaysInside(t *testing.T) {
	t.Parallel()
	begun := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	lanes := timeline(begun.Add(10*time.Second), begun, time.Time{}, []api.Step{
		{Name: "before", Begun: begun.Add(-time.Second), Ended: begun.Add(time.Second)},
		{Name: "runs", State: "running", Begun: begun.Add(4 * time.Second)},
		{Name: "late", Begun: begun.Add(9 * time.Second), Ended: begun.Add(20 * time.Second)},
		{Name: "waits", State: "waiting"},
	})
	for _, l := range lanes {
		if l.X < 0 || l.X+l.Width > timelineWidth+.001 {
			t.Errorf("%s is drawn from %.1f for %.1f", l.Name, l.X, l.Width)
		}
	}
	if lanes[3].Width != 0 || lanes[1].Width < 300 {
		t.Errorf("waiting is %.0f wide, running %.0f", lanes[3].Width, lanes[1].Width)
	}
}

// TestLifecycleIsTruthful shows nothing as reached that is not recorded.
func TestLifecycleIsTruthful(t *testing.T) {
	t.Parallel()
	for state, want := range map[string]string{
		"requested": "done not yet not yet not yet", "waiting-approval": "done waits for approval not yet not yet", "refused": "done refused not yet not yet",
		"running": "done done running not yet", "succeeded": "done done done done", "failed": "done done ended failed", "rolled-back": "done done ended rolled back",
		"of another version": "done not yet not yet not yet",
	} {
		got := ""
		for _, s := range lifecycle(api.Operation{State: state}) {
			got += " " + s.Mark.Word
		}
		if got[1:] != want {
			t.Errorf("%s is shown as %s, want %s", state, got[1:], want)
		}
	}
}

// TestMarksDiffer keeps every status apart by shape as well as by word, within
// the statuses that stand in one column.
func TestMarksDiffer(t *testing.T) {
	t.Parallel()
	shapesOf := map[string]string{}
	for _, h := range []api.Health{api.Healthy, api.Progressing, api.Suspended, api.Degraded, api.Missing, api.HealthUnknown} {
		m := healthMark(h)
		if other, taken := shapesOf[m.Shape]; taken {
			t.Errorf("%s and %s have the same shape", other, h)
		}
		shapesOf[m.Shape] = string(h)
	}
	for _, s := range []api.Sync{api.InSync, api.OutOfSync, api.SyncUnknown} {
		for _, o := range []api.Sync{api.InSync, api.OutOfSync, api.SyncUnknown} {
			if s != o && syncMark(s).Shape == syncMark(o).Shape {
				t.Errorf("%s and %s have the same shape", s, o)
			}
		}
	}
}

// TestWorldNamesEveryRegion puts a region of unknown place in the list, not on the map.
func TestWorldNamesEveryRegion(t *testing.T) {
	t.Parallel()
	w := drawWorld([]api.Region{{Name: "us-east-1", Role: "active", Pair: "us-west-2"}, {Name: "us-west-2", Role: "passive", Pair: "us-east-1"}, {Name: "cellar", Pair: "attic"}}, nil)
	if len(w.Sites) != 2 || len(w.Pairings) != 1 || len(w.Elsewhere) != 1 {
		t.Errorf("%d sites, %d pairings, elsewhere %v", len(w.Sites), len(w.Pairings), w.Elsewhere)
	}
}
