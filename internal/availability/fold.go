package availability

import (
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// Documents and entries of the wing. A fence and a hold are wishes: they are in the
// journal before anybody acts on them, so a restart wishes the same again.
const (
	FencePrefix = "fence/" // + component id
	HoldPrefix  = "hold/"  // + cluster

	FenceSet    = "fence.set"
	FenceLifted = "fence.lifted"
	RouteHeld   = "route.held"
	RouteFreed  = "route.resumed"
)

// Hold keeps new work of a cluster's clients waiting at the edge.
type Hold struct {
	Cluster string    `json:"cluster"`
	Until   time.Time `json:"until"`
}

// Fold keeps the wing's documents. It is a state.Fold.
func Fold(d *state.Docs, r journal.Record) error {
	switch r.Kind {
	case FenceSet:
		var f Fence
		if err := r.Decode(&f); err != nil {
			return err
		}
		return d.Put(FencePrefix+r.Subject, f)
	case FenceLifted:
		d.Delete(FencePrefix + r.Subject)
	case RouteHeld:
		var h Hold
		if err := r.Decode(&h); err != nil {
			return err
		}
		return d.Put(HoldPrefix+r.Subject, h)
	case RouteFreed:
		d.Delete(HoldPrefix + r.Subject)
	}
	return nil
}
