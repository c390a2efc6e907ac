package app

import (
	"bytes"
	"encoding/hex"
	"errors"
	"net/netip"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/chaos"
	"github.com/greenlang/fournines/internal/driver/fault"
	"github.com/greenlang/fournines/internal/driver/wan"
	"github.com/greenlang/fournines/internal/journal/seal"
)

func TestSeatsOutliveAnyRegion(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		regions []string
		servers int
		want    string // names and addresses
	}{
		{[]string{"us-east-1"}, 1, "server 127.0.0.1:9"},
		{[]string{"us-east-1", "us-west-2"}, 3, "server 127.0.0.1:9, us-east-1/server 127.1.0.11:9, us-west-2/server 127.4.0.12:9"},
		{[]string{"us-east-1", "eu-west-1", "us-west-2", "eu-central-1"}, 3, "server 127.0.0.1:9, us-east-1/server 127.1.0.11:9, eu-west-1/server 127.2.0.12:9"},
		{[]string{"us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-1", "ap-northeast-1"}, 3, "us-east-1/server 127.0.0.1:9, eu-west-1/server 127.2.0.11:9, ap-southeast-1/server 127.3.0.12:9"},
	} {
		l := layout(t)
		l.Regions, l.Servers, l.Listen = c.regions, c.servers, "127.0.0.1:9"
		var got, regions []string
		for _, s := range l.Seats() {
			got = append(got, s.Name+" "+l.SeatListen(s))
			regions = append(regions, s.Region)
		}
		if text := strings.Join(got, ", "); text != c.want {
			t.Errorf("%d servers in %v:\n%s, want\n%s", c.servers, c.regions, text, c.want)
		}
		if slices.Sort(regions); len(slices.Compact(regions)) != c.servers {
			t.Errorf("two of %v fall with one region", got)
		}
		if n := usualServers(t.TempDir(), l.Platform, c.regions); (n == 3) != (len(c.regions) == 6) {
			t.Errorf("%v have %d servers by default", c.regions, n)
		}
	}
}

func TestTooFewOrEvenServersAreRefused(t *testing.T) {
	t.Parallel()
	for servers, want := range map[int]string{2: "take an odd number", 5: "have room for 3"} {
		u := &Up{Layout: layout(t)}
		u.Layout.Root, u.Layout.Regions, u.Layout.Servers = t.TempDir(), []string{"us-east-1", "us-west-2"}, servers
		if err := u.shareKeys(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%d servers: %v", servers, err)
		}
	}
}

// An installation that had one server, or several that agreed by themselves, keeps the key of
// pseudonyms by which it has sealed, and not one that nothing depends on.
func TestServersShareTheKeyOfPseudonymsThatWasUsed(t *testing.T) {
	t.Parallel()
	used, idle := seal.NewPepper(), seal.NewPepper()
	for _, c := range []struct {
		name          string
		first, second []byte
		sealed        int // server that has keys of persons
		want          []byte
	}{
		{"one server", used, nil, 0, used},
		{"the second has sealed", idle, used, 1, used},
		{"the first has sealed", used, idle, 0, used},
		{"nobody has sealed", idle, nil, -1, idle},
		{"nobody was here", nil, nil, -1, nil},
	} {
		u := &Up{Layout: layout(t)}
		u.Layout.Root, u.Layout.Regions, u.Layout.Servers = t.TempDir(), []string{"us-east-1", "us-west-2"}, 3
		for i, key := range [][]byte{c.first, c.second} {
			dir := filepath.Join(u.Layout.SeatDir(u.Layout.Seats()[i]), personsDir)
			if key == nil {
				continue
			}
			if err := seal.Keep(dir, seal.PepperName, key); err != nil {
				t.Fatal(err)
			}
			if i != c.sealed {
				continue
			}
			d, err := seal.OpenDirectory(dir, filepath.Join(u.Layout.Root, personsMaster))
			if err != nil {
				t.Fatal(err)
			}
			if _, err = d.Create(strings.Repeat("a", 32)); errors.Join(err, d.Close()) != nil {
				t.Fatal(err)
			}
		}
		if err := u.shareKeys(); err != nil {
			t.Fatal(err)
		}
		got, err := hex.DecodeString(u.Secrets.Pseudonyms)
		if err != nil || len(got) != len(used) || (c.want != nil && !bytes.Equal(got, c.want)) {
			t.Errorf("%s: %x (%v), want %x", c.name, got, err, c.want)
		}
	}
}

// Each server reaches each other one through the network between regions: by an address of
// its own, and etcd's peers by one address, where the network tells them apart.
func TestServersReachEachOtherByTheNetworkBetweenRegions(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		regions []string
		place   string // of the first server
	}{
		{[]string{"us-east-1", "us-west-2"}, Outside},
		{[]string{"us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-1", "ap-northeast-1"}, "us-east-1"},
	} {
		l := layout(t)
		l.Regions, l.Servers, l.Listen = c.regions, 3, "127.0.0.1:9"
		seats, n, ports := l.Seats(), l.Between(), l.Ports()
		near := map[string]wan.Relay{}
		for _, r := range n.Relays {
			if other, twice := near[r.Near]; twice {
				t.Errorf("%s is both %v and %v", r.Near, other, r)
			}
			if near[r.Near] = r; ports[r.Near] != Wan || ports[r.Far] == "" || ports[r.Far] == Wan {
				t.Errorf("%+v goes from %q to %q", r, ports[r.Near], ports[r.Far])
			}
		}
		if seats[0].place() != c.place {
			t.Errorf("the first server sits in %s", seats[0].place())
		}
		for _, to := range seats {
			peers := near[l.seatAddr(to, etcdPeer)]
			if peers.Far != l.seatPeer(to) || peers.Far == peers.Near || len(peers.Sources) != 2 {
				t.Errorf("peers of %s meet %+v", to.Name, peers)
			}
			for _, from := range seats {
				if from == to {
					continue
				}
				w := wan.Way{From: from.place(), To: to.place()}
				if _, ok := n.Links[w]; !ok {
					t.Errorf("there is no link %v", w)
				}
				if r := near[l.SeatNear(from, to)]; r.Way != w || r.Far != l.SeatListen(to) {
					t.Errorf("%s reaches %s by %+v", from.Name, to.Name, r)
				}
				if r := near[l.stateNear(from, to)]; r.Way != w || r.Far != l.seatAddr(to, etcdPort) {
					t.Errorf("%s reaches the etcd of %s by %+v", from.Name, to.Name, r)
				}
				if got := peers.Sources[netip.MustParseAddr(l.SeatIP(from))]; got != w {
					t.Errorf("a peer of %s that dials from %s goes along %v, want %v", to.Name, from.Name, got, w)
				}
			}
		}
		l.Platform.Spec.ControlPlane.Etcd.Endpoints = []string{"https://etcd:2379"}
		if got := len(n.Relays) - len(l.Between().Relays); got != 6+3 {
			t.Errorf("an etcd of somebody else's needs %d relays less", got)
		}
		l.Servers = 1
		for _, r := range l.Between().Relays {
			if strings.HasSuffix(r.Near, ":9999") || r.Way.From == Outside || r.Sources != nil {
				t.Errorf("a server that is alone has %+v", r)
			}
		}
	}
}

// A region that is cut off from all others is cut off from the server outside too, and two
// regions that are cut apart both keep it.
func TestCutsOfTheServerOutside(t *testing.T) {
	t.Parallel()
	l := layout(t)
	l.Regions, l.Servers, l.Listen = []string{"us-east-1", "us-west-2"}, 3, "127.0.0.1:9"
	for _, c := range []struct{ kind, target, want string }{
		{fault.RegionPartition, "us-west-2", "us-west-2>us-east-1 us-east-1>us-west-2 us-west-2>outside outside>us-west-2"},
		{fault.RegionPartitionOut, "us-west-2", "us-west-2>us-east-1 us-west-2>outside"},
		{fault.RegionPartition, "us-west-2:us-east-1", "us-west-2>us-east-1 us-east-1>us-west-2"},
	} {
		got, err := serverOf(l).cutWays(chaos.Fault{Kind: c.kind, Target: c.target})
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%s %s cuts %v, %v; want %s", c.kind, c.target, got, err, c.want)
		}
	}
}
