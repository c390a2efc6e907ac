package tiles

import (
	"context"
	"errors"
	"fmt"
	"slices"
)

// Edge is the right edge of the tree: at each level the hashes of the tile that is not
// full yet. A writer needs nothing else to go on.
type Edge struct {
	Size   uint64
	levels [][]Hash
}

// LoadEdge reads the edge of a tree of size from its partial tiles.
func LoadEdge(ctx context.Context, src Source, size uint64) (*Edge, error) {
	e := &Edge{Size: size}
	for level := 0; size>>(height*level) > 0; level++ {
		n := size >> (height * level)
		var hashes []Hash
		if width := int(n % Width); width > 0 {
			var err error
			if hashes, err = ReadTile(ctx, src, Path{level, n / Width, width}); err != nil {
				return nil, err
			}
		}
		e.levels = append(e.levels, hashes)
	}
	return e, nil
}

// Add adds one leaf. Each tile that it fills is handed to full, the lowest first.
func (e *Edge) Add(leaf Hash, full func(Path, []Hash) error) error {
	e.Size++
	for level, h := 0, leaf; ; level++ {
		if level == len(e.levels) {
			e.levels = append(e.levels, nil)
		}
		e.levels[level] = append(e.levels[level], h)
		hashes := e.levels[level]
		if len(hashes) < Width {
			return nil
		}
		n := e.Size>>(height*(level+1)) - 1
		if err := full(Path{level, n, Width}, hashes); err != nil {
			return err
		}
		h = TileRoot(hashes)
		e.levels[level] = hashes[:0]
	}
}

// Partial hands the tiles that are not full to visit, the lowest first.
func (e *Edge) Partial(visit func(Path, []Hash) error) error {
	for level, hashes := range e.levels {
		if len(hashes) == 0 {
			continue
		}
		if err := visit(Path{level, e.Size >> (height * (level + 1)), len(hashes)}, hashes); err != nil {
			return err
		}
	}
	return nil
}

// Frontier returns what a writer that needs only roots goes on from.
func (e *Edge) Frontier() Frontier {
	var f Frontier
	for level, hashes := range slices.Backward(e.levels) {
		for _, h := range hashes {
			f.AddSubtree(uint(height*level), h) //nolint:gosec // below 64
		}
	}
	return f
}

// Clone returns a copy that grows on its own.
func (e *Edge) Clone() *Edge {
	c := &Edge{Size: e.Size}
	for _, hashes := range e.levels {
		c.levels = append(c.levels, slices.Clone(hashes))
	}
	return c
}

// ErrTile is wrapped by errors about what a tile holds.
var ErrTile = errors.New("broken tile")

// ReadTile reads the hashes of a tile; those of a partial one from the full one when
// that has replaced it. A tile of another length than its path says is an error.
func ReadTile(ctx context.Context, src Source, p Path) ([]Hash, error) {
	b, width, err := readPartial(ctx, src, p)
	if err != nil {
		return nil, err
	}
	if len(b) != width*len(Hash{}) {
		return nil, fmt.Errorf("%w: %s has %d bytes, %d hashes should be there", ErrTile, p, len(b), width)
	}
	hashes := make([]Hash, p.Width)
	for i := range hashes {
		copy(hashes[i][:], b[i*len(Hash{}):])
	}
	return hashes, nil
}

// AppendTile writes hashes behind dst as a tile holds them.
func AppendTile(dst []byte, hashes []Hash) []byte {
	for i := range hashes {
		dst = append(dst, hashes[i][:]...)
	}
	return dst
}

// Leaves returns the leaf hashes of the newest partial tile.
func (e *Edge) Leaves() []Hash {
	if len(e.levels) == 0 {
		return nil
	}
	return e.levels[0]
}
