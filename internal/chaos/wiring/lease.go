package wiring

import (
	"errors"
	"fmt"
	"path/filepath"

	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/chaos"
	"github.com/greenlang/fournines/internal/driver/fault"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/node"
)

// Leases returns what a zone's node shall inject, or end.
func (w *Wiring) Leases(region, zone string) ([]node.Lease, error) {
	faults, err := w.Active()
	var out []node.Lease
	for _, f := range faults {
		if f.Zone() != region+"/"+zone && (!kindOf(f).OfRegion() || w.injector(f) != region+"/"+zone) {
			continue
		}
		links, lerr := w.CutWays(f)
		err = errors.Join(err, lerr)
		out = append(out, node.Lease{ID: f.ID, Kind: f.Kind, Target: f.Unit(), Until: f.Until, Ended: f.Cleared, Peers: assign.Peers(w.house.Layout, region, zone), Links: links})
	}
	return out, err
}

// leaseOf turns a fault into the lease that its zone's node injects.
func (w *Wiring) leaseOf(f chaos.Fault) (fault.Lease, error) {
	layout := w.house.Layout
	if seat, err := layout.Seat(f.Target); err == nil {
		dir := layout.SeatDir(seat)
		return fault.Lease{ID: f.ID, Kind: f.Kind, Zone: filepath.Dir(dir), Unit: filepath.Base(dir), Until: f.Until}, nil
	}
	at, err := fact.Zone(f.Zone())
	if kindOf(f).OfRegion() {
		at.Region, _ = ends(f)
	} else if err != nil {
		return fault.Lease{}, fmt.Errorf("fault %s: %w", f.ID, err)
	}
	region, zone := at.Region, at.Zone
	links, err := w.CutWays(f)
	if err != nil {
		return fault.Lease{}, err
	}
	l := fault.Lease{ID: f.ID, Kind: f.Kind, Zone: layout.Dir(region, zone), Unit: f.Unit(), Until: f.Until, Peers: assign.Peers(layout, region, zone), Links: links}
	if layout.NetNS && zone != "" {
		plan, err := assign.Namespaces(layout, region)
		if err != nil {
			return l, err
		}
		l.NetNS = plan.Path(zone)
	}
	return l, nil
}
