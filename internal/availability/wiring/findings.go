package wiring

import (
	"errors"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wing"
)

// findings says what about availability needs a person.
func (w *Wiring) findings(now time.Time) ([]wing.Finding, error) {
	var out []wing.Finding
	for _, r := range w.house.Layout.Platform.Spec.Regions {
		status := w.RegionStatus(r, now)
		for _, ready := range status.Readiness {
			if f, trouble := availability.ReadinessFinding(ready); trouble {
				out = append(out, f)
			}
		}
		for _, c := range status.Components {
			if f, trouble := availability.ComponentFinding(c, now); trouble {
				out = append(out, f)
			}
		}
	}
	var errs []error
	for _, name := range w.house.Layout.Regions { // those that run here
		view, err1 := w.PostgresView(place.Cluster(name, place.Postgres))
		begun, _, err2 := w.failovers(place.Cluster(name, place.Postgres))
		if err := errors.Join(err1, err2); err != nil {
			errs = append(errs, err)
			continue
		}
		out = append(out, availability.ClusterFindings(view, begun, now)...)
	}
	out = append(out, w.descriptorFindings(now)...)
	placed, err := w.placement()
	if err != nil {
		return nil, err
	}
	for _, name := range w.house.Layout.Regions {
		if f, trouble := availability.SwitchFinding(placed.Wishes[name]); trouble {
			out = append(out, f)
		}
	}
	lost, err1 := state.List[availability.Loss](w.house.State, availability.LossPrefix)
	objects, err2 := w.objectFindings(now)
	zone, err3 := w.hostedZoneFindings()
	links, err4 := w.linkFindings(now)
	partners, err5 := w.partnerFindings(now)
	return slices.Concat(out, availability.LossFindings(lost, now), objects, zone, w.nameFindings(), w.outsideFindings(now), links, partners, w.connectionFindings(now)), errors.Join(append(errs, err1, err2, err3, err4, err5)...)
}

// descriptorFindings says which processes lack file descriptors or soon will.
func (w *Wiring) descriptorFindings(now time.Time) (out []wing.Finding) {
	add := func(subject string, d fact.Descriptors, seen time.Time) {
		if f, trouble := availability.DescriptorFinding(subject, d, seen, now); trouble {
			out = append(out, f)
		}
	}
	if own := w.house.Descriptors; own != nil {
		add(w.house.Seat.Name, fact.Descriptors(own.State()), now)
	}
	for _, r := range w.house.Layout.Regions {
		e := w.house.Facts.Edge(r)
		add(place.Cluster(r, place.Edge), fact.Descriptors(e.Descriptors), e.Seen)
		for _, z := range w.regions[r].spec.Zones {
			n := w.house.Facts.Node(r, z)
			add(place.ID(r, z, place.Node), n.Descriptors, n.At)
		}
	}
	return out
}
