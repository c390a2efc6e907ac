package wiring

import (
	"errors"
	"fmt"
	"slices"
	"strings"
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
	var outages []availability.Outage
	for _, r := range w.house.Layout.Platform.Spec.Regions {
		status := w.RegionStatus(r, now)
		outages = append(outages, availability.Outages(r.Name, status.Components)...)
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
		out = append(out, availability.DriftFindings(view.Cluster, w.house.Facts.Redis(name), w.house.Facts.Kafka(name), w.house.Facts.Etcd(name), name)...)
	}
	out = append(append(out, w.descriptorFindings(now)...), w.disks.findings(now)...)
	placed, err := w.placement()
	if err != nil {
		return nil, err
	}
	for _, name := range w.house.Layout.Regions {
		if f, trouble := availability.SwitchFinding(placed.Wishes[name]); trouble {
			out = append(out, f)
		}
	}
	lost, err := state.List[availability.Loss](w.house.State, availability.LossPrefix)
	out, errs = append(out, availability.LossFindings(lost)...), append(errs, err)
	out = slices.Concat(out, w.nameFindings(), w.outsideFindings(now), w.connectionFindings(now))
	for _, look := range []func(time.Time) ([]wing.Finding, error){w.topicFindings, w.objectFindings, w.hostedZoneFindings, w.linkFindings, w.partnerFindings} {
		found, err := look(now)
		out, errs = append(out, found...), append(errs, err)
	}
	out = availability.OneCause(out, outages, w.first)
	start, err := w.Start()
	start.Quieten(out, now)
	return out, errors.Join(append(errs, err)...)
}

// first says what to do first about an outage, and what became of the customers.
func (w *Wiring) first(o availability.Outage) string {
	if o.Zone != "" {
		return "The other zones of " + o.Region + " go on; whether they could lose another one says `fournines readiness`. Look after the machine of the zone: what was on it comes back by itself."
	}
	homes, err := w.homes()
	if err != nil {
		return "What it means for customers is unknown: " + err.Error() + "."
	}
	var text []string
	for _, h := range homes {
		switch {
		case h.serving == o.Region && h.other != "" && h.other != o.Region:
			text = append(text, fmt.Sprintf("The customers of %s belong there. First move them: `fournines evacuate %s --ungraceful`; with --plan it says what would be lost.", h.Name, h.Name))
		case h.serving == o.Region:
			text = append(text, fmt.Sprintf("The customers of %s belong there, and no other region has their data.", h.Name))
		case h.other == o.Region:
			text = append(text, fmt.Sprintf("The customers of %s are served by %s, which nothing protects meanwhile.", h.Name, h.serving))
		}
	}
	return strings.Join(append(text, "Then look after the region: power, network, machines. What was there comes back by itself."), " ")
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
