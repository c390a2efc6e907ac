package wiring

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/edge"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/wing"
)

// edgeVersion is the document that numbers an edge's configurations.
type edgeVersion struct {
	Print   string `json:"print"`
	Version uint64 `json:"version"`
}

// foldEdges keeps what edges shall do, and how far their events are in the journal.
func foldEdges(d *state.Docs, r journal.Record) error {
	switch {
	case r.Kind == evidence.Counted.Name:
		return nil
	case strings.HasPrefix(r.Kind, "edge.") && r.Kind != edgeConfigured.Name:
		var ev edge.Event
		if err := r.Decode(&ev); err != nil {
			return err
		}
		return d.Put(edgeEvent+r.Subject, ev.Seq)
	case r.Kind != edgeConfigured.Name:
		return nil
	}
	var v edgeVersion
	if err := r.Decode(&v); err != nil {
		return err
	}
	v.Version = r.Index + 1
	return d.Put(edgePrefix+r.Subject, v)
}

// Directive returns what a region's edge shall do now.
func (w *Wiring) Directive(ctx context.Context, region string) (assign.Directive, error) {
	placed, err := w.placement()
	fences, err1 := state.List[availability.Fence](w.house.State, availability.FencePrefix+region+"/")
	holds, err2 := state.List[availability.Hold](w.house.State, availability.HoldPrefix+region+"/")
	if err := errors.Join(err, err1, err2); err != nil {
		return assign.Directive{}, err
	}
	b, err := json.Marshal(assign.EdgeConfig(w.house.Layout, region, placed))
	if err != nil {
		return assign.Directive{}, err
	}
	var v edgeVersion
	if _, err := w.house.State.Get(edgePrefix+region, &v); err != nil {
		return assign.Directive{}, err
	}
	if v.Print != string(b) {
		if err := wing.Record(ctx, w.house, edgeConfigured, region, edgeVersion{Print: string(b)}); err != nil {
			return assign.Directive{}, err
		}
		if _, err := w.house.State.Get(edgePrefix+region, &v); err != nil {
			return assign.Directive{}, err
		}
	}
	holds = slices.DeleteFunc(holds, func(h availability.Hold) bool { return !w.house.Now().Before(h.Until) })
	return assign.Direct(w.house.Layout, region, placed, fences, holds, v.Version)
}

// version notes from what each unit would be started now; it depends on the
// installation alone, and is asked for often.
func (w *Wiring) version() error {
	w.units = map[string]string{}
	for name, r := range w.regions {
		for _, z := range r.spec.Zones {
			a, err := assign.Assign(w.house.Layout, w.house.Programs, w.house.Secrets, name, z, assign.Desired{Serves: true})
			if err != nil {
				return err
			}
			for _, u := range a.Units {
				w.units[place.ID(name, z, u.Name)] = u.Version()
			}
		}
	}
	return nil
}

const (
	edgePrefix = "edge/"
	edgeEvent  = "edge-event/" // + region: number of its last event in the journal
)

// Desired is what is wanted of a zone, as far as availability knows.
func (w *Wiring) Desired(region, zone string) (assign.Desired, error) {
	r, ok := w.regions[region]
	if !ok || !slices.Contains(r.spec.Zones, zone) {
		return assign.Desired{}, fmt.Errorf("this installation runs no zone %s/%s", region, zone)
	}
	at := region + "/" + zone + "/"
	fences, err1 := state.List[availability.Fence](w.house.State, availability.FencePrefix+at)
	restarts, err2 := state.List[availability.RestartWish](w.house.State, availability.RestartPrefix+at)
	placed, err3 := w.placement()
	aside, err4 := w.asideOf(region, zone)
	return assign.Desired{Fences: fences, Primary: r.primary(), Serves: placed.Runs(region), Restart: restarts, Aside: aside}, errors.Join(err1, err2, err3, err4)
}
