package assign

import (
	"net/netip"

	"github.com/greenlang/fournines/internal/driver/netns"
	"github.com/greenlang/fournines/internal/place"
)

// Namespaces returns the network namespaces of a region's zones.
func Namespaces(l place.Layout, region string) (netns.Plan, error) {
	r, _ := l.Platform.Region(region)
	p := netns.Plan{Prefix: netns.Prefix(l.Root, region)}
	for _, a := range l.Outside(region) {
		ip, err := netip.ParseAddr(a)
		if err != nil {
			return p, err
		}
		p.Root = append(p.Root, ip)
	}
	for _, z := range r.Zones {
		ip, err := netip.ParseAddr(l.IP(region, z))
		if err != nil {
			return p, err
		}
		p.Zones = append(p.Zones, netns.Zone{Name: z, IP: ip})
	}
	return p, nil
}

// Peers returns the addresses that a zone's network faults cut off or delay: everything
// but the zone itself. Without network namespaces there are none.
func Peers(l place.Layout, region, zone string) []string {
	if !l.NetNS {
		return nil
	}
	r, _ := l.Platform.Region(region)
	out := l.Outside(region)
	for _, z := range r.Zones {
		if z != zone {
			out = append(out, l.IP(region, z))
		}
	}
	return out
}
