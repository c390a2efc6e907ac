package archive

import (
	"context"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

// ahead is how many pairs of bundle and tile are read before their turn.
const ahead = 16

// sheaf is what one tile of leaves covers.
type sheaf struct {
	n      uint64
	path   tiles.Path // of the bundle
	bundle []byte
	tile   []byte
	err    error
}

// sheaves reads bundles and tiles ahead of their turn, and delivers them in order.
func (a *audit) sheaves(ctx context.Context, size uint64) <-chan sheaf {
	turns, out := make(chan chan sheaf, ahead), make(chan sheaf)
	go func() {
		defer close(turns)
		for n := uint64(0); n*tiles.Width < size; n++ {
			turn := make(chan sheaf, 1)
			select {
			case turns <- turn:
			case <-ctx.Done():
				return
			}
			go func() { turn <- a.fetch(ctx, n, size) }()
		}
	}()
	go func() {
		defer close(out)
		for turn := range turns {
			select {
			case out <- <-turn:
			case <-ctx.Done():
				return
			}
		}
	}()
	return out
}

func (a *audit) fetch(ctx context.Context, n, size uint64) sheaf {
	s := sheaf{n: n}
	s.path, _ = tiles.At(tiles.Entries, n, size)
	if s.bundle, s.err = a.read(ctx, a.objects[s.path.String()], s.path.String(), n*tiles.Width); s.err != nil {
		return s
	}
	leaf := s.path
	leaf.Level = 0
	s.tile, s.err = a.read(ctx, a.objects[leaf.String()], leaf.String(), n*tiles.Width)
	return s
}
