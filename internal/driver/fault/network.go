package fault

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"time"

	"github.com/google/nftables/expr"
	"golang.org/x/sys/unix"

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

// network is a fault between one zone and its peers, laid into the region's router at the
// port where the zone hangs, as if into the wire: a packet dropped in the zone's own
// namespace would fail its sender with EPERM, and one delayed there would hold its sender
// back. What the zone says to itself never comes here.
//
// The rules match a set of peers whose elements time out at the lease's end, so the kernel
// alone ends the fault, whatever became of the guard.
//
// Delay is a packet queue and not tc's netem, which would stay when its guard is killed.
type network struct {
	lease Lease
	table table
	line  *delayLine // of ZoneLatency
}

// networkFault returns what the guard does for a fault of a zone's network.
func networkFault(l Lease) (fault, error) {
	if l.NetNS == "" {
		return fault{}, fmt.Errorf("fault %s needs network namespaces: start the platform with `fournines up --netns`", l.Kind)
	}
	router, err := netns.RouterPath(l.NetNS)
	if err != nil {
		return fault{}, fmt.Errorf("fault %s: %w", l.Kind, err)
	}
	n := &network{lease: l, table: table{path: router, name: tableName(l.ID)}}
	inject := n.drop
	if l.Kind == ZoneLatency {
		inject = n.delay
	}
	return fault{inject: inject, revert: n.revert, lasts: true}, nil
}

// resolve finds the zone's port and reads the peers.
func (n *network) resolve() (netns.Port, []netip.Addr, error) {
	port, err := netns.Uplink(n.lease.NetNS)
	if err != nil {
		return port, nil, fmt.Errorf("fault %s: %w", n.lease.Kind, err)
	}
	peers, err := readPeers(n.lease.Peers, port.IP)
	return port, peers, err
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

// lay does act to what passes the zone's port between it and its peers.
func (n *network) lay(act []expr.Any) error {
	port, peers, err := n.resolve()
	if err != nil {
		return err
	}
	rules := []rule{{from(port.Name), toPeer, act}}
	if n.lease.Kind != ZonePartitionOut {
		rules = append(rules, rule{to(port.Name), fromPeer, act})
	}
	return n.table.lay(peers, n.lease.Until, rules)
}

func (n *network) drop(context.Context) error {
	if n.lease.Kind == ZoneLoss5 {
		return n.lay(loseSome(5))
	}
	return n.lay(lose())
}

// delay starts the reader before the rule, so that no packet waits for nobody.
func (n *network) delay(context.Context) error {
	q, err := openQueue(n.table.path, n.lease.ID)
	if err != nil {
		return err
	}
	n.line = startDelayLine(q, Delay/2)
	err = n.lay(queueTo(q.number))
	if errors.Is(err, unix.ENOENT) { // the kernel has no queue expression of its own
		err = n.lay(queueByTarget(q.number))
	}
	return err
}

// revert takes the table away, lets what is under way arrive, and looks that nothing is left.
func (n *network) revert(context.Context) error {
	err := n.table.remove()
	if n.line != nil {
		err = errors.Join(err, n.line.stop())
	}
	return err
}
