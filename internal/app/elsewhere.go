package app

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"path/filepath"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/app/machines"
	"github.com/greenlang/fournines/internal/driver/tunnel"
	"github.com/greenlang/fournines/internal/host"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
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

// machineChanged is what happened to a machine that runs a server of ours.
var machineChanged = journal.NewKind[machines.Change]("server.machine", "Another machine was invited to run a server of the control plane, has joined, or was dismissed.")

// machinePrefix begins the document with the last change of a server's machine.
const machinePrefix = "server-machine/"

// foldMachines keeps the last change of each machine.
func foldMachines(d *state.Docs, r journal.Record) error {
	if r.Kind != machineChanged.Name {
		return nil
	}
	var c machines.Change
	if err := r.Decode(&c); err != nil {
		return err
	}
	return d.Put(machinePrefix+c.Machine, c)
}

// machineReport takes a change that the gate tells. It tells them in order until they are
// taken, so what it tells again is the last one.
func (s *ServerApp) machineReport(w http.ResponseWriter, r *http.Request) {
	var c, last machines.Change
	if !decodeBody(w, r, &c) {
		return
	}
	if _, err := s.Layout.Seat(c.Machine); err != nil {
		problem(w, http.StatusNotFound, "No such server", err.Error())
		return
	}
	_, err := s.State.Get(machinePrefix+c.Machine, &last)
	if err == nil && last.ID != c.ID {
		var e journal.Entry
		if e, err = machineChanged.Entry(c.Machine, c.ID, c); err == nil {
			e.Actor = "system"
			if c.By != "" {
				e.Actor = c.By
			}
			_, err = s.State.Append(r.Context(), e)
		}
	}
	if err != nil {
		problem(w, http.StatusServiceUnavailable, "The change was not recorded", err.Error())
		return
	}
	w.WriteHeader(http.StatusNoContent)
}

// The registry of machines in an installation's directory.
func gateRegistry(root string) machines.Registry {
	return machines.Registry{Dir: filepath.Join(root, Gate), Now: time.Now}
}

// invitationStands is how long an invitation stands.
const invitationStands = time.Hour

// InviteServer makes an invitation for the machine that shall run a server.
func InviteServer(root, name, by string) (machines.Invitation, error) {
	i, layout, err := LoadInstallation(root)
	if err != nil {
		return machines.Invitation{}, err
	}
	s, err := layout.Seat(name)
	if err != nil {
		return machines.Invitation{}, err
	}
	if !layout.elsewhere(s) {
		return machines.Invitation{}, fmt.Errorf("%s runs on this machine; to have it on another, bring the platform up with --elsewhere %s --gate HOST:PORT", name, name)
	}
	r := gateRegistry(root)
	key, err := r.Signer()
	if err != nil {
		return machines.Invitation{}, err
	}
	secret, err := r.Invite(name, by, invitationStands)
	return machines.Invitation{Machine: name, Gate: i.Gate, GateKey: fingerprintOf(key), Secret: secret}, err
}

// DismissServer takes back the key of the machine that runs a server: it is cut off at once.
func DismissServer(root, name, by string) error {
	if _, _, err := LoadInstallation(root); err != nil {
		return err
	}
	return gateRegistry(root).Dismiss(name, by)
}

// otherMachine says why something cannot be done to a server from the one that leads.
func (s *ServerApp) otherMachine(target Seat) error {
	if s.Layout.sameMachine(s.seat, target) {
		return nil
	}
	return fmt.Errorf("%s runs on another machine than %s, which leads: do it there with the machine's own means", target.Name, s.seat.Name)
}
