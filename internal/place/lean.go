package place

import (
	"github.com/greenlang/fournines/internal/spec"
)

// Lean leaves one zone to each region but the first that runs here and its partner, so that
// six regions with every kind of engine fit on one machine. Such a region cannot fail over
// inside itself; its partner takes over for it, as for any other.
func Lean(p *spec.Platform, running []string) {
	first, _ := p.Region(running[0])
	for i := range p.Spec.Regions {
		r := &p.Spec.Regions[i]
		if r.Name != first.Name && r.Name != first.Pair && len(r.Zones) > 1 {
			r.Zones = r.Zones[:1]
		}
	}
}
