package archive

import (
	"context"
	"fmt"

	"golang.org/x/mod/sumdb/note"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/tiles"
)

// mark is one checkpoint.
type mark struct {
	tiles.Checkpoint
	raw []byte
}

// open reads and checks every checkpoint.
func (a *audit) open(ctx context.Context, v note.Verifier) error {
	before := uint64(0)
	for i := range a.marks {
		m, key := &a.marks[i], CheckpointKey(a.marks[i].Size)
		raw, err := a.read(ctx, a.objects[key], key, before)
		if err != nil {
			return err
		}
		c, err := tiles.OpenCheckpoint(raw, v)
		if err == nil && c.Size != m.Size {
			err = fmt.Errorf("it is over %d entries", c.Size)
		}
		if err != nil {
			return a.damage(before, journal.Unsigned, key+": "+err.Error())
		}
		before, m.Checkpoint, m.raw = m.Size, c, raw
	}
	if a.o.Against == nil {
		return nil
	}
	var err error
	if a.against, err = tiles.OpenCheckpoint(a.o.Against, v); err != nil {
		return fmt.Errorf("verify archive %s: the older checkpoint does not belong to this log: %w", a.name, err)
	}
	if a.against.Size > before {
		return a.damage(before, journal.RolledBack, fmt.Sprintf("it has %d entries, and a checkpoint over %d is known; the newest entries may not be archived yet", before, a.against.Size))
	}
	return nil
}

func (a *audit) root() tiles.Hash {
	f := a.edge.Frontier()
	return f.Root()
}

// mark compares a checkpoint's root, and the partial tiles that were put with it.
// entries are those of its last bundle.
func (a *audit) mark(ctx context.Context, m mark, entries [][]byte) error {
	root := a.root()
	if root != m.Root {
		return a.damage(a.proved, journal.Replaced, fmt.Sprintf("the tree over the first %d entries is %.16s…, %.16s… was signed", m.Size, root, m.Root))
	}
	a.proved = m.Size
	newest := m.Size == a.marks[len(a.marks)-1].Size
	err := a.edge.Partial(func(p tiles.Path, hashes []tiles.Hash) error {
		if newest && p.Level == 0 {
			return nil // compared already
		}
		return a.same(ctx, p, tiles.AppendTile(nil, hashes))
	})
	if width := int(m.Size % tiles.Width); err == nil && width > 0 && !newest { //nolint:gosec // below 256
		var b []byte
		for _, e := range entries {
			b = tiles.AppendEntry(b, e)
		}
		err = a.same(ctx, tiles.Path{Level: tiles.Entries, N: m.Size / tiles.Width, Width: width}, b)
	}
	return err
}
