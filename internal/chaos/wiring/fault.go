package wiring

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/chaos"
	"github.com/greenlang/fournines/internal/fact"
)

// gone is how long a node that a fault takes is silent before the fault is seen.
const gone = 1500 * time.Millisecond

// kindOf returns the description of a fault's kind; an unknown kind has none.
func kindOf(f chaos.Fault) fact.FaultKind {
	k, _ := fact.FaultKindNamed(f.Kind)
	return k
}

// zonesOf returns the zones of a region that runs here; none of another.
func (w *Wiring) zonesOf(region string) []string {
	if !slices.Contains(w.house.Layout.Regions, region) {
		return nil
	}
	r, _ := w.house.Layout.Platform.Region(region)
	return r.Zones
}

// Check implements chaos.Platform.
func (w *Wiring) Check(f chaos.Fault) error {
	kind := kindOf(f)
	if kind.OfRegion() {
		return w.checkRegion(f)
	}
	if _, err := w.house.Layout.Seat(f.Target); err == nil {
		return w.checkServer(f)
	}
	at, err := fact.Zone(f.Zone())
	if err != nil || !slices.Contains(w.zonesOf(at.Region), at.Zone) {
		return fmt.Errorf("there is no zone %q here; zones are %s", f.Zone(), strings.Join(w.house.Layout.Zones(), ", "))
	}
	units := append([]string{""}, w.house.Layout.Kinds(at.Region, at.Zone)...)
	if !slices.Contains(units, f.Unit()) {
		return fmt.Errorf("%s runs no %q; it runs %s", f.Zone(), f.Unit(), strings.Join(units[1:], ", "))
	}
	if kind.NetNS && !w.house.Layout.NetNS {
		return fmt.Errorf("fault %s needs network namespaces: run `fournines down`, then `fournines up --netns` as root", f.Kind)
	}
	if kind.Root && !w.house.Layout.ByRoot {
		return fmt.Errorf("fault %s mounts a disk, and another user than root has started the platform: run `fournines down`, then `fournines up` as root", f.Kind)
	}
	if kind.Loses && len(w.zonesOf(at.Region)) < 2 {
		return fmt.Errorf("%s runs in one zone: nobody else has the data of %s, and it would be lost for good", at.Region, f.Target)
	}
	return w.checkLease(f)
}

// checkLease asks the driver whether it would inject the fault.
func (w *Wiring) checkLease(f chaos.Fault) error {
	l, err := w.leaseOf(f)
	if err != nil {
		return err
	}
	return l.Validate(w.house.Now())
}

// Seen implements chaos.Platform: it tells whether the fault shows, as its kind says.
func (w *Wiring) Seen(f chaos.Fault) bool {
	kind := kindOf(f)
	if kind.Sight == fact.SightLinks {
		return w.cut(f)
	}
	if kind.Reach == fact.ReachRegion {
		return !slices.ContainsFunc(w.zonesOf(f.Target), func(z string) bool { return !w.silent(f.Target, z, gone) })
	}
	if seat, err := w.house.Layout.Seat(f.Target); err == nil {
		return w.serverSeen(f, seat)
	}
	at, err := fact.Zone(f.Zone())
	if err != nil { // nothing here that it could show on
		return false
	}
	n := w.house.Facts.Node(at.Region, at.Zone)
	if slices.Contains(n.Faults, f.ID) {
		return true
	}
	switch kind.Sight {
	case fact.SightRestart: // over as soon as it was done; what it did is seen at the unit
		return slices.ContainsFunc(n.Units, func(u fact.Unit) bool { return u.Name == f.Unit() && u.Since.After(f.Begun) })
	case fact.SightSilence:
		return w.silent(at.Region, at.Zone, gone)
	}
	return false
}

// silent tells whether a zone's node has not reported for so long.
func (w *Wiring) silent(region, zone string, d time.Duration) bool {
	return w.house.Now().Sub(w.house.Facts.Node(region, zone).At) > d
}

// left tells whether something of the fault may still be there: its node lists it, or
// has not reported since the fault was over.
func (w *Wiring) left(f chaos.Fault) bool {
	if _, err := w.house.Layout.Seat(f.Target); err == nil {
		return w.held.holds(f.ID)
	}
	at, kind := f.Zone(), kindOf(f)
	if kind.OfRegion() {
		if at = w.injector(f); at == "" {
			return false
		}
	}
	if kind.Sight == fact.SightLinks && !w.mended(f) {
		return true
	}
	r, err := fact.Zone(at)
	if err != nil { // not a node's
		return false
	}
	return w.silent(r.Region, r.Zone, fact.NodeSilent) || slices.Contains(w.house.Facts.Node(r.Region, r.Zone).Faults, f.ID)
}
