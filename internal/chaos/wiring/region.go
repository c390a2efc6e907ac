package wiring

import (
	"fmt"
	"slices"
	"strings"

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

// injector returns the zone whose node injects a region's fault: the region's first; empty
// where the region does not run here.
func (w *Wiring) injector(f chaos.Fault) string {
	region, _ := ends(f)
	zones := w.zonesOf(region)
	if len(zones) == 0 {
		return ""
	}
	return region + "/" + zones[0]
}

func (w *Wiring) checkRegion(f chaos.Fault) error {
	region, other := ends(f)
	running, kind := w.house.Layout.Regions, kindOf(f)
	for _, name := range strings.SplitN(f.Target, ":", 2) {
		if !slices.Contains(running, name) {
			return fmt.Errorf("there is no region %q here; regions are %s", name, strings.Join(running, ", "))
		}
	}
	switch {
	case other != "" && kind.Reach == fact.ReachRegion:
		return fmt.Errorf("fault %s is about one region, and %s are two", f.Kind, f.Target)
	case other == region:
		return fmt.Errorf("there is no link from %s to itself", region)
	case kind.Reach == fact.ReachLinks && len(running) < 2:
		return fmt.Errorf("%s runs here alone, so it cannot be cut off from another: bring another region up with `fournines up --regions`", region)
	}
	return w.checkLease(f)
}

// CutWays returns the ways that a fault cuts, each FROM>TO; none for faults of another kind.
// A region that is cut off from all others loses the server outside of regions as well.
func (w *Wiring) CutWays(f chaos.Fault) ([]string, error) {
	if kindOf(f).Reach != fact.ReachLinks {
		return nil, nil
	}
	region, other := ends(f)
	layout := w.house.Layout
	if !slices.Contains(layout.Regions, region) {
		return nil, fmt.Errorf("fault %s: this installation does not run region %q", f.ID, region)
	}
	both := f.Kind == fault.RegionPartition
	var out []string
	for _, name := range layout.Regions {
		if name == region || (other != "" && name != other) {
			continue
		}
		way := fact.Way{From: region, To: name}
		if out = append(out, way.String()); both {
			out = append(out, way.Back().String())
		}
	}
	for _, way := range layout.OutsideWays() {
		if other == "" && (way.From == region || way.To == region && both) {
			out = append(out, way.String())
		}
	}
	return out, nil
}

// cut tells whether nothing comes along any of the ways that a fault cuts.
func (w *Wiring) cut(f chaos.Fault) bool { return w.each(f, fact.Link.Cut) }

// mended tells whether something comes again along every way that a fault has cut.
func (w *Wiring) mended(f chaos.Fault) bool {
	now := w.house.Now()
	return w.each(f, func(l fact.Link) bool { return l.Missed == 0 && now.Sub(l.At) <= fact.NodeSilent })
}

func (w *Wiring) each(f chaos.Fault, is func(fact.Link) bool) bool {
	ways, err := w.CutWays(f)
	if err != nil {
		return true // it is about a region that does not run here any more
	}
	return !slices.ContainsFunc(ways, func(text string) bool {
		way, err := fact.ParseWay(text)
		return err == nil && !is(w.house.Facts.Link(way.From, way.To))
	})
}
