//go:build prove

package prove

import (
	"context"
	"errors"
	"time"

	"github.com/greenlang/fournines/internal/driver/fault"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest"
)

const badNetFor = 15 * time.Second

// networkNoises are what a zone's network may do without a failover; they need namespaces.
func networkNoises(zones []string) []noise {
	if !netns() {
		return nil
	}
	var out []noise
	for _, z := range zones {
		for _, kind := range []string{fault.ZoneLatency, fault.ZoneLoss5} {
			out = append(out, badNet(kind, z))
		}
	}
	return out
}

func badNet(kind, zone string) noise {
	return noise{name: kind + " of zone " + zone, make: func(ctx context.Context, r *region) error {
		id, err := r.outside.Inject(ctx, kind, place.Cluster(platformtest.Region, zone), 2*badNetFor, "proof")
		if err != nil {
			return err
		}
		return errors.Join(until(ctx, time.Now().Add(badNetFor)), r.clear(ctx, id))
	}}
}
