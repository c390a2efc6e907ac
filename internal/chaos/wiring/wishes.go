package wiring

import (
	"context"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/wing"
)

// wishes is the state as the core uses it; the house has none until the server leads.
type wishes struct{ house *wing.House }

// Append implements chaos.Wishes.
func (w wishes) Append(ctx context.Context, entries ...journal.Entry) (uint64, error) {
	return w.house.State.Append(ctx, entries...)
}

// Get implements chaos.Wishes.
func (w wishes) Get(key string, v any) (bool, error) { return w.house.State.Get(key, v) }

// Changed implements chaos.Wishes.
func (w wishes) Changed() <-chan struct{} { return w.house.State.Changed() }
