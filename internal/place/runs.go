package place

import (
	"slices"

	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/spec"
)

// RunsRegion returns a [spec.NoneOfError] where this installation does not run a region.
func (l Layout) RunsRegion(name string) error {
	if slices.Contains(l.Regions, name) {
		return nil
	}
	return &spec.NoneOfError{What: "region", Value: name, Has: l.Regions}
}

// RunsZone reads REGION/ZONE, and returns a [spec.NoneOfError] where this installation does not
// run that zone.
func (l Layout) RunsZone(id string) (fact.Ref, error) {
	zones := l.Zones()
	at, err := fact.Zone(id)
	if err != nil || !slices.Contains(zones, at.String()) {
		return fact.Ref{}, &spec.NoneOfError{What: "zone", Value: id, Has: zones}
	}
	return at, nil
}

// Zones returns REGION/ZONE of every zone that this installation runs.
func (l Layout) Zones() []string {
	var out []string
	for _, name := range l.Regions {
		r, _ := l.Platform.Region(name)
		for _, z := range r.Zones {
			out = append(out, name+"/"+z)
		}
	}
	return out
}
