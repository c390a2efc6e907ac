package wiring

import (
	"errors"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/availability"
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
			if f, trouble := availability.ComponentFinding(c); trouble {
				out = append(out, f)
			}
		}
	}
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
	return slices.Concat(out, availability.LossFindings(lost, now), objects, zone, w.nameFindings(), w.outsideFindings(now), links), errors.Join(err1, err2, err3, err4)
}
