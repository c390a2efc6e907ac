package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

// bundled reads the entries of a tile of leaves from its bundle.
func (a *audit) bundled(ctx context.Context, s *leafTile) ([][]byte, error) {
	p, _ := tiles.At(tiles.Entries, s.n, a.c.Size)
	b, err := tiles.ReadBundle(ctx, a.src, p)
	if err != nil {
		return nil, a.unreadable(&a.log, s.n*tiles.Width, p, err)
	}
	payloads, rest, err := tiles.SplitBundle(b, p.Width)
	if err == nil && len(rest) > 0 {
		err = errors.New("something follows its last entry")
	}
	if err != nil {
		a.note(&a.log, s.n*tiles.Width, BitRot, p.String()+": "+err.Error())
		return nil, nil //nolint:nilnil,nilerr // it is the finding
	}
	return payloads, nil
}

// unreadable notes a file that is not there; every other failure ends the verification,
// unless it is about what the file holds.
func (a *audit) unreadable(at **DamageError, index uint64, p tiles.Path, err error) error {
	switch {
	case errors.Is(err, fs.ErrNotExist):
		a.note(at, index, Missing, p.String()+" is gone")
	case errors.Is(err, tiles.ErrTile), errors.Is(err, tiles.ErrBundle):
		a.note(at, index, BitRot, err.Error())
	default:
		return err
	}
	return nil
}

// compare holds a tile of leaves against its tile and its bundle, as far as they are published.
func (a *audit) compare(ctx context.Context, s *leafTile, payloads [][]byte, leaves []tiles.Hash) error {
	p, ok := tiles.At(0, s.n, a.c.Size)
	if !ok {
		return nil
	}
	first := s.n * tiles.Width
	hashes, err := tiles.ReadTile(ctx, a.src, p)
	if err != nil {
		if err := a.unreadable(&a.differs, first, p, err); err != nil {
			return err
		}
	}
	for i := range min(len(hashes), len(leaves)) {
		if hashes[i] != leaves[i] {
			a.note(&a.differs, first+uint64(i), BitRot, "the tree's hash of it in "+p.String()+" is another") //nolint:gosec // not negative
			break
		}
	}
	if s.frames == nil {
		return nil
	}
	p.Level = tiles.Entries
	b, err := tiles.ReadBundle(ctx, a.src, p)
	if err != nil {
		return a.unreadable(&a.differs, first, p, err)
	}
	for i, payload := range payloads[:min(p.Width, len(payloads))] {
		entry, rest, err := tiles.NextEntry(b)
		if err != nil || !bytes.Equal(entry, payload) {
			a.note(&a.differs, first+uint64(i), BitRot, "it is another one in "+p.String()) //nolint:gosec // not negative
			return nil                                                                      //nolint:nilerr // it is the finding
		}
		b = rest
	}
	if len(b) > 0 {
		a.note(&a.differs, first, BitRot, "something follows the last entry of "+p.String())
	}
	return nil
}

// upper checks the tiles above the leaves against the ones below.
func (a *audit) upper(ctx context.Context) error {
	hashes := a.roots[:a.c.Size/tiles.Width]
	for level, cover := 1, uint64(tiles.Width); len(hashes) > 0; level, cover = level+1, cover*tiles.Width {
		var above []tiles.Hash
		for n := uint64(0); n*tiles.Width < uint64(len(hashes)); n++ {
			p, _ := tiles.At(level, n, a.c.Size)
			want := append([]tiles.Hash{}, hashes[n*tiles.Width:][:p.Width]...)
			got, err := tiles.ReadTile(ctx, a.src, p)
			if err != nil {
				err = a.unreadable(&a.differs, n*tiles.Width*cover, p, err)
			}
			if err != nil {
				return fmt.Errorf("verify journal %s: %w", a.name, err)
			}
			if a.differs != nil {
				return a.differs
			}
			for i := range want {
				if got[i] != want[i] {
					return &DamageError{a.name, (n*tiles.Width + uint64(i)) * cover, BitRot, "the tree's hash over it in " + p.String() + " is another"} //nolint:gosec // not negative
				}
			}
			if p.Width == tiles.Width {
				above = append(above, tiles.TileRoot(want))
			}
		}
		hashes = above
	}
	return nil
}
