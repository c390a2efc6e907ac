package app

import (
	"fmt"
	"net/netip"
	"slices"
	"strconv"

	"github.com/greenlang/fournines/internal/driver/wan"
)

// What servers say to each other goes through the network between regions. A server outside
// of every region has no distance to them, and loses one that is cut off from all others.

// Outside is where the network between regions knows a server that sits in none.
const Outside = "outside"

// The ports of servers among themselves.
const (
	serverPort = 9999 // of the near address of another server, wherever that listens
	peerBehind = 2381 // of an etcd member whose peers meet the network at etcdPeer
)

func (s Seat) place() string {
	if s.Region == "" {
		return Outside
	}
	return s.Region
}

func (l Layout) seatAddr(s Seat, port int) string { return l.SeatIP(s) + ":" + strconv.Itoa(port) }

// seatNearAddr returns where a server reaches another one's port: 127.REGION.(64 + its own
// number).HOST, always on loopback as servers are, and known to nobody else.
func (l Layout) seatNearAddr(from, to Seat, port int) string {
	ip := netip.MustParseAddr(l.SeatIP(from)).As4()
	return fmt.Sprintf("127.%d.%d.%d:%d", ip[1], 64+from.number, to.host(), port)
}

// SeatNear returns where a server reaches another one.
func (l Layout) SeatNear(from, to Seat) string { return l.seatNearAddr(from, to, serverPort) }

// stateNear returns where a server reaches the etcd of another one as its client.
func (l Layout) stateNear(from, to Seat) string { return l.seatNearAddr(from, to, etcdPort) }

// seatPeer returns where a server's etcd listens for other members. All of them know one
// address of it, at etcdPeer: with several servers that is the network's, which tells the
// members apart by the addresses that they dial from.
func (l Layout) seatPeer(s Seat) string {
	if l.Servers <= 1 {
		return l.seatAddr(s, etcdPeer)
	}
	return l.seatAddr(s, peerBehind)
}

// outsideWays returns the ways between regions with a server and the server outside of all.
func (l Layout) outsideWays() []wan.Way {
	var out []wan.Way
	seats := l.Seats()
	if seats[0].Region != "" {
		return nil
	}
	for _, s := range seats[1:] {
		out = append(out, wan.Way{From: s.Region, To: Outside}, wan.Way{From: Outside, To: s.Region})
	}
	return out
}

// betweenServers adds to the network what it does for servers.
func (l Layout) betweenServers(n *wan.Network) {
	seats, embeds := l.Seats(), !l.Platform.Spec.ControlPlane.Etcd.Used()
	ways := l.outsideWays()
	for _, w := range ways {
		n.Links[w] = wan.Link{}
	}
	if len(ways) > 0 {
		n.Stations[Outside] = l.seatAddr(seats[0], pulsePort)
	}
	for _, to := range seats {
		sources := map[netip.Addr]wan.Way{}
		for _, from := range seats {
			w := wan.Way{From: from.place(), To: to.place()}
			if from == to {
				continue
			}
			sources[netip.MustParseAddr(l.SeatIP(from))] = w
			n.Relays = append(n.Relays, wan.Relay{Way: w, Near: l.SeatNear(from, to), Far: l.SeatListen(to)})
			if embeds {
				n.Relays = append(n.Relays, wan.Relay{Way: w, Near: l.stateNear(from, to), Far: l.seatAddr(to, etcdPort)})
			}
			if slices.Contains(ways, w) {
				n.Pulses = append(n.Pulses, wan.Relay{Way: w, Near: l.seatNearAddr(from, to, pulsePort), Far: n.Stations[w.To]})
			}
		}
		if embeds && len(sources) > 0 {
			n.Relays = append(n.Relays, wan.Relay{Near: l.seatAddr(to, etcdPeer), Far: l.seatPeer(to), Sources: sources})
		}
	}
}
