package wiring

import (
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/board"
	"github.com/greenlang/fournines/internal/chaos"
	"github.com/greenlang/fournines/internal/driver/fault"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/place/placetest"
	"github.com/greenlang/fournines/internal/wing"
)

func wiringOf(l place.Layout) *Wiring {
	w, _ := New(&wing.House{Layout: l, Seat: l.Seats()[0], Facts: board.NewFacts(), Log: slog.New(slog.DiscardHandler), Now: time.Now})
	return w
}

func TestCutsOfRegions(t *testing.T) {
	t.Parallel()
	l := placetest.Layout(t)
	l.Regions = []string{"us-east-1", "us-west-2", "eu-west-1"}
	s := wiringOf(l)
	for target, want := range map[string]string{
		"us-east-1":           "us-east-1>us-west-2 us-east-1>eu-west-1",
		"us-east-1:eu-west-1": "us-east-1>eu-west-1",
		"eu-west-1:us-east-1": "eu-west-1>us-east-1",
	} {
		f := chaos.Fault{ID: "f", Kind: fault.RegionPartitionOut, Target: target, Until: time.Now().Add(time.Minute)}
		if err := s.Check(f); err != nil {
			t.Errorf("%s: %v", target, err)
		}
		if got, err := s.CutWays(f); err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s cuts %v, %v; want %s", target, got, err, want)
		}
		f.Kind = fault.RegionPartition
		if got, err := s.CutWays(f); err != nil || len(got) != 2*len(strings.Fields(want)) {
			t.Errorf("%s cuts %v, %v", target, got, err)
		}
	}
	for target, want := range map[string]string{
		"us-east-1:":          `no region ""`,
		"us-east-2":           `no region "us-east-2"`,
		"us-east-1:eu-west-2": `no region "eu-west-2"`,
		"us-east-1:us-east-1": "to itself",
		"us-east-1/a":         `no region "us-east-1/a"`,
		"":                    `no region ""`,
	} {
		err := s.Check(chaos.Fault{Kind: fault.RegionPartition, Target: target})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %q", target, err, want)
		}
	}
	alone := wiringOf(placetest.Layout(t))
	if err := alone.Check(chaos.Fault{Kind: fault.RegionPartition, Target: "us-east-1"}); err == nil || !strings.Contains(err.Error(), "alone") {
		t.Errorf("a region that is alone: %v", err)
	}
}

// A region that is cut off from all others is cut off from the server outside too, and two
// regions that are cut apart both keep it.
func TestCutsOfTheServerOutside(t *testing.T) {
	t.Parallel()
	l := placetest.Layout(t)
	l.Regions, l.Servers, l.Listen = []string{"us-east-1", "us-west-2"}, 3, "127.0.0.1:9"
	for _, c := range []struct{ kind, target, want string }{
		{fault.RegionPartition, "us-west-2", "us-west-2>us-east-1 us-east-1>us-west-2 us-west-2>outside outside>us-west-2"},
		{fault.RegionPartitionOut, "us-west-2", "us-west-2>us-east-1 us-west-2>outside"},
		{fault.RegionPartition, "us-west-2:us-east-1", "us-west-2>us-east-1 us-east-1>us-west-2"},
	} {
		got, err := wiringOf(l).CutWays(chaos.Fault{Kind: c.kind, Target: c.target})
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%s %s cuts %v, %v; want %s", c.kind, c.target, got, err, c.want)
		}
	}
}

// A fault of a server shows once that server has begun anew, or is silent.
func TestFaultsOfServersShow(t *testing.T) {
	t.Parallel()
	l := placetest.Layout(t)
	l.Regions, l.Servers, l.Listen = []string{"us-east-1", "us-west-2"}, 3, "127.0.0.1:9"
	w, begun := wiringOf(l), time.Now()
	kill := chaos.Fault{Kind: fault.ProcessKill, Target: "us-west-2/server", Begun: begun}
	freeze := chaos.Fault{Kind: fault.ProcessFreeze, Target: "us-west-2/server", Begun: begun}
	w.house.Facts.PutServer("us-west-2/server", fact.Server{Started: begun.Add(-time.Hour), At: begun})
	if w.Seen(kill) || w.Seen(freeze) {
		t.Fatal("a fault shows at a server that goes on as before")
	}
	w.house.Facts.PutServer("us-west-2/server", fact.Server{Started: begun.Add(time.Second), At: begun.Add(-2 * time.Second)})
	if !w.Seen(kill) || !w.Seen(freeze) {
		t.Fatal("a server that began anew, or is silent, shows no fault")
	}
	if err := w.Check(chaos.Fault{Kind: "zone-kill", Target: "us-west-2/server"}); err == nil || !strings.Contains(err.Error(), "does not apply to a server") {
		t.Fatalf("%v", err)
	}
}
