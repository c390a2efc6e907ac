package journal

import (
	"context"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

// Subtree returns the root over the n-th 2^level entries, as far as the newest checkpoint
// covers them.
func (j *Journal) Subtree(level uint, n uint64) (tiles.Hash, error) {
	_, published := j.Checkpoint()
	return j.tree.Subtree(context.Background(), level, n, published)
}

// Origin returns the name of the log in its checkpoints.
func (j *Journal) Origin() string { return j.keys.verifier.Name() }
