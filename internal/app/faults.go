package app

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/chaos"
	"github.com/greenlang/fournines/internal/driver/fault"
	"github.com/greenlang/fournines/internal/node"
)

func (s *ServerApp) faults() chaos.Faults {
	return chaos.Faults{Wishes: s.State, Field: field{s}, Now: time.Now}
}

// leases returns what a zone's node shall inject, or end.
func (s *ServerApp) leases(region, zone string) ([]node.Lease, error) {
	faults, err := s.activeFaults()
	var out []node.Lease
	for _, f := range faults {
		if f.Zone() != region+"/"+zone && (!fault.OfRegion(f.Kind) || s.injector(f) != region+"/"+zone) {
			continue
		}
		links, lerr := s.cutWays(f)
		err = errors.Join(err, lerr)
		out = append(out, node.Lease{ID: f.ID, Kind: f.Kind, Target: f.Unit(), Until: f.Until, Ended: f.Cleared, Peers: assign.Peers(s.Layout, region, zone), Links: links})
	}
	return out, err
}

// networked are the faults that need network namespaces.
func networked(kind string) bool {
	return slices.Contains([]string{fault.ZonePartition, fault.ZonePartitionOut, fault.ZoneLatency, fault.ZoneLoss5}, kind)
}

// field is the platform as faults meet it.
type field struct{ s *ServerApp }

func (x field) Check(f chaos.Fault) error {
	if fault.OfRegion(f.Kind) {
		return x.checkRegion(f)
	}
	if _, err := x.s.Layout.Seat(f.Target); err == nil {
		return x.checkServer(f)
	}
	region, zone, _ := strings.Cut(f.Zone(), "/")
	r, ok := x.s.regions[region]
	if !ok || !slices.Contains(r.spec.Zones, zone) {
		return fmt.Errorf("there is no zone %q here; zones are %s", f.Zone(), strings.Join(x.s.zones(), ", "))
	}
	units := append([]string{""}, x.s.Layout.Kinds(region, zone)...)
	if !slices.Contains(units, f.Unit()) {
		return fmt.Errorf("%s runs no %q; it runs %s", f.Zone(), f.Unit(), strings.Join(units[1:], ", "))
	}
	if networked(f.Kind) && !x.s.NetNS {
		return fmt.Errorf("fault %s needs network namespaces: run `fournines down`, then `fournines up --netns` as root", f.Kind)
	}
	l, err := x.s.leaseOf(f)
	if err != nil {
		return err
	}
	return l.Validate(time.Now())
}

func (s *ServerApp) zones() []string {
	var out []string
	for name, r := range s.regions {
		for _, z := range r.spec.Zones {
			out = append(out, name+"/"+z)
		}
	}
	slices.Sort(out)
	return out
}

// Seen tells whether the fault shows: its node says that the lease is active, or,
// where the fault takes the node itself, the node is silent.
func (x field) Seen(f chaos.Fault) bool {
	if fault.CutsLinks(f.Kind) {
		return x.cut(f)
	}
	if f.Kind == fault.RegionKill {
		return !slices.ContainsFunc(x.s.regions[f.Target].spec.Zones, func(z string) bool {
			return time.Since(x.s.Facts.Node(f.Target, z).At) <= 1500*time.Millisecond
		})
	}
	if seat, err := x.s.Layout.Seat(f.Target); err == nil {
		return x.s.serverFaultSeen(f, seat)
	}
	region, zone, _ := strings.Cut(f.Zone(), "/")
	n := x.s.Facts.Node(region, zone)
	if slices.Contains(n.Faults, f.ID) {
		return true
	}
	switch f.Kind {
	case fault.ProcessKill: // over as soon as it was done; what it did is seen at the unit
		for _, u := range n.Units {
			if u.Name == f.Unit() && u.Since.After(f.Begun) {
				return true
			}
		}
		return false
	case fault.ZoneKill, fault.ZoneFreeze, fault.ZonePartition, fault.ZonePartitionOut:
		return time.Since(n.At) > 1500*time.Millisecond
	}
	return false
}

// left tells whether something of the fault may still be there: its node lists it, or
// has not reported since the fault was over.
func (x field) left(f chaos.Fault) bool {
	if _, err := x.s.Layout.Seat(f.Target); err == nil {
		return x.s.serverFaultActive(f.ID)
	}
	at := f.Zone()
	if fault.OfRegion(f.Kind) {
		if at = x.s.injector(f); at == "" {
			return false
		}
	}
	if fault.CutsLinks(f.Kind) && !x.mended(f) {
		return true
	}
	region, zone, _ := strings.Cut(at, "/")
	n := x.s.Facts.Node(region, zone)
	return time.Since(n.At) > nodeSilent || slices.Contains(n.Faults, f.ID)
}

func (x field) Active() ([]chaos.Fault, error) { return x.s.activeFaults() }

// leaseOf turns a fault into the lease that its zone's node injects.
func (s *ServerApp) leaseOf(f chaos.Fault) (fault.Lease, error) {
	if seat, err := s.Layout.Seat(f.Target); err == nil {
		dir := s.Layout.SeatDir(seat)
		return fault.Lease{ID: f.ID, Kind: f.Kind, Zone: filepath.Dir(dir), Unit: filepath.Base(dir), Until: f.Until}, nil
	}
	region, zone, ok := strings.Cut(f.Zone(), "/")
	if fault.OfRegion(f.Kind) {
		region, _ = ends(f)
	} else if !ok {
		return fault.Lease{}, fmt.Errorf("fault %s has no zone", f.ID)
	}
	links, err := s.cutWays(f)
	if err != nil {
		return fault.Lease{}, err
	}
	l := fault.Lease{ID: f.ID, Kind: f.Kind, Zone: s.Layout.Dir(region, zone), Unit: f.Unit(), Until: f.Until, Peers: assign.Peers(s.Layout, region, zone), Links: links}
	if s.NetNS && zone != "" {
		plan, err := assign.Namespaces(s.Layout, region)
		if err != nil {
			return l, err
		}
		l.NetNS = plan.Path(zone)
	}
	return l, nil
}
