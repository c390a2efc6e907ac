package wiring

import (
	"fmt"
	"testing"

	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/probe/outside"
	"github.com/greenlang/fournines/internal/spec"
)

func tape(first uint64, outcomes string) (out []fact.OutsideSecond) {
	for i, c := range outcomes {
		h := fact.OutsideHome{Home: "us-east-1"}
		switch c {
		case 'x':
			h.Failed = "connect"
		case '?':
			h.Failed, h.Unknown = "read", true
		case ' ': // the prober was off
			continue
		}
		out = append(out, fact.OutsideSecond{Seq: first + uint64(i), Homes: []fact.OutsideHome{h}}) //nolint:gosec // an index
	}
	return out
}

func onePoint() outside.Point {
	return outside.Point{Name: "p", Homes: []outside.Home{{Name: "us-east-1", Cells: []int{0, 1}}}}
}

// Seconds in which a prober was off are in no entry: they are unknown.
func TestGapsOfAProberAreInNoEntry(t *testing.T) {
	t.Parallel()
	platform, err := spec.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	s := wiringOf(place.Layout{Platform: platform})
	p, text := onePoint(), ""
	for _, run := range runs(tape(1_800_000_100, "..x?   x.")) {
		c := s.outsideCount([]outside.Point{p, p}, p, run)
		h := c.Homes[0]
		text += fmt.Sprintf("%d-%d served %d failed %d unknown %d of %.1f; ", c.From-1_800_000_100, c.To-1_800_000_100, h.Served, len(h.Failed), h.Unknown, h.Weight)
	}
	if want := "0-3 served 2 failed 1 unknown 1 of 0.5; 7-8 served 1 failed 1 unknown 0 of 0.5; "; text != want {
		t.Fatalf("%s, want %s", text, want)
	}
}

func TestVantagePointsStandForHomesThatRunHere(t *testing.T) {
	t.Parallel()
	p, err := spec.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	l := place.Layout{Platform: p, Regions: []string{"us-east-1", "us-west-2"}, DNS: place.DNSAddress}
	points := assign.Points(l, "")
	if len(points) != 1 || points[0].Name != "near-us-east-1" || points[0].Network.String() != "192.0.2.0/24" || len(points[0].Homes[0].Cells) != 12 || len(points[0].NameServers) != 2 {
		t.Fatalf("%+v", points)
	}
	p.Spec.VantagePoints = []spec.VantagePoint{{Name: "berlin", NameServers: []string{"203.0.113.1:53"}, Port: 80}}
	points = assign.Points(l, "secret")
	if len(points) != 1 || points[0].Name != "berlin" || points[0].Port != 80 || points[0].NameServers[0] != "203.0.113.1:53" || points[0].Network.IsValid() || points[0].Token != "secret" {
		t.Fatalf("%+v", points)
	}
	if l.DNS = ""; len(assign.Points(l, "")) != 0 {
		t.Fatal("without names nobody can be found")
	}
}

// Whatever a prober tells: every second that is taken is served, failed or unknown, once.
func FuzzOutsideSeconds(f *testing.F) {
	f.Add("..x? x", uint64(3600*500000-3), uint64(0))
	f.Fuzz(func(t *testing.T, outcomes string, first, last uint64) {
		if first > 1<<40 || last > 1<<40 || len(outcomes) > 4000 {
			return
		}
		s := wiringOf(place.Layout{Platform: &spec.Platform{}})
		p := onePoint()
		told := tape(first, outcomes)
		taken := growing(append(told, told...), last, 1<<41)
		total := 0
		for _, run := range runs(taken) {
			c := s.outsideCount([]outside.Point{p}, p, run)
			h := c.Homes[0]
			n := h.Served + len(h.Failed) + h.Unknown
			if n != len(run) || uint64(n) != c.To-c.From+1 || c.From <= last || c.From/3600 != c.To/3600 { //nolint:gosec // a count
				t.Fatalf("%+v of %d seconds", c, len(run))
			}
			total += n
		}
		if total != len(taken) {
			t.Fatalf("%d of %d seconds are in entries", total, len(taken))
		}
	})
}
