package app

import (
	"log/slog"
	"maps"
	"net/netip"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/chaos"
	"github.com/greenlang/fournines/internal/driver/fault"
	"github.com/greenlang/fournines/internal/driver/netns"
	"github.com/greenlang/fournines/internal/driver/wan"
)

// All six regions of the built-in platform: no address is taken twice, and each way has what
// the table says of it.
func TestEveryRegionReachesEveryOther(t *testing.T) {
	t.Parallel()
	l := layout(t)
	l.Regions = regionNames(l.Platform)
	n := l.Between()
	if len(n.Links) != 6*5 || len(n.Pulses) != 6*5 || len(n.Stations) != 6 {
		t.Errorf("%d links, %d pulses, %d stations", len(n.Links), len(n.Pulses), len(n.Stations))
	}
	there := wan.Way{From: "us-east-1", To: "us-west-2"}
	if got, want := n.Links[there.Back()], (wan.Link{RoundTrip: 60 * time.Millisecond, Loss: 0.0001}); got != want || n.Links[there] != want {
		t.Errorf("us-west-2 → us-east-1 is %+v", got)
	}
	near, servers := map[string]wan.Relay{}, l.Ports()
	for _, r := range n.Relays {
		if other, twice := near[r.Near]; twice {
			t.Errorf("%s is both %v and %v", r.Near, other, r)
		}
		if near[r.Near] = r; servers[r.Near] != Wan || servers[r.Far] == "" || servers[r.Far] == Wan {
			t.Errorf("%+v goes from %q to %q", r, servers[r.Near], servers[r.Far])
		}
	}
	for address, want := range map[string]string{
		"127.4.128.1:8080": "127.1.0.1:8080", // the edge of the first region, as its partner knows it
		"127.4.130.1:5432": "127.1.2.1:5432", // zone b's database
		"127.1.131.4:5432": "127.4.3.1:5432", // and the other way
		"127.4.131.1:9092": "127.1.3.1:9094", // broker 3, by the listener for who comes from afar
		"127.6.128.1:8080": "127.1.0.1:8080", // who is no partner has the edge alone
	} {
		if got := near[address].Far; got != want {
			t.Errorf("%s leads to %q, want %q", address, got, want)
		}
	}
	for _, none := range []string{"127.1.129.4:9092", "127.6.129.1:5432"} {
		if r, ok := near[none]; ok {
			t.Errorf("%s leads to %v, where nobody goes", none, r)
		}
	}
	l.Regions = l.Regions[:1]
	if n := l.Between(); len(n.Relays)+len(n.Links)+len(n.Stations) > 0 {
		t.Errorf("a region that is alone has %+v", n)
	}
}

// Every address at which a region meets others is in its network, and a zone that is cut off
// is cut off from it too.
func TestNamespacesReachTheOtherRegions(t *testing.T) {
	t.Parallel()
	l := layout(t)
	l.Regions, l.NetNS = []string{"us-east-1", "us-west-2"}, true
	var plan netns.Plan
	for _, region := range l.Regions {
		var err error
		if plan, err = l.Namespaces(region); err != nil {
			t.Fatal(err)
		}
		if err := plan.Validate(); err != nil {
			t.Error(err)
		}
		for _, r := range l.Between().Relays {
			ip := netip.MustParseAddrPort(r.Near).Addr()
			if r.Way.From == region && !slices.Contains(plan.Root, ip) {
				t.Errorf("%s: nobody has %v", region, ip)
			}
		}
	}
	s := serverOf(l)
	peers := s.peers("us-west-2", "a")
	for _, want := range []string{"10.4.0.1", "10.4.0.2", "10.4.129.1", "10.4.2.1"} {
		if !slices.Contains(peers, want) {
			t.Errorf("a zone that is cut off still reaches %s; it is cut off from %v", want, peers)
		}
	}
}

// serverOf returns a server that knows its regions and nothing else.
func serverOf(l Layout) *ServerApp {
	s := &ServerApp{Layout: l, Installation: Installation{Regions: l.Regions, NetNS: l.NetNS}, Facts: NewFacts(), regions: map[string]*region{}}
	for _, name := range l.Regions {
		r, _ := l.Platform.Region(name)
		s.regions[name] = &region{spec: r, layout: l}
	}
	return s
}

func TestCutsOfRegions(t *testing.T) {
	t.Parallel()
	l := layout(t)
	l.Regions = []string{"us-east-1", "us-west-2", "eu-west-1"}
	s := serverOf(l)
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
	alone := serverOf(layout(t))
	if err := (field{alone}).Check(chaos.Fault{Kind: fault.RegionPartition, Target: "us-east-1"}); err == nil || !strings.Contains(err.Error(), "alone") {
		t.Errorf("a region that is alone: %v", err)
	}
}

// A cut is what the guards' leases say, and it ends at its time without anybody.
func TestCutsAreReadFromLeases(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	c := &cuts{dir: dir, log: slog.New(slog.DiscardHandler)}
	if got := c.now(); len(got) > 0 {
		t.Errorf("cut without a lease: %v", got)
	}
	write := func(id, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, id+".json"), []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lease := func(state string, until time.Time) string {
		return `{"kind":"region-partition","links":["a>b","b>a","nonsense"],"state":"` + state + `","until":"` + until.Format(time.RFC3339Nano) + `"}`
	}
	later := time.Now().Add(time.Hour)
	write("over", lease("active", time.Now().Add(-time.Second)))
	write("ended", lease("ended", later))
	write("begun", lease("", later))
	write("broken", "{")
	if got := c.now(); len(got) > 0 {
		t.Errorf("cut by leases that do not hold: %v", got)
	}
	write("holds", lease("active", later))
	got := map[wan.Way]bool{}
	for _, w := range c.now() {
		got[w] = true
	}
	if want := map[wan.Way]bool{{From: "a", To: "b"}: true, {From: "b", To: "a"}: true}; !maps.Equal(got, want) {
		t.Errorf("cut %v, want %v", got, want)
	}
}
