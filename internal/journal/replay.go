package journal

import (
	"context"
	"fmt"
	"os"
	"path/filepath"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

// replay hashes what is behind the checkpoint, and compares it with what was acknowledged.
func (j *Journal) replay(edge *tiles.Edge, c tiles.Checkpoint, known acknowledged) error {
	end := j.segments[len(j.segments)-1].next()
	frontier, newest := edge.Frontier(), known.stamp
	j.head = acknowledged{size: end}
	if known.size <= c.Size {
		if err := j.checkRoot(known, c); err != nil {
			return err
		}
	}
	err := j.payloads(c.Size, end, func(index uint64, payload []byte) error {
		frontier.Add(tiles.Leaf(payload))
		if index+1 == known.size && frontier.Root() != known.root {
			return &DamageError{j.dir, c.Size, Replaced, fmt.Sprintf("the tree over the first %d entries is %.16s…, %.16s… was acknowledged: an entry from here on was replaced", known.size, frontier.Root(), known.root)}
		}
		if index < known.size {
			return nil
		}
		// Only after a power failure the head is behind: then these times are the newest.
		r, err := decode(index, payload)
		if err != nil {
			return &DamageError{j.dir, index, Replaced, "it is not an entry: " + err.Error()}
		}
		if r.Time.After(newest) {
			newest = r.Time
		}
		return nil
	})
	if err != nil {
		return err
	}
	j.head = acknowledged{end, frontier.Root(), newest}
	j.committer.frontier, j.committer.stamp = frontier, newest
	return j.ready(edge)
}

// checkRoot compares an acknowledged head that is behind the checkpoint.
func (j *Journal) checkRoot(known acknowledged, c tiles.Checkpoint) error {
	root, err := j.tree.Root(context.Background(), known.size, c.Size)
	if err != nil {
		return &DamageError{j.dir, known.size, BitRot, err.Error()}
	}
	if root != known.root {
		return &DamageError{j.dir, 0, Replaced, fmt.Sprintf("the checkpoint's tree over the first %d entries is %.16s…, %.16s… was acknowledged", known.size, root, known.root)}
	}
	return nil
}

// ready prepares the two goroutines.
func (j *Journal) ready(edge *tiles.Edge) error {
	p := &j.publisher
	p.edge = edge
	first, at := edge.Size-edge.Size%tiles.Width, tiles.Edge{}
	err := j.payloads(first, edge.Size, func(_ uint64, payload []byte) error {
		p.bundle = tiles.AppendEntry(p.bundle, payload)
		return at.Add(tiles.Leaf(payload), nil)
	})
	if err == nil {
		err = sameLeaves(j.dir, first, edge, &at)
	}
	if err == nil {
		j.committer.headFile, err = j.o.disk.create(filepath.Join(j.dir, headFile), os.O_WRONLY)
		err = here(j.dir, err)
	}
	if err == nil {
		err = here(j.dir, j.o.disk.writeAt(j.committer.headFile, j.head.encode(), 0))
	}
	return err
}

// sameLeaves compares the newest tile of leaves with the log.
func sameLeaves(dir string, first uint64, edge, log *tiles.Edge) error {
	a, b := edge.Leaves(), log.Leaves()
	for i := range a {
		if a[i] != b[i] {
			return &DamageError{dir, first + uint64(i), Replaced, "its hash is not the one in the tree"} //nolint:gosec // not negative
		}
	}
	return nil
}
