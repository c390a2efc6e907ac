package netns

import (
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
)

// cord is one cable between the router and a place: two interfaces that are one pair.
type cord struct {
	port   string // the end in the router
	device string // the end in the place
}

// plug connects a place to the router: the place reaches the region's network by the
// router, and the router the place's addresses by the port.
func plug(router place, c cord, at place, network netip.Prefix, ips []netip.Addr) error {
	here, there, err := c.ensure(router, at)
	if err != nil {
		return err
	}
	gateway := gatewayOf(network)
	if err := router.address(here, []netip.Addr{gateway}); err != nil {
		return err
	}
	if err := at.address(there, ips); err != nil {
		return err
	}
	for _, err := range []error{router.bringUp(here), at.bringUp(there)} {
		if err != nil {
			return err
		}
	}
	var hosts []netlink.Route
	for _, ip := range ips {
		hosts = append(hosts, netlink.Route{Dst: ipNet(netip.PrefixFrom(ip, ip.BitLen())), Scope: netlink.SCOPE_LINK})
	}
	if err := router.route(here, hosts); err != nil {
		return err
	}
	return at.route(there, []netlink.Route{{
		Dst: ipNet(network), Gw: gateway.AsSlice(), Src: ips[0].AsSlice(), Flags: int(netlink.FLAG_ONLINK),
	}})
}

// ensure returns both ends, and lays the cable anew unless they belong together.
func (c cord) ensure(router, at place) (here, there netlink.Link, err error) {
	if here, there, err = c.ends(router, at); err != nil || here != nil {
		return here, there, err
	}
	if err := router.remove(c.port); err != nil {
		return nil, nil, err
	}
	if err := at.remove(c.device); err != nil {
		return nil, nil, err
	}
	pair := &netlink.Veth{
		LinkAttrs: netlink.LinkAttrs{Name: c.port},
		PeerName:  c.device, PeerNamespace: netlink.NsFd(at.ns),
	}
	if err := router.h.LinkAdd(pair); err != nil {
		return nil, nil, fmt.Errorf("make interfaces %s and %s: %w", c.port, c.device, explain(err, "veth (CONFIG_VETH; try `modprobe veth`)"))
	}
	here, there, err = c.ends(router, at)
	if err == nil && here == nil {
		err = fmt.Errorf("make interfaces %s and %s: the kernel made them and they are not there", c.port, c.device)
	}
	return here, there, err
}

// ends returns the two ends of the cable if it lies already, or nils.
func (c cord) ends(router, at place) (here, there netlink.Link, err error) {
	if here, err = router.find(c.port); err != nil || here == nil {
		return nil, nil, err
	}
	if there, err = at.find(c.device); err != nil || there == nil {
		return nil, nil, err
	}
	h, t := here.Attrs(), there.Attrs()
	if there.Type() != "veth" || h.ParentIndex != t.Index || t.ParentIndex != h.Index {
		return nil, nil, nil
	}
	return here, there, nil
}
