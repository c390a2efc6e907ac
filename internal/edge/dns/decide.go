package dns

import (
	"math"
	"net/netip"
	"slices"

	"github.com/greenlang/fournines/internal/edge/config"
)

// tie is how much farther than the nearest a region may be to count as near as it, in
// milliseconds: below that the network's own jitter decides.
const tie = 3

// Choose returns the regions to answer a client with, best first, and never none where
// the configuration has any. up says whether a region's probes succeed; draw, in [0,1),
// spreads clients over regions that are as near. Prefix is the network of the table that
// matched, for the scope of the answer. It is pure.
func Choose(c *config.DNS, up func(region string) bool, client netip.Addr, draw float64) (out []config.DNSRegion, prefix netip.Prefix) {
	for _, r := range c.Regions {
		if r.Open && up(r.Name) {
			out = append(out, r)
		}
	}
	if len(out) == 0 { // everything looks dead: believe the switches, not the probes
		for _, r := range c.Regions {
			if r.Open {
				out = append(out, r)
			}
		}
	}
	if len(out) == 0 { // every switch is off, which nobody can have meant
		out = slices.Clone(c.Regions)
	}
	far, prefix := distances(c, client)
	if far == nil {
		return rotate(out, len(out), draw), prefix
	}
	slices.SortStableFunc(out, func(a, b config.DNSRegion) int {
		x, y := distance(far, a), distance(far, b)
		switch {
		case x < y:
			return -1
		case x > y:
			return 1
		}
		return 0
	})
	near := 1
	for near < len(out) && distance(far, out[near])-distance(far, out[0]) <= tie {
		near++
	}
	return rotate(out, near, draw), prefix
}

func distance(far map[string]float64, r config.DNSRegion) float64 {
	if ms, ok := far[r.Name]; ok {
		return ms
	}
	return math.MaxFloat64
}

// distances returns the row of the longest prefix that holds the client.
func distances(c *config.DNS, client netip.Addr) (far map[string]float64, prefix netip.Prefix) {
	best := -1
	for _, n := range c.Near {
		p, err := netip.ParsePrefix(n.Prefix) // validated before
		if err == nil && p.Contains(client) && p.Bits() > best {
			best, far, prefix = p.Bits(), n.Milliseconds, p
		}
	}
	return far, prefix
}

// rotate begins the first n at a drawn one and leaves the rest where they are.
func rotate(r []config.DNSRegion, n int, draw float64) []config.DNSRegion {
	if n < 2 {
		return r
	}
	at := int(draw*float64(n)) % n
	return slices.Concat(r[at:n], r[:at], r[n:])
}
