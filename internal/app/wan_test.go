package app

import (
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/board"
	"github.com/greenlang/fournines/internal/chaos"
	"github.com/greenlang/fournines/internal/driver/fault"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/place/placetest"
)

// ServerOf returns a server that knows its regions and nothing else.
func ServerOf(l place.Layout) *ServerApp {
	s := &ServerApp{Layout: l, Installation: place.Installation{Regions: l.Regions, NetNS: l.NetNS}, Facts: board.NewFacts(), regions: map[string]*region{}}
	for _, name := range l.Regions {
		r, _ := l.Platform.Region(name)
		s.regions[name] = &region{spec: r, layout: l}
	}
	return s
}

func TestCutsOfRegions(t *testing.T) {
	t.Parallel()
	l := placetest.Layout(t)
	l.Regions = []string{"us-east-1", "us-west-2", "eu-west-1"}
	s := ServerOf(l)
	for target, want := range map[string]string{
		"us-east-1":           "us-east-1>us-west-2 us-east-1>eu-west-1",
		"us-east-1:eu-west-1": "us-east-1>eu-west-1",
		"eu-west-1:us-east-1": "eu-west-1>us-east-1",
	} {
		f := chaos.Fault{ID: "f", Kind: fault.RegionPartitionOut, Target: target, Until: time.Now().Add(time.Minute)}
		if err := (field{s}).Check(f); err != nil {
			t.Errorf("%s: %v", target, err)
		}
		if got, err := s.cutWays(f); err != nil || strings.Join(got, " ") != want {
			t.Errorf("%s cuts %v, %v; want %s", target, got, err, want)
		}
		f.Kind = fault.RegionPartition
		if got, err := s.cutWays(f); err != nil || len(got) != 2*len(strings.Fields(want)) {
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
		err := (field{s}).Check(chaos.Fault{Kind: fault.RegionPartition, Target: target})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v; want %q", target, err, want)
		}
	}
	alone := ServerOf(placetest.Layout(t))
	if err := (field{alone}).Check(chaos.Fault{Kind: fault.RegionPartition, Target: "us-east-1"}); err == nil || !strings.Contains(err.Error(), "alone") {
		t.Errorf("a region that is alone: %v", err)
	}
}
