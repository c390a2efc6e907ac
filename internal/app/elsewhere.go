package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/greenlang/fournines/internal/driver/tunnel"
	"github.com/greenlang/fournines/internal/host"
)

// Servers on machines of their own. Everything of a platform has a loopback address; what
// runs on another machine is listened at by the gate, or by who joined, at the very same
// address, and carried there. So nobody else knows that a server is elsewhere, except for
// what only a machine can do to its own processes: injecting faults, and running drills.

// Gate is the unit where servers on other machines join.
const Gate = "gate"

// elsewhere tells whether a server runs on another machine than the platform.
func (l Layout) elsewhere(s Seat) bool { return slices.Contains(l.Elsewhere, s.Name) }

// seatUnit returns the unit that has a server's addresses on the platform's machine.
func (l Layout) seatUnit(s Seat) string {
	if l.elsewhere(s) {
		return Gate
	}
	return s.Name
}

// sameMachine tells whether two servers share a machine.
func (l Layout) sameMachine(a, b Seat) bool {
	return a.Name == b.Name || !l.elsewhere(a) && !l.elsewhere(b)
}

// seatAddresses returns where a server itself listens.
func (l Layout) seatAddresses(s Seat) []string {
	out := []string{l.SeatListen(s)}
	if !l.Platform.Spec.ControlPlane.Etcd.Used() {
		out = append(out, l.seatAddr(s, etcdPort), l.seatPeer(s))
	}
	return out
}

// checkElsewhere refuses what cannot be on another machine.
func (l Layout) checkElsewhere(gate string) error {
	if len(l.Elsewhere) == 0 {
		return nil
	}
	if l.NetNS {
		return errors.New("--elsewhere does not go with --netns: what is in a network namespace is not carried to another machine")
	}
	for _, name := range l.Elsewhere {
		s, err := l.Seat(name)
		if err != nil {
			return fmt.Errorf("--elsewhere: %w", err)
		}
		if s.number == 0 {
			return fmt.Errorf("--elsewhere: %s founds the control plane, so it runs here; take another one of --servers", name)
		}
	}
	if _, _, err := net.SplitHostPort(gate); err != nil {
		return fmt.Errorf("--gate %q is no HOST:PORT: it is this machine's address where %s joins, such as 10.0.0.5:9443", gate, l.Elsewhere[0])
	}
	return nil
}

// reachable returns what a server that is elsewhere reaches on the platform's machine, apart
// from what it is itself: all that the platform listens at, and the power switch.
func (l Layout) reachable(s Seat) []string {
	own, out := l.seatAddresses(s), []string{host.Socket(l.Root)}
	for address := range l.Ports() {
		if !slices.Contains(own, address) {
			out = append(out, address)
		}
	}
	slices.Sort(out)
	return out
}

// dialler opens those addresses, from an IP of this machine, and no other.
func dialler(from string, addresses []string) func(context.Context, string) (net.Conn, error) {
	return func(ctx context.Context, address string) (net.Conn, error) {
		if !slices.Contains(addresses, address) {
			return nil, fmt.Errorf("%q is not for who asks", address)
		}
		var d net.Dialer
		if from != "" && tunnel.Network(address) == "tcp" { // the network between regions tells servers apart by it
			d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
		}
		return d.DialContext(ctx, tunnel.Network(address), address)
	}
}

// otherMachine says why something cannot be done to a server from the one that leads.
func (s *ServerApp) otherMachine(target Seat) error {
	if s.Layout.sameMachine(s.seat, target) {
		return nil
	}
	return fmt.Errorf("%s runs on another machine than %s, which leads: do it there with the machine's own means", target.Name, s.seat.Name)
}
