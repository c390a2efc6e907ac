package tiles

import (
	"container/list"
	"sync"
)

// cache keeps the tiles that were used last.
type cache struct {
	mu    sync.Mutex // guards what follows
	size  int
	order *list.List // of *loaded, the newest first
	byKey map[Path]*list.Element
}

func newCache(size int) *cache {
	return &cache{size: size, order: list.New(), byKey: map[Path]*list.Element{}}
}

func (c *cache) get(p Path) (*loaded, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.byKey[p]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(*loaded), true
}

func (c *cache) put(t *loaded) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.byKey[t.path]; ok {
		return
	}
	c.byKey[t.path] = c.order.PushFront(t)
	if c.order.Len() > c.size {
		old := c.order.Remove(c.order.Back()).(*loaded)
		delete(c.byKey, old.path)
	}
}

// loaded is a tile in memory. Its inner nodes are computed when they are asked for.
type loaded struct {
	path Path

	mu    sync.Mutex      // guards what follows
	nodes [2 * Width]Hash // as a heap: 1 is the root, 256 and up are the tile's hashes
	known [2 * Width]bool
}

func load(p Path, hashes []Hash) *loaded {
	t := &loaded{path: p}
	for i, h := range hashes {
		t.nodes[Width+i], t.known[Width+i] = h, true
	}
	return t
}

// node returns the i-th node at a height above the tile's hashes. Its leaves must be there.
func (t *loaded) node(above uint, i uint64) Hash {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.at(Width>>above + int(i)) //nolint:gosec // below 256
}

func (t *loaded) at(i int) Hash {
	if !t.known[i] {
		t.nodes[i], t.known[i] = Node(t.at(2*i), t.at(2*i+1)), true
	}
	return t.nodes[i]
}
