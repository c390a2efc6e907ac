package place

import (
	"slices"
)

// Servers on machines of their own. Everything of a platform has a loopback address. For a
// server on another machine the gate, or the machine that joined, listens at the very same
// address and carries the traffic there. So nothing else needs to know that a server is
// elsewhere, except injecting faults and running drills, which only a machine can do to its
// own processes.

// Gate is the unit where servers on other machines join.
const Gate = "gate"

// IsElsewhere tells whether a server runs on another machine than the platform.
func (l Layout) IsElsewhere(s Seat) bool { return slices.Contains(l.Elsewhere, s.Name) }

// SeatUnit returns the unit that has a server's addresses on the platform's machine.
func (l Layout) SeatUnit(s Seat) string {
	if l.IsElsewhere(s) {
		return Gate
	}
	return s.Name
}

// SameMachine tells whether two servers share a machine.
func (l Layout) SameMachine(a, b Seat) bool {
	return a.Name == b.Name || !l.IsElsewhere(a) && !l.IsElsewhere(b)
}

// SeatAddresses returns where a server itself listens.
func (l Layout) SeatAddresses(s Seat) []string {
	out := []string{l.SeatListen(s)}
	if !l.Platform.Spec.ControlPlane.Etcd.Used() {
		out = append(out, l.SeatAddr(s, EtcdPort), l.SeatPeer(s))
	}
	return out
}
