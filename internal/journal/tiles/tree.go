package tiles

import (
	"context"
	"fmt"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
)

// Tree answers for a log from its tiles. It may be used from any goroutine.
type Tree struct {
	src   Source
	cache *cache
}

// cached is the number of tiles kept in memory, about 16 kB each.
const cached = 1024

// NewTree returns the tree of a log.
func NewTree(src Source) *Tree { return &Tree{src: src, cache: newCache(cached)} }

// Root returns the root over the first size entries; the log must have published as many.
func (t *Tree) Root(ctx context.Context, size, published uint64) (Hash, error) {
	var f Frontier
	for _, id := range compact.RangeNodes(0, size, nil) {
		h, err := t.node(ctx, id, published)
		if err != nil {
			return Hash{}, err
		}
		f.AddSubtree(id.Level, h)
	}
	return f.Root(), nil
}

// Inclusion proves that the entry at index is one of the first size entries (RFC 6962,
// section 2.1.1).
func (t *Tree) Inclusion(ctx context.Context, index, size, published uint64) ([][]byte, error) {
	nodes, err := proof.Inclusion(index, size)
	if err != nil {
		return nil, fmt.Errorf("prove inclusion: %w", err)
	}
	return t.proof(ctx, nodes, published)
}

// Consistency proves that the first a entries are the beginning of the first b (RFC 6962,
// section 2.1.2).
func (t *Tree) Consistency(ctx context.Context, a, b, published uint64) ([][]byte, error) {
	nodes, err := proof.Consistency(a, b)
	if err != nil {
		return nil, fmt.Errorf("prove consistency: %w", err)
	}
	return t.proof(ctx, nodes, published)
}

func (t *Tree) proof(ctx context.Context, nodes proof.Nodes, published uint64) ([][]byte, error) {
	hashes := make([]Hash, len(nodes.IDs)) // one piece of memory for all of them
	out := make([][]byte, len(nodes.IDs))
	for i, id := range nodes.IDs {
		h, err := t.node(ctx, id, published)
		if err != nil {
			return nil, err
		}
		hashes[i] = h
		out[i] = hashes[i][:]
	}
	return nodes.Rehash(out, rfc6962.DefaultHasher.HashChildren)
}

// node returns the root of a perfect subtree.
func (t *Tree) node(ctx context.Context, id compact.NodeID, published uint64) (Hash, error) {
	level, above := int(id.Level/height), id.Level%height //nolint:gosec // below 64
	first := id.Index << above
	path, ok := At(level, first/Width, published)
	if !ok || int(first%Width)+1<<above > path.Width {
		return Hash{}, fmt.Errorf("the checkpoint covers %d entries, and this needs more; ask again after the next one", published)
	}
	tile, ok := t.cache.get(path)
	if !ok {
		hashes, err := ReadTile(ctx, t.src, path)
		if err != nil {
			return Hash{}, err
		}
		tile = load(path, hashes)
		t.cache.put(tile)
	}
	return tile.node(above, first%Width>>above), nil
}

// Subtree returns the root over the n-th 2^level entries; the log must have published them.
func (t *Tree) Subtree(ctx context.Context, level uint, n, published uint64) (Hash, error) {
	return t.node(ctx, compact.NewNodeID(level, n), published)
}
