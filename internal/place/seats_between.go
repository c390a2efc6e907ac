package place

import (
	"fmt"
	"net/netip"
	"strconv"

	"github.com/greenlang/fournines/internal/fact"
)

// Traffic between servers goes through the network between regions. A server outside of
// every region has no distance to them, and loses one that is cut off from all others.

// Outside is the place, in the network between regions, of a server that sits in none.
const Outside = "outside"

// The ports of servers among themselves.
const (
	serverPort = 9999 // of the near address of another server, wherever that listens
	peerBehind = 2381 // of an etcd member whose peers meet the network at etcdPeer
)

func (s Seat) Place() string {
	if s.Region == "" {
		return Outside
	}
	return s.Region
}

func (l Layout) SeatAddr(s Seat, port int) string { return l.SeatIP(s) + ":" + strconv.Itoa(port) }

// SeatNearAddr returns where a server reaches another one's port: 127.REGION.(64 + its own
// number).HOST, always on loopback as servers are, and known to nobody else.
func (l Layout) SeatNearAddr(from, to Seat, port int) string {
	ip := netip.MustParseAddr(l.SeatIP(from)).As4()
	return fmt.Sprintf("127.%d.%d.%d:%d", ip[1], 64+from.Number, to.host(), port)
}

// SeatNear returns where a server reaches another one.
func (l Layout) SeatNear(from, to Seat) string { return l.SeatNearAddr(from, to, serverPort) }

// StateNear returns where a server reaches the etcd of another one as its client.
func (l Layout) StateNear(from, to Seat) string { return l.SeatNearAddr(from, to, EtcdPort) }

// SeatPeer returns where a server's etcd listens for other members. All of them know one
// address of it, at etcdPeer: with several servers that is the network's, which tells the
// members apart by the addresses that they dial from.
func (l Layout) SeatPeer(s Seat) string {
	if l.Servers <= 1 {
		return l.SeatAddr(s, EtcdPeer)
	}
	return l.SeatAddr(s, peerBehind)
}

// OutsideWays returns the ways between regions with a server and the server outside of all.
func (l Layout) OutsideWays() []fact.Way {
	var out []fact.Way
	seats := l.Seats()
	if seats[0].Region != "" {
		return nil
	}
	for _, s := range seats[1:] {
		out = append(out, fact.Way{From: s.Region, To: Outside}, fact.Way{From: Outside, To: s.Region})
	}
	return out
}
