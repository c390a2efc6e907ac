package up

import (
	"context"
	"errors"
	"fmt"
	"net"
	"slices"

	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/driver/tunnel"
	"github.com/greenlang/fournines/internal/host"
	"github.com/greenlang/fournines/internal/place"
)

// checkElsewhere refuses what cannot be on another machine.
func checkElsewhere(l place.Layout, gate string) error {
	if len(l.Elsewhere) == 0 {
		return nil
	}
	if l.NetNS {
		return errors.New("--elsewhere does not go with --netns: network namespaces do not reach another machine")
	}
	for _, name := range l.Elsewhere {
		s, err := l.Seat(name)
		if err != nil {
			return fmt.Errorf("--elsewhere: %w", err)
		}
		if s.Number == 0 {
			return fmt.Errorf("--elsewhere: %s founds the control plane, so it runs here; take another one of --servers", name)
		}
	}
	if _, _, err := net.SplitHostPort(gate); err != nil {
		return fmt.Errorf("--gate %q is not HOST:PORT: it is this machine's address where %s joins, such as 10.0.0.5:9443", gate, l.Elsewhere[0])
	}
	return nil
}

// reachable returns what a server that is elsewhere reaches on the platform's machine, apart
// from what it is itself: all that the platform listens at, and the power switch.
func reachable(l place.Layout, s place.Seat) []string {
	own, out := l.SeatAddresses(s), []string{host.Socket(l.Root)}
	for address := range assign.Ports(l) {
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
			return nil, fmt.Errorf("%q is not an address that this machine may open", address)
		}
		var d net.Dialer
		if from != "" && tunnel.Network(address) == "tcp" { // the network between regions tells servers apart by it
			d.LocalAddr = &net.TCPAddr{IP: net.ParseIP(from)}
		}
		return d.DialContext(ctx, tunnel.Network(address), address)
	}
}
