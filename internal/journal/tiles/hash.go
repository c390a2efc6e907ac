package tiles

import (
	"crypto/sha256"
	"encoding/hex"
)

// Hash is a node of the tree: SHA-256 as RFC 6962 section 2.1 takes it.
type Hash [sha256.Size]byte

// String returns the hash in hexadecimal.
func (h Hash) String() string { return hex.EncodeToString(h[:]) }

// short is the largest leaf hashed on the stack; most entries are.
const short = 1023

// Leaf returns the hash of an entry.
func Leaf(entry []byte) Hash {
	if len(entry) <= short {
		var b [short + 1]byte // b[0] is the leaf's prefix, 0
		n := copy(b[1:], entry)
		return sha256.Sum256(b[:n+1])
	}
	var out Hash
	h := sha256.New()
	h.Write([]byte{0})
	h.Write(entry)
	h.Sum(out[:0])
	return out
}

// Node returns the hash over two children.
func Node(left, right Hash) Hash {
	var b [1 + 2*sha256.Size]byte
	b[0] = 1
	copy(b[1:], left[:])
	copy(b[1+sha256.Size:], right[:])
	return sha256.Sum256(b[:])
}

// EmptyRoot is the root of a tree without leaves.
func EmptyRoot() Hash { return sha256.Sum256(nil) }

// Frontier folds leaf hashes into a root with one hash a level. The zero value is the
// empty tree.
type Frontier struct {
	size  uint64
	nodes [64]Hash // nodes[i] counts where bit i of size is set
}

// Size returns the number of leaves.
func (f *Frontier) Size() uint64 { return f.size }

// Add adds one leaf.
func (f *Frontier) Add(leaf Hash) { f.AddSubtree(0, leaf) }

// AddSubtree adds the root of a perfect subtree of 2^level leaves; the size must be a
// multiple of that.
func (f *Frontier) AddSubtree(level uint, h Hash) {
	size := f.size + 1<<level
	for ; f.size>>level&1 == 1; level++ {
		h = Node(f.nodes[level], h)
	}
	f.nodes[level], f.size = h, size
}

// Root returns the root over all leaves.
func (f *Frontier) Root() Hash {
	root, some := EmptyRoot(), false
	for i := range f.nodes {
		if f.size>>i&1 == 0 {
			continue
		}
		if some {
			root = Node(f.nodes[i], root)
		} else {
			root, some = f.nodes[i], true
		}
	}
	return root
}

// TileRoot returns the root over the 256 hashes of a full tile. It uses them up.
func TileRoot(hashes []Hash) Hash {
	for n := len(hashes); n > 1; n /= 2 {
		for i := range n / 2 {
			hashes[i] = Node(hashes[2*i], hashes[2*i+1])
		}
	}
	return hashes[0]
}
