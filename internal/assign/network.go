package assign

import (
	"net/netip"
	"slices"

	"github.com/greenlang/fournines/internal/driver/kafka"
	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/driver/wan"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
)

// Between returns what lies between the regions that run here: every edge reaches every
// other one, partners reach each other's databases and brokers, and so do servers each other.
func Between(l place.Layout) wan.Network {
	n := wan.Network{Links: map[fact.Way]wan.Link{}, Stations: map[string]string{}}
	if len(l.Regions) < 2 {
		return n
	}
	for _, r := range l.Regions {
		n.Stations[r] = l.Addr(r, "", place.PulsePort)
	}
	for _, w := range l.Ways() {
		there, _ := l.Platform.Link(w.From, w.To)
		n.Links[w] = wan.Link{RoundTrip: there.Latency.D(), Loss: float64(there.Loss)}
		n.Pulses = append(n.Pulses, wan.Relay{Way: w, Near: l.Near(w.From, w.To, "", place.PulsePort), Far: n.Stations[w.To]})
		relay := func(zone string, near, far int) {
			n.Relays = append(n.Relays, wan.Relay{Way: w, Near: l.Near(w.From, w.To, zone, near), Far: l.Addr(w.To, zone, far)})
		}
		relay("", place.AppPort, place.AppPort)
		from, _ := l.Platform.Region(w.From)
		if l.Partner(from).Name != w.To {
			continue
		}
		for _, z := range l.Partner(from).Zones {
			relay(z, patroni.PostgresPort, patroni.PostgresPort)
		}
		if l.MirrorZone(w.From) != "" {
			for _, z := range l.Brokers(w.To) {
				relay(z, kafka.Port, kafka.LinkPort)
			}
		}
	}
	betweenServers(l, &n)
	return n
}

// betweenServers adds to the network what it does for servers.
func betweenServers(l place.Layout, n *wan.Network) {
	seats, embeds := l.Seats(), !l.Platform.Spec.ControlPlane.Etcd.Used()
	ways := l.OutsideWays()
	for _, w := range ways {
		n.Links[w] = wan.Link{}
	}
	if len(ways) > 0 {
		n.Stations[place.Outside] = l.SeatAddr(seats[0], place.PulsePort)
	}
	for _, to := range seats {
		sources := map[netip.Addr]fact.Way{}
		for _, from := range seats {
			w := fact.Way{From: from.Place(), To: to.Place()}
			if from == to {
				continue
			}
			sources[netip.MustParseAddr(l.SeatIP(from))] = w
			n.Relays = append(n.Relays, wan.Relay{Way: w, Near: l.SeatNear(from, to), Far: l.SeatListen(to)})
			if embeds {
				n.Relays = append(n.Relays, wan.Relay{Way: w, Near: l.StateNear(from, to), Far: l.SeatAddr(to, place.EtcdPort)})
			}
			if slices.Contains(ways, w) {
				n.Pulses = append(n.Pulses, wan.Relay{Way: w, Near: l.SeatNearAddr(from, to, place.PulsePort), Far: n.Stations[w.To]})
			}
		}
		if embeds && len(sources) > 0 {
			n.Relays = append(n.Relays, wan.Relay{Near: l.SeatAddr(to, place.EtcdPeer), Far: l.SeatPeer(to), Sources: sources})
		}
	}
}
