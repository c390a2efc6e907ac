package journal

import (
	"context"
	"fmt"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

// CheckpointAt signs the checkpoint over the first size entries, up to the newest one's.
// The same size gives the same bytes each time.
func (j *Journal) CheckpointAt(size uint64) ([]byte, error) {
	root, err := j.RootAt(size)
	if err != nil {
		return nil, fmt.Errorf("checkpoint of journal %s at %d: %w", j.dir, size, err)
	}
	return tiles.Checkpoint{Origin: j.keys.verifier.Name(), Size: size, Root: root}.Sign(j.keys.signer)
}

// EdgeAt returns the right edge of the tree over the first size entries, up to the
// newest checkpoint's.
func (j *Journal) EdgeAt(size uint64) (*tiles.Edge, error) {
	_, published := j.Checkpoint()
	if size > published {
		return nil, fmt.Errorf("edge of journal %s at %d: the newest checkpoint covers %d entries; ask again after the next one", j.dir, size, published)
	}
	e, err := tiles.LoadEdge(context.Background(), tiles.Cut{Source: tiles.Dir(j.dir), Size: published}, size)
	if err != nil {
		return nil, fmt.Errorf("edge of journal %s at %d: %w", j.dir, size, err)
	}
	return e, nil
}

// Bytes returns the size in the log of the entries [from, to), in bytes, rounded up to the
// blocks that are found without reading the log.
func (j *Journal) Bytes(from, to uint64) int64 {
	var n int64
	for from < to {
		x, ok := j.find(from, to)
		if !ok {
			break
		}
		n += x.stop - x.start
		from += uint64(x.count) //nolint:gosec // not negative
	}
	return n
}
