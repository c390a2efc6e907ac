package tiles

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
)

// MaxEntry is the largest entry a bundle can hold: its length has 16 bits.
const MaxEntry = 1<<16 - 1

// ErrBundle is wrapped by errors about what a bundle holds.
var ErrBundle = errors.New("broken bundle")

// AppendEntry writes an entry of at most [MaxEntry] bytes behind dst as a bundle holds it.
func AppendEntry(dst, entry []byte) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(len(entry))) //nolint:gosec // bounded by MaxEntry
	return append(dst, entry...)
}

// NextEntry splits the first entry off a bundle.
func NextEntry(b []byte) (entry, rest []byte, err error) {
	if len(b) < 2 {
		return nil, nil, ErrBundle
	}
	n := 2 + int(binary.BigEndian.Uint16(b))
	if len(b) < n {
		return nil, nil, ErrBundle
	}
	return b[2:n], b[n:], nil
}

// SplitBundle returns the first n entries of a bundle, and what is behind them.
func SplitBundle(b []byte, n int) (entries [][]byte, rest []byte, err error) {
	entries = make([][]byte, n)
	for i := range entries {
		if entries[i], b, err = NextEntry(b); err != nil {
			return nil, nil, fmt.Errorf("%w at entry %d of %d", err, i, n)
		}
	}
	return entries, b, nil
}

// ReadBundle reads the bytes of a bundle; those of a partial one from the full one when
// that has replaced it.
func ReadBundle(ctx context.Context, src Source, p Path) ([]byte, error) {
	b, width, err := readPartial(ctx, src, p)
	if err != nil || width == p.Width {
		return b, err
	}
	_, rest, err := SplitBundle(b, p.Width)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", p, err)
	}
	return b[:len(b)-len(rest)], nil
}
