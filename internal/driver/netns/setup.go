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
	if err := create(p.Path(routerName)); err != nil {
		return err
	}
	router, err := enter(p.Path(routerName))
	if err != nil {
		return err
	}
	defer router.leave()
	if err := router.forward(); err != nil {
		return err
	}
	if err := plug(router, cord{rootPort, p.Prefix}, root, p.Network(), p.Root); err != nil {
		return err
	}
	for _, z := range p.Zones {
		if err := ctx.Err(); err != nil {
			return fmt.Errorf("set up network namespaces: %w", err)
		}
		if err := setupZone(router, p, z); err != nil {
			return err
		}
	}
	return nil
}

func setupZone(router place, p Plan, z Zone) error {
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
	return plug(router, cord{z.port(), zoneDevice}, zone, p.Network(), []netip.Addr{z.IP})
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
