package netns

import (
	"errors"
	"fmt"
	"net/netip"

	"github.com/vishvananda/netlink"
	kernelns "github.com/vishvananda/netns"
	"golang.org/x/sys/unix"
)

// place is one namespace, opened to look at its interfaces and to change them.
type place struct {
	ns kernelns.NsHandle
	h  *netlink.Handle
}

// enter opens the namespace at path; the path "" is the caller's own.
func enter(path string) (place, error) {
	ns, err := kernelns.GetFromPath(orOwn(path))
	if err != nil {
		return place{}, fmt.Errorf("open network namespace %s: %w", path, err)
	}
	h, err := netlink.NewHandleAt(ns, unix.NETLINK_ROUTE)
	if err != nil {
		_ = ns.Close()
		return place{}, fmt.Errorf("enter network namespace %s: %w", path, explain(err, "network namespaces (CONFIG_NET_NS)"))
	}
	return place{ns, h}, nil
}

func orOwn(path string) string {
	if path == "" {
		return "/proc/thread-self/ns/net"
	}
	return path
}

func (p place) leave() {
	p.h.Close()
	_ = p.ns.Close()
}

// find returns the interface of that name, or nil.
func (p place) find(name string) (netlink.Link, error) {
	l, err := p.h.LinkByName(name)
	if errors.As(err, &netlink.LinkNotFoundError{}) {
		return nil, nil //nolint:nilnil // absence is an answer here
	}
	if err != nil {
		return nil, fmt.Errorf("look at interface %s: %w", name, err)
	}
	return l, nil
}

// remove deletes the interface of that name if there is one of ours.
func (p place) remove(name string) error {
	l, err := p.find(name)
	if err != nil || l == nil {
		return err
	}
	if l.Type() != "veth" && l.Type() != "bridge" {
		return fmt.Errorf("remove interface %s: it is a %s, so not ours", name, l.Type())
	}
	if err := p.h.LinkDel(l); err != nil {
		return fmt.Errorf("remove interface %s: %w", name, explain(err, "veth"))
	}
	return nil
}

// bringUp brings the interface up without any IPv6 address.
func (p place) bringUp(l netlink.Link) error {
	err := p.h.LinkSetIP6AddrGenMode(l, 1) // 1: none
	if err != nil && !errors.Is(err, unix.EAFNOSUPPORT) && !errors.Is(err, unix.EOPNOTSUPP) {
		return fmt.Errorf("keep IPv6 off interface %s: %w", l.Attrs().Name, err)
	}
	if err := p.h.LinkSetUp(l); err != nil {
		return fmt.Errorf("bring interface %s up: %w", l.Attrs().Name, err)
	}
	return nil
}

// address gives the interface these IPv4 addresses and no others.
func (p place) address(l netlink.Link, ips []netip.Addr) error {
	want := map[string]netlink.Addr{}
	for _, ip := range ips {
		a, err := netlink.ParseAddr(netip.PrefixFrom(ip, networkBits).String())
		if err != nil {
			return fmt.Errorf("address interface %s: %w", l.Attrs().Name, err)
		}
		want[a.IPNet.String()] = *a
	}
	have, err := p.h.AddrList(l, netlink.FAMILY_V4)
	if err != nil {
		return fmt.Errorf("read addresses of interface %s: %w", l.Attrs().Name, err)
	}
	for _, a := range have { // first, for a primary takes its secondaries with it
		if _, ok := want[a.IPNet.String()]; !ok {
			if err := p.h.AddrDel(l, &a); err != nil && !errors.Is(err, unix.EADDRNOTAVAIL) {
				return fmt.Errorf("take address %v from interface %s: %w", a.IPNet, l.Attrs().Name, err)
			}
		}
	}
	for _, ip := range ips {
		a := want[netip.PrefixFrom(ip, networkBits).String()]
		if err := p.h.AddrReplace(l, &a); err != nil {
			return fmt.Errorf("give address %v to interface %s: %w", ip, l.Attrs().Name, err)
		}
	}
	return nil
}
