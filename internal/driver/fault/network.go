package fault

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/netip"
	"os"
	"time"

	"github.com/greenlang/fournines/internal/driver/netns"
)

// The kinds of faults of a zone's network beside [ZonePartition] and [ZoneLatency].
const (
	ZonePartitionOut = "zone-partition-out" // what the zone says is lost, what it is told arrives
	ZoneLoss5        = "zone-loss5"         // 5 of 100 packets are lost, in each direction
)

// Delay is what [ZoneLatency] adds to a round trip between the zone and its peers,
// whichever side begins it: half of it to every packet in either direction.
const Delay = 500 * time.Millisecond

// network is a fault at the port where the zone hangs on its region's switch. Nothing is
// laid into the zone's own namespace: a packet dropped there fails its sender with EPERM,
// at the switch it is lost as on a wire; and what the zone says to itself never gets there.
//
// The rules match a set of peers whose elements time out at the lease's end, so the kernel
// alone ends the fault, whatever became of the guard.
type network struct {
	lease Lease
	port  netns.Port
	peers []netip.Addr
	line  *delayLine // of ZoneLatency
}

// networkFault returns what the guard does for a fault of a zone's network.
func networkFault(l Lease) (fault, error) {
	if l.NetNS == "" {
		return fault{}, fmt.Errorf("fault %s needs network namespaces: start the platform with `fournines up --netns`", l.Kind)
	}
	n := &network{lease: l}
	inject := n.drop
	if l.Kind == ZoneLatency {
		inject = n.delay
	}
	return fault{inject: inject, revert: n.revert, lasts: true}, nil
}

// resolve finds the zone's port and reads the peers.
func (n *network) resolve() error {
	var err error
	if n.port, err = netns.Uplink(n.lease.NetNS); err != nil {
		return fmt.Errorf("fault %s: %w", n.lease.Kind, err)
	}
	n.peers, err = readPeers(n.lease.Peers, n.port.IP)
	return err
}

// readPeers returns the peers of a zone with the address self.
func readPeers(peers []string, self netip.Addr) ([]netip.Addr, error) {
	if len(peers) == 0 {
		return nil, errors.New("fault of a network needs peers: the addresses of the other zones, the edge and the server")
	}
	var out []netip.Addr
	for _, p := range peers {
		ip, err := netip.ParseAddr(p)
		if err != nil {
			return nil, fmt.Errorf("read peer: %w", err)
		}
		if !ip.Is4() || ip == self {
			return nil, fmt.Errorf("read peer: %v is not the IPv4 address of another place than the zone's own, %v", ip, self)
		}
		out = append(out, ip)
	}
	return out, nil
}

// drop loses packets at the zone's port.
func (n *network) drop(context.Context) error {
	if err := n.resolve(); err != nil {
		return err
	}
	act := lose()
	if n.lease.Kind == ZoneLoss5 {
		act = loseSome(5)
	}
	return n.lay(act)
}

// delay starts the reader before the rule, so that no packet waits for nobody.
func (n *network) delay(context.Context) error {
	if err := n.resolve(); err != nil {
		return err
	}
	q, err := openQueue(n.port.Switch, n.lease.ID)
	if err != nil {
		return err
	}
	n.line = startDelayLine(q, Delay/2)
	err = n.lay(queueTo(q.number))
	if errors.Is(err, fs.ErrNotExist) { // the kernel has no queue expression of its own
		err = n.lay(queueByTarget(q.number))
	}
	return err
}

// revert takes the table away, lets what is under way arrive, and looks that nothing is left.
func (n *network) revert(context.Context) error {
	path, err := netns.SwitchPath(n.lease.NetNS)
	if err != nil {
		return err
	}
	if _, err := os.Stat(path); errors.Is(err, fs.ErrNotExist) {
		err = nil // the network itself was torn down, and the fault with it
	} else if err == nil {
		err = removeTable(path, tableName(n.lease.ID))
	}
	if n.line != nil {
		err = errors.Join(err, n.line.stop())
	}
	return err
}
