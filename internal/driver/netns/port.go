package netns

import (
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
)

// Port is where a zone hangs on its region's router. All that goes between the zone and
// anything else passes it; what the zone says to itself does not.
type Port struct {
	Router string     // path of the router's namespace
	Name   string     // the port's interface there
	IP     netip.Addr // the zone's own address
}

// Uplink returns the port of the zone whose namespace is mounted at path.
func Uplink(path string) (Port, error) {
	out := Port{}
	var err error
	if out.Router, err = RouterPath(path); err != nil {
		return out, err
	}
	zone, err := enter(path)
	if err != nil {
		return out, err
	}
	defer zone.leave()
	device, err := zone.h.LinkByName(zoneDevice)
	if err != nil {
		return out, fmt.Errorf("find uplink of %s: no %s in it: %w", path, zoneDevice, err)
	}
	addrs, err := zone.h.AddrList(device, netlink.FAMILY_V4)
	if err != nil {
		return out, fmt.Errorf("find uplink of %s: read addresses: %w", path, err)
	}
	if len(addrs) == 0 {
		return out, fmt.Errorf("find uplink of %s: %s has no address", path, zoneDevice)
	}
	out.IP, _ = netip.AddrFromSlice(addrs[0].IP.To4())
	router, err := enter(out.Router)
	if err != nil {
		return out, err
	}
	defer router.leave()
	port, err := router.h.LinkByIndex(device.Attrs().ParentIndex)
	if err != nil {
		return out, fmt.Errorf("find uplink of %s: its cable does not end in %s: %w", path, out.Router, err)
	}
	out.Name = port.Attrs().Name
	return out, nil
}
