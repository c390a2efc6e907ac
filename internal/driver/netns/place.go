package netns

import (
	"errors"
	"fmt"
	"net"
	"net/netip"
	"os"
	"slices"

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
	if l.Type() != "veth" {
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
	name := l.Attrs().Name
	have, err := p.h.AddrList(l, netlink.FAMILY_V4)
	if err != nil {
		return fmt.Errorf("read addresses of interface %s: %w", name, err)
	}
	for _, a := range have {
		ip, _ := netip.AddrFromSlice(a.IP.To4())
		if slices.Contains(ips, ip) {
			continue
		}
		if err := p.h.AddrDel(l, &a); err != nil {
			return fmt.Errorf("take address %v from interface %s: %w", ip, name, err)
		}
	}
	for _, ip := range ips {
		a := netlink.Addr{IPNet: ipNet(netip.PrefixFrom(ip, ip.BitLen()))}
		if err := p.h.AddrReplace(l, &a); err != nil {
			return fmt.Errorf("give address %v to interface %s: %w", ip, name, err)
		}
	}
	return nil
}

// route sends these destinations by the interface, and no others.
func (p place) route(l netlink.Link, want []netlink.Route) error {
	name := l.Attrs().Name
	have, err := p.h.RouteList(l, netlink.FAMILY_V4)
	if err != nil {
		return fmt.Errorf("read routes by interface %s: %w", name, err)
	}
	for _, r := range have {
		same := func(w netlink.Route) bool { return r.Dst != nil && w.Dst.String() == r.Dst.String() }
		if slices.ContainsFunc(want, same) {
			continue
		}
		if err := p.h.RouteDel(&r); err != nil {
			return fmt.Errorf("take route to %v from interface %s: %w", r.Dst, name, err)
		}
	}
	for _, r := range want {
		r.LinkIndex = l.Attrs().Index
		if err := p.h.RouteReplace(&r); err != nil {
			return fmt.Errorf("route %v by interface %s: %w", r.Dst, name, err)
		}
	}
	return nil
}

// within runs do on a thread inside the namespace.
func (p place) within(do func() error) error {
	return on(func() error { return unix.Setns(int(p.ns), unix.CLONE_NEWNET) }, do)
}

// Within runs do on a thread inside the namespace at path, such as to start a process there.
func Within(path string, do func() error) error {
	ns, err := kernelns.GetFromPath(path)
	if err != nil {
		return fmt.Errorf("open network namespace %s: %w", path, err)
	}
	defer ns.Close() //nolint:errcheck // nothing was written
	if err := (place{ns: ns}).within(do); err != nil {
		return fmt.Errorf("in network namespace %s: %w", path, err)
	}
	return nil
}

// forward makes the namespace, and only it, pass packets on between its interfaces.
func (p place) forward() error {
	return p.within(func() error {
		if err := os.WriteFile("/proc/sys/net/ipv4/ip_forward", []byte("1"), 0o600); err != nil {
			return fmt.Errorf("let the router's namespace forward: %w", err)
		}
		return nil
	})
}

func ipNet(p netip.Prefix) *net.IPNet {
	return &net.IPNet{IP: p.Addr().AsSlice(), Mask: net.CIDRMask(p.Bits(), p.Addr().BitLen())}
}
