package wiring

import (
	"context"
	"fmt"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/fact"
)

func (w *Wiring) kafka() availability.Kafka {
	return availability.Kafka{Brokers: brokers{w}, Policy: w.house.Layout.Platform.Spec.Engines.Kafka, Now: w.house.Now}
}

func (w *Wiring) steerer() availability.Steerer {
	return availability.Steerer{Mirrors: steered{w.mirrors}, Fencer: fencer{w}, Now: w.house.Now}
}

// brokers reads regions' Kafka and restarts brokers through their nodes.
type brokers struct{ w *Wiring }

func (x brokers) Kafka(cluster string) fact.Kafka {
	return x.w.house.Facts.Kafka(fact.RegionOf(cluster))
}

func (x brokers) Restart(ctx context.Context, component, name string) error {
	wish := availability.RestartWish{Component: component, Name: name}
	var stands availability.RestartWish
	known, err := x.w.house.State.Get(availability.RestartPrefix+component, &stands)
	if err != nil {
		return err
	}
	if !known || stands != wish {
		e, err := availability.RestartSet.Entry(component, name, wish)
		if err != nil {
			return err
		}
		e.Actor = "system:availability"
		if _, err := x.w.house.State.Append(ctx, e); err != nil {
			return err
		}
	}
	for {
		changed := x.w.house.Facts.Changed()
		if x.Restarted(component, name) {
			return nil
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return fmt.Errorf("%s was asked to restart, but its node does not report the restart: %w", component, ctx.Err())
		}
	}
}

func (x brokers) Restarted(component, name string) bool {
	at, err := fact.Component(component)
	if err != nil {
		return false
	}
	for _, u := range x.w.house.Facts.Node(at.Region, at.Zone).Units {
		if u.Name == at.Kind && u.Restart == name && u.PID > 0 {
			return true
		}
	}
	return false
}
