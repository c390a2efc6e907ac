package app

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/chaos"
	"github.com/greenlang/fournines/internal/driver/fault"
	"github.com/greenlang/fournines/internal/fact"
)

// ends returns the regions that a region's fault is about: REGION, or REGION:OTHER for the
// links between two; other is empty for all others.
func ends(f chaos.Fault) (region, other string) {
	region, other, _ = strings.Cut(f.Target, ":")
	return region, other
}

// injector returns the zone whose node injects a region's fault: the region's first.
func (s *ServerApp) injector(f chaos.Fault) string {
	region, _ := ends(f)
	r, ok := s.regions[region]
	if !ok {
		return ""
	}
	return region + "/" + r.spec.Zones[0]
}

func (x field) checkRegion(f chaos.Fault) error {
	region, other := ends(f)
	for _, name := range strings.SplitN(f.Target, ":", 2) {
		if _, ok := x.s.regions[name]; !ok {
			return fmt.Errorf("there is no region %q here; regions are %s", name, strings.Join(x.s.Regions, ", "))
		}
	}
	switch {
	case other != "" && f.Kind == fault.RegionKill:
		return fmt.Errorf("fault %s is about one region, and %s are two", f.Kind, f.Target)
	case other == region:
		return fmt.Errorf("there is no link from %s to itself", region)
	case fault.CutsLinks(f.Kind) && len(x.s.Regions) < 2:
		return fmt.Errorf("%s runs here alone, so there is nobody to be cut off from: bring another region up with `fournines up --regions`", region)
	}
	l, err := x.s.leaseOf(f)
	if err != nil {
		return err
	}
	return l.Validate(time.Now())
}

// cutWays returns the ways that a fault cuts, each FROM>TO; none for faults of another kind.
// A region that is cut off from all others loses the server outside of regions as well.
func (s *ServerApp) cutWays(f chaos.Fault) ([]string, error) {
	if !fault.CutsLinks(f.Kind) {
		return nil, nil
	}
	region, other := ends(f)
	if !slices.Contains(s.Regions, region) {
		return nil, fmt.Errorf("fault %s: this installation does not run region %q", f.ID, region)
	}
	var out []string
	for _, name := range s.Regions {
		if name == region || (other != "" && name != other) {
			continue
		}
		w := fact.Way{From: region, To: name}
		if out = append(out, w.String()); f.Kind == fault.RegionPartition {
			out = append(out, w.Back().String())
		}
	}
	for _, w := range s.Layout.OutsideWays() {
		if other == "" && (w.From == region || w.To == region && f.Kind == fault.RegionPartition) {
			out = append(out, w.String())
		}
	}
	return out, nil
}

// cut tells whether nothing comes along any of the ways that a fault cuts.
func (x field) cut(f chaos.Fault) bool {
	return x.each(f, availability.LinkCut)
}

// mended tells whether something comes again along every way that a fault has cut.
func (x field) mended(f chaos.Fault) bool {
	now := time.Now()
	return x.each(f, func(l fact.Link) bool { return l.Missed == 0 && now.Sub(l.At) <= nodeSilent })
}

func (x field) each(f chaos.Fault, is func(fact.Link) bool) bool {
	ways, err := x.s.cutWays(f)
	if err != nil {
		return true // it is about a region that does not run here any more
	}
	return !slices.ContainsFunc(ways, func(text string) bool {
		w, err := fact.ParseWay(text)
		return err == nil && !is(x.s.Facts.Link(w.From, w.To))
	})
}
