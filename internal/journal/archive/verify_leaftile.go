package archive

import (
	"context"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

// ahead is how many pairs of bundle and tile are read before their turn.
const ahead = 16

// leafTile is what one tile of leaves covers.
type leafTile struct {
	n      uint64
	path   tiles.Path // of the bundle
	bundle []byte
	tile   []byte
	err    error
}

// leafTiles reads bundles and tiles ahead of their turn, and delivers them in order.
func (a *audit) leafTiles(ctx context.Context, size uint64) <-chan leafTile {
	turns, out := make(chan chan leafTile, ahead), make(chan leafTile)
	go func() {
		defer close(turns)
		for n := uint64(0); n*tiles.Width < size; n++ {
			turn := make(chan leafTile, 1)
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

func (a *audit) fetch(ctx context.Context, n, size uint64) leafTile {
	s := leafTile{n: n}
	s.path, _ = tiles.At(tiles.Entries, n, size)
	if s.bundle, s.err = a.read(ctx, a.objects[s.path.String()], s.path.String(), n*tiles.Width); s.err != nil {
		return s
	}
	leaf := s.path
	leaf.Level = 0
	s.tile, s.err = a.read(ctx, a.objects[leaf.String()], leaf.String(), n*tiles.Width)
	return s
}
