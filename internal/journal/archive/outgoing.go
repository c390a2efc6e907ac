package archive

import (
	"context"
	"fmt"
	"iter"

	"golang.org/x/mod/sumdb/note"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/tiles"
)

// Log is what is archived.
type Log interface {
	Read(from uint64, n int) ([]journal.Record, error)
	Bytes(from, to uint64) int64
	Checkpoint() ([]byte, uint64)
}

// Tree proves what is archived.
type Tree interface {
	CheckpointAt(size uint64) ([]byte, error)
	EdgeAt(size uint64) (*tiles.Edge, error)
	VerifierKey() string
}

// outgoing is a part on its way, hashed and compared with the signed tree.
type outgoing struct {
	Begun
	log        Log
	checkpoint []byte
	items      []item // tiles and bundles
}

// item is one object that is made when its turn comes.
type item struct {
	path tiles.Path
	hash []byte // of a tile; nil: a bundle, which is read from the log
}

// readStep is how many entries are read at once: 32 MiB of the largest.
const readStep = 512

// load hashes the entries of a part, and refuses what is not the signed tree.
func load(log Log, tree Tree, b Begun) (*outgoing, error) {
	c := &outgoing{Begun: b, log: log}
	var err error
	if c.checkpoint, err = tree.CheckpointAt(b.Next); err != nil {
		return nil, err
	}
	v, err := note.NewVerifier(tree.VerifierKey())
	if err != nil {
		return nil, fmt.Errorf("the journal's key: %w", err)
	}
	signed, err := tiles.OpenCheckpoint(c.checkpoint, v)
	if err != nil {
		return nil, err
	}
	edge, err := tree.EdgeAt(b.First)
	if err != nil {
		return nil, err
	}
	keep := func(p tiles.Path, hashes []tiles.Hash) error { //nolint:unparam // as the edge asks
		c.items = append(c.items, item{p, tiles.AppendTile(nil, hashes)})
		if p.Level == 0 {
			p.Level = tiles.Entries
			c.items = append(c.items, item{path: p})
		}
		return nil
	}
	for r, err := range c.rows() {
		if err == nil {
			err = edge.Add(tiles.Hash(r.Hash), keep)
		}
		if err != nil {
			return nil, err
		}
	}
	if err := edge.Partial(keep); err != nil {
		return nil, err
	}
	f := edge.Frontier()
	if root := f.Root(); root != signed.Root {
		return nil, fmt.Errorf("%w: the tree over the first %d entries on the disk is %.16s…, %.16s… is signed; nothing of it is archived: run `fournines journal verify`",
			errDamaged, b.Next, root, signed.Root)
	}
	return c, nil
}

// rows reads the entries of the part.
func (c *outgoing) rows() iter.Seq2[journal.Record, error] {
	return func(yield func(journal.Record, error) bool) {
		for from := c.First; from < c.Next; {
			records, err := c.log.Read(from, int(min(readStep, c.Next-from))) //nolint:gosec // small
			if err == nil && len(records) == 0 {
				err = fmt.Errorf("%w: it ends at entry %d, and %d were signed", errDamaged, from, c.Next)
			}
			if err != nil {
				yield(journal.Record{}, err)
				return
			}
			for _, r := range records {
				if !yield(r, nil) {
					return
				}
			}
			from += uint64(len(records))
		}
	}
}

// body returns the bytes of an item.
func (c *outgoing) body(_ context.Context, i item) ([]byte, error) {
	if i.hash != nil {
		return i.hash, nil
	}
	records, err := c.log.Read(i.path.N*tiles.Width, i.path.Width)
	if err != nil {
		return nil, err
	}
	if len(records) != i.path.Width {
		return nil, fmt.Errorf("%w: %s needs %d entries, %d are there", errDamaged, i.path, i.path.Width, len(records))
	}
	var b []byte
	for _, r := range records {
		b = tiles.AppendEntry(b, r.Bytes)
	}
	return b, nil
}
