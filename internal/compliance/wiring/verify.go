package wiring

import (
	"context"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/compliance/door"
	"github.com/greenlang/fournines/internal/journal"
)

// Entry returns one entry as the server shows it.
func (w *Wiring) Entry(ctx context.Context, index uint64) (api.Entry, error) {
	return w.options.Entries.Entry(ctx, index)
}

func (w *Wiring) Verify(ctx context.Context) (door.Verification, error) {
	begun := w.house.Now()
	a, err := journal.Verify(ctx, w.house.Journal.Dir(), journal.VerifyOptions{Key: w.house.Journal.VerifierKey()})
	v := door.Verification{OK: err == nil, Size: a.Size, Root: a.Root, At: begun.UTC(), Seconds: w.house.Now().Sub(begun).Seconds()}
	if err != nil {
		v.Problem = err.Error()
	}
	return v, nil
}
