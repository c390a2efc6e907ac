package table

import (
	"encoding/hex"
	"errors"
	"fmt"
	"math/bits"
	"strconv"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

// ErrDamaged is wrapped by every error about a file that is not a whole table.
var ErrDamaged = errors.New("the table is damaged")

// Meta says which entries a table holds.
type Meta struct {
	Origin string     // name of the log, as in its checkpoints
	First  uint64     // index of the first entry
	Next   uint64     // index behind the last
	Root   tiles.Hash // RFC 6962 tree head over the range's leaves alone
}

// Subtree tells whether the range is a perfect subtree of the log's tree, and its level:
// then Root is one of that tree's nodes.
func (m Meta) Subtree() (level uint, ok bool) {
	n := m.Next - m.First
	if n == 0 || n&(n-1) != 0 || m.First%n != 0 {
		return 0, false
	}
	return uint(bits.TrailingZeros64(n)), true //nolint:gosec // below 64
}

// The names in the file's key-value metadata.
const (
	keyOrigin = "fournines.origin"
	keyFirst  = "fournines.first"
	keyNext   = "fournines.next"
	keyRoot   = "fournines.root"
)

// pairs are in an order that never changes: equal entries make equal files.
func (m Meta) pairs() [][2]string {
	return [][2]string{
		{keyOrigin, m.Origin}, {keyFirst, strconv.FormatUint(m.First, 10)},
		{keyNext, strconv.FormatUint(m.Next, 10)}, {keyRoot, m.Root.String()},
	}
}

// readMeta reads what pairs wrote.
func readMeta(lookup func(string) (string, bool)) (Meta, error) {
	var m Meta
	var text [4]string
	for i, key := range []string{keyOrigin, keyFirst, keyNext, keyRoot} {
		v, ok := lookup(key)
		if !ok {
			return m, fmt.Errorf("%w: it does not say its %s", ErrDamaged, key)
		}
		text[i] = v
	}
	var err1, err2 error
	m.Origin = text[0]
	m.First, err1 = strconv.ParseUint(text[1], 10, 63)
	m.Next, err2 = strconv.ParseUint(text[2], 10, 63)
	root, err3 := hex.DecodeString(text[3])
	if err := errors.Join(err1, err2, err3); err != nil || len(root) != len(m.Root) || m.Next < m.First {
		return m, fmt.Errorf("%w: its range is %q to %q, its root %q", ErrDamaged, text[1], text[2], text[3])
	}
	copy(m.Root[:], root)
	return m, nil
}
