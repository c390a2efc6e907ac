package netns

import (
	"context"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
)

// Setup makes the network of the plan true: it makes what is missing, takes over what an
// earlier run has left, and mends what differs. Addresses are reachable when it returns.
// One caller per prefix at a time. It needs root.
func Setup(ctx context.Context, p Plan) error {
	if err := p.Validate(); err != nil {
		return err
	}
	root, err := enter("")
	if err != nil {
		return err
	}
	defer root.leave()
	if err := unused(root, p); err != nil {
		return err
	}
	if err := create(p.Path(switchName)); err != nil {
		return err
	}
	sw, err := enter(p.Path(switchName))
	if err != nil {
		return err
	}
	defer sw.leave()
	if err := ensureBridge(sw); err != nil {
		return err
	}
	if err := plug(sw, rootPort, root, p.Prefix, p.Root); err != nil {
		return err
	}
	for _, z := range p.Zones {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("set up network namespaces: %w", err)
		}
		if err := setupZone(sw, p, z); err != nil {
			return err
		}
	}
	return nil
}

func setupZone(sw place, p Plan, z Zone) error {
	if err := create(p.Path(z.Name)); err != nil {
		return err
	}
	zone, err := enter(p.Path(z.Name))
	if err != nil {
		return err
	}
	defer zone.leave()
	lo, err := zone.h.LinkByName("lo")
	if err != nil {
		return fmt.Errorf("find loopback of zone %s: %w", z.Name, err)
	}
	if err := zone.h.LinkSetUp(lo); err != nil {
		return fmt.Errorf("bring loopback of zone %s up: %w", z.Name, err)
	}
	return plug(sw, z.port(), zone, zoneDevice, []netip.Addr{z.IP})
}

func ensureBridge(sw place) error {
	br, err := sw.find(bridge)
	if err != nil {
		return err
	}
	if br == nil {
		br = &netlink.Bridge{LinkAttrs: netlink.LinkAttrs{Name: bridge}}
		if err := sw.h.LinkAdd(br); err != nil {
			return fmt.Errorf("make bridge: %w", explain(err, "bridges (CONFIG_BRIDGE; try `modprobe bridge`)"))
		}
	}
	return sw.bringUp(br)
}

// plug connects a place to the switch: its device and the switch's port are the two ends
// of one cable.
func plug(sw place, port string, at place, device string, ips []netip.Addr) error {
	here, there, err := cable(sw, port, at, device)
	if err != nil {
		return err
	}
	br, err := sw.h.LinkByName(bridge)
	if err != nil {
		return fmt.Errorf("plug %s: find bridge: %w", port, err)
	}
	if err := sw.h.LinkSetMaster(here, br); err != nil {
		return fmt.Errorf("plug %s into bridge: %w", port, explain(err, "bridges (CONFIG_BRIDGE)"))
	}
	if err := sw.bringUp(here); err != nil {
		return err
	}
	if err := at.address(there, ips); err != nil {
		return err
	}
	return at.bringUp(there)
}

// cable returns both ends, and lays the cable anew unless they belong together.
func cable(sw place, port string, at place, device string) (here, there netlink.Link, err error) {
	if here, there, err = ends(sw, port, at, device); err != nil || here != nil {
		return here, there, err
	}
	if err := sw.remove(port); err != nil {
		return nil, nil, err
	}
	if err := at.remove(device); err != nil {
		return nil, nil, err
	}
	pair := &netlink.Veth{LinkAttrs: netlink.LinkAttrs{Name: port}, PeerName: device, PeerNamespace: netlink.NsFd(at.ns)}
	if err := sw.h.LinkAdd(pair); err != nil {
		return nil, nil, fmt.Errorf("make interfaces %s and %s: %w", port, device, explain(err, "veth (CONFIG_VETH; try `modprobe veth`)"))
	}
	here, there, err = ends(sw, port, at, device)
	if err == nil && here == nil {
		err = fmt.Errorf("make interfaces %s and %s: the kernel made them and they are not there", port, device)
	}
	return here, there, err
}

// ends returns the two ends of a cable that lies already, or nils.
func ends(sw place, port string, at place, device string) (here, there netlink.Link, err error) {
	if here, err = sw.find(port); err != nil || here == nil {
		return nil, nil, err
	}
	if there, err = at.find(device); err != nil || there == nil {
		return nil, nil, err
	}
	if there.Type() != "veth" || here.Attrs().ParentIndex != there.Attrs().Index || there.Attrs().ParentIndex != here.Attrs().Index {
		return nil, nil, nil
	}
	return here, there, nil
}

// unused refuses a network that the machine has a use for already.
func unused(root place, p Plan) error {
	routes, err := root.h.RouteList(nil, netlink.FAMILY_V4)
	if err != nil {
		return fmt.Errorf("read routes of this machine: %w", err)
	}
	for _, r := range routes {
		if r.Dst == nil {
			continue
		}
		dst, err := netip.ParsePrefix(r.Dst.String())
		if err != nil || dst.Bits() == 0 || !dst.Overlaps(p.Network()) {
			continue
		}
		name := "no interface"
		if l, err := root.h.LinkByIndex(r.LinkIndex); err == nil {
			name = l.Attrs().Name
		}
		if name != p.Prefix {
			return fmt.Errorf("set up network %v: the machine routes %v by %s already; stop what uses it (another `fournines up --netns`?), or give the region another number", p.Network(), dst, name)
		}
	}
	return nil
}
