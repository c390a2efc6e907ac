package place

import (
	"fmt"
	"strconv"

	"github.com/greenlang/fournines/internal/fact"
)

// Wan is the unit that is the network between the regions of this machine.
const Wan = "wan"

// PulsePort is where a region's own host hears the other regions, by UDP.
const PulsePort = 7007

// nearIP returns the address of region from by which it reaches a zone of another region:
// 127.FROM.(128 + ZONE).TO, or 10.… with network namespaces. Zone "" is the region's own host.
func (l Layout) nearIP(from, to, zone string) string {
	a, _ := l.Platform.Region(from)
	b, _ := l.Platform.Region(to)
	net := 127
	if l.NetNS {
		net = 10
	}
	return fmt.Sprintf("%d.%d.%d.%d", net, a.Number, 128+l.ZoneNumber(b, zone), b.Number)
}

// nearIPs returns all addresses of a region by which it reaches others.
func (l Layout) nearIPs(from string) []string {
	var out []string
	for _, to := range l.Regions {
		if to == from {
			continue
		}
		out = append(out, l.nearIP(from, to, ""))
		r, _ := l.Platform.Region(to)
		for _, z := range r.Zones {
			out = append(out, l.nearIP(from, to, z))
		}
	}
	return out
}

// Near returns where region from reaches a component of region to: at the component's own
// address in the same region, and by the network between regions in another.
func (l Layout) Near(from, to, zone string, port int) string {
	if from == to {
		return l.Addr(to, zone, port)
	}
	return l.nearIP(from, to, zone) + ":" + strconv.Itoa(port)
}

// Ways returns every way between two regions that run here.
func (l Layout) Ways() []fact.Way {
	var out []fact.Way
	for _, a := range l.Regions {
		for _, b := range l.Regions {
			if a != b {
				out = append(out, fact.Way{From: a, To: b})
			}
		}
	}
	return out
}
