package dns

import (
	"cmp"
	"math"
	"slices"

	"github.com/greenlang/fournines/internal/edge/config"
)

// tie is how much farther than the nearest a region may be to count as near as it, in
// milliseconds: below that the network's own jitter decides.
const tie = 3

// Choice is which regions clients of one network are sent to.
type Choice struct {
	Ranked []config.DNSRegion // best first; never empty where the configuration has any region
	Shared int                // the first so many are as near and share the clients by their weights
	Open   string             // why the answers fail open; empty: they do not
}

// The reasons for failing open.
const (
	AllDown = "no open region answers probes: answered as if all did"
	AllOff  = "every switch is off: answered as if none were"
)

// Decide ranks the regions for clients at the given distances in milliseconds; nil:
// unknown. up says whether a region's probes succeed. It is pure.
//
// Regions that are closed, down or of weight 0 are left out, as long as anything else is
// left: first those of weight 0 return, then those that look dead, at last those that
// are switched off.
func Decide(c *config.DNS, up func(region string) bool, far map[string]float64) Choice {
	var out Choice
	open := filter(c.Regions, func(r config.DNSRegion) bool { return r.Open })
	if len(open) == 0 {
		open, out.Open = slices.Clone(c.Regions), AllOff
	}
	alive := filter(open, func(r config.DNSRegion) bool { return up(r.Name) })
	if len(alive) == 0 {
		alive = open
		if out.Open == "" {
			out.Open = AllDown
		}
	}
	out.Ranked = filter(alive, func(r config.DNSRegion) bool { return r.Share() > 0 })
	if len(out.Ranked) == 0 {
		out.Ranked = alive
	}
	if far == nil {
		out.Shared = len(out.Ranked)
		return out
	}
	slices.SortStableFunc(out.Ranked, func(a, b config.DNSRegion) int { return cmp.Compare(distance(far, a), distance(far, b)) })
	for out.Shared < len(out.Ranked) && distance(far, out.Ranked[out.Shared])-distance(far, out.Ranked[0]) <= tie {
		out.Shared++
	}
	return out
}

// pick returns n regions, beginning with one of those that share the clients.
func (c Choice) pick(n, at int) []config.DNSRegion {
	out := slices.Concat(c.Ranked[at:at+1], c.Ranked[:at], c.Ranked[at+1:])
	return out[:min(max(n, 1), len(out))]
}

// share is the weight of one of those that share the clients; where all have none they are alike.
func (c Choice) share(i int) int {
	return max(1, c.Ranked[i].Share())
}

// distance is finite, so that two that nobody knows are as near.
func distance(far map[string]float64, r config.DNSRegion) float64 {
	if ms, ok := far[r.Name]; ok {
		return ms
	}
	return math.MaxFloat64
}

func filter(in []config.DNSRegion, keep func(config.DNSRegion) bool) []config.DNSRegion {
	var out []config.DNSRegion
	for _, r := range in {
		if keep(r) {
			out = append(out, r)
		}
	}
	return out
}
