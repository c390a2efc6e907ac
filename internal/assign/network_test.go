package assign

import (
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/netns"
	"github.com/greenlang/fournines/internal/driver/wan"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/place/placetest"
)

// Each server reaches each other one through the network between regions: by an address of
// its own, and etcd's peers by one address, where the network tells them apart.
func TestServersReachEachOtherByTheNetworkBetweenRegions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		regions []string
		place   string // of the first server
	}{
		{[]string{"us-east-1", "us-west-2"}, place.Outside},
		{[]string{"us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-1", "ap-northeast-1"}, "us-east-1"},
	} {
		l := placetest.Layout(t)
		l.Regions, l.Servers, l.Listen = c.regions, 3, "127.0.0.1:9"
		seats, n, ports := l.Seats(), Between(l), Ports(l)
		near := map[string]wan.Relay{}
		for _, r := range n.Relays {
			if other, twice := near[r.Near]; twice {
				t.Errorf("%s is both %v and %v", r.Near, other, r)
			}
			if near[r.Near] = r; ports[r.Near] != place.Wan || ports[r.Far] == "" || ports[r.Far] == place.Wan {
				t.Errorf("%+v goes from %q to %q", r, ports[r.Near], ports[r.Far])
			}
		}
		if seats[0].Place() != c.place {
			t.Errorf("the first server sits in %s", seats[0].Place())
		}
		for _, to := range seats {
			peers := near[l.SeatAddr(to, place.EtcdPeer)]
			if peers.Far != l.SeatPeer(to) || peers.Far == peers.Near || len(peers.Sources) != 2 {
				t.Errorf("peers of %s meet %+v", to.Name, peers)
			}
			for _, from := range seats {
				if from == to {
					continue
				}
				w := fact.Way{From: from.Place(), To: to.Place()}
				if _, ok := n.Links[w]; !ok {
					t.Errorf("there is no link %v", w)
				}
				if r := near[l.SeatNear(from, to)]; r.Way != w || r.Far != l.SeatListen(to) {
					t.Errorf("%s reaches %s by %+v", from.Name, to.Name, r)
				}
				if r := near[l.StateNear(from, to)]; r.Way != w || r.Far != l.SeatAddr(to, place.EtcdPort) {
					t.Errorf("%s reaches the etcd of %s by %+v", from.Name, to.Name, r)
				}
				if got := peers.Sources[netip.MustParseAddr(l.SeatIP(from))]; got != w {
					t.Errorf("a peer of %s that dials from %s goes along %v, want %v", to.Name, from.Name, got, w)
				}
			}
		}
		l.Platform.Spec.ControlPlane.Etcd.Endpoints = []string{"https://etcd:2379"}
		if got := len(n.Relays) - len(Between(l).Relays); got != 6+3 {
			t.Errorf("an etcd of somebody else's needs %d relays less", got)
		}
		l.Servers = 1
		for _, r := range Between(l).Relays {
			if strings.HasSuffix(r.Near, ":9999") || r.Way.From == place.Outside || r.Sources != nil {
				t.Errorf("a server that is alone has %+v", r)
			}
		}
	}
}

// All six regions of the built-in platform: no address is taken twice, and each way has what
// the table says of it.
func TestEveryRegionReachesEveryOther(t *testing.T) {
	t.Parallel()
	l := placetest.Layout(t)
	l.Regions = place.RegionNames(l.Platform)
	n := Between(l)
	if len(n.Links) != 6*5 || len(n.Pulses) != 6*5 || len(n.Stations) != 6 {
		t.Errorf("%d links, %d pulses, %d stations", len(n.Links), len(n.Pulses), len(n.Stations))
	}
	there := fact.Way{From: "us-east-1", To: "us-west-2"}
	if got, want := n.Links[there.Back()], (wan.Link{RoundTrip: 60 * time.Millisecond, Loss: 0.0001}); got != want || n.Links[there] != want {
		t.Errorf("us-west-2 → us-east-1 is %+v", got)
	}
	near, servers := map[string]wan.Relay{}, Ports(l)
	for _, r := range n.Relays {
		if other, twice := near[r.Near]; twice {
			t.Errorf("%s is both %v and %v", r.Near, other, r)
		}
		if near[r.Near] = r; servers[r.Near] != place.Wan || servers[r.Far] == "" || servers[r.Far] == place.Wan {
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
	if n := Between(l); len(n.Relays)+len(n.Links)+len(n.Stations) > 0 {
		t.Errorf("a region that is alone has %+v", n)
	}
}

// Every address at which a region meets others is in its network, and a zone that is cut off
// is cut off from it too.
func TestNamespacesReachTheOtherRegions(t *testing.T) {
	t.Parallel()
	l := placetest.Layout(t)
	l.Regions, l.NetNS = []string{"us-east-1", "us-west-2"}, true
	var plan netns.Plan
	for _, region := range l.Regions {
		var err error
		if plan, err = Namespaces(l, region); err != nil {
			t.Fatal(err)
		}
		if err := plan.Validate(); err != nil {
			t.Error(err)
		}
		for _, r := range Between(l).Relays {
			ip := netip.MustParseAddrPort(r.Near).Addr()
			if r.Way.From == region && !slices.Contains(plan.Root, ip) {
				t.Errorf("%s: nobody has %v", region, ip)
			}
		}
	}
	peers := Peers(l, "us-west-2", "a")
	for _, want := range []string{"10.4.0.1", "10.4.0.2", "10.4.129.1", "10.4.2.1"} {
		if !slices.Contains(peers, want) {
			t.Errorf("a zone that is cut off still reaches %s; it is cut off from %v", want, peers)
		}
	}
}
