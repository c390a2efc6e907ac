package archive

import (
	"bytes"
	"context"
	"errors"
	"fmt"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/tiles"
)

// walk goes through all entries in order, and compares at each place what should agree there.
func (a *audit) walk(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	size, marks := a.marks[len(a.marks)-1].Size, a.marks
	for s := range a.leafTiles(ctx, size) {
		if s.err != nil {
			return s.err
		}
		entries, rest, err := tiles.SplitBundle(s.bundle, s.path.Width)
		if err == nil && len(rest) > 0 {
			err = errors.New("something follows its last entry")
		}
		if err != nil {
			return a.damage(s.n*tiles.Width, journal.BitRot, s.path.String()+": "+err.Error())
		}
		for i, e := range entries {
			if err := a.add(ctx, s, i, e); err != nil {
				return err
			}
			if a.edge.Size == a.against.Size && a.root() != a.against.Root {
				return a.damage(0, journal.Forked, fmt.Sprintf("its first %d entries are not those of a checkpoint that is known", a.against.Size))
			}
			if len(marks) > 0 && marks[0].Size == a.edge.Size {
				if err := a.mark(ctx, marks[0], entries[:i+1]); err != nil {
					return err
				}
				marks = marks[1:]
			}
		}
		if err := a.readTables(ctx); err != nil {
			return err
		}
		if a.o.Progress != nil && s.n%64 == 0 {
			a.o.Progress(a.edge.Size, size)
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if a.covered < size {
		return a.damage(a.covered, journal.Missing, fmt.Sprintf("no table in %s holds it", partPrefix))
	}
	return nil
}

// add hashes one entry, and compares it with its tile and, where it fills one, those above.
func (a *audit) add(ctx context.Context, s leafTile, i int, entry []byte) error {
	const width = len(tiles.Hash{})
	h, index := tiles.Leaf(entry), a.edge.Size
	leaf := s.path
	leaf.Level = 0
	if len(s.tile) != s.path.Width*width {
		return a.damage(s.n*tiles.Width, journal.BitRot, fmt.Sprintf("%s has %d bytes, %d hashes should be there", leaf, len(s.tile), s.path.Width))
	}
	if !bytes.Equal(s.tile[i*width:(i+1)*width], h[:]) {
		return a.damage(index, journal.BitRot, fmt.Sprintf("its hash in %s is not that of the entry in %s", leaf, s.path))
	}
	a.window = append(a.window, h)
	return a.edge.Add(h, func(p tiles.Path, hashes []tiles.Hash) error {
		if p.Level == 0 {
			return nil // compared already
		}
		return a.same(ctx, p, tiles.AppendTile(nil, hashes))
	})
}

// same compares an object with what it must be.
func (a *audit) same(ctx context.Context, p tiles.Path, want []byte) error {
	cover := uint64(1)
	for range max(p.Level, 0) {
		cover *= tiles.Width
	}
	first := p.N * tiles.Width * cover
	got, err := a.read(ctx, a.objects[p.String()], p.String(), first)
	if err != nil {
		return err
	}
	if bytes.Equal(got, want) {
		return nil
	}
	at := 0
	for at < min(len(got), len(want)) && got[at] == want[at] {
		at++
	}
	if p.Level >= 0 {
		first += uint64(at/len(tiles.Hash{})) * cover //nolint:gosec // not negative
	}
	return a.damage(first, journal.BitRot, p.String()+" is not what the entries below it give")
}
