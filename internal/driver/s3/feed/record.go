package feed

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"
)

// Change is one key that may have changed.
type Change struct {
	Seq uint64 `json:"seq"` // 1, 2, 3, …
	Key []byte `json:"key"` // of any bytes, as file names are
}

// A record is the length of its key, the length's and the key's checksums, each together with the change's number, and the key. The
// numbers follow each other, so they are not written; but a record in another's place is found out. The length has a
// checksum of its own: a wrong one must not look like a record that was cut short.
const (
	headBytes = 12
	// longestKey is more than S3 allows, and bounds what a damaged length can ask for.
	longestKey = 4096
)

var (
	castagnoli = crc32.MakeTable(crc32.Castagnoli)
	errDamaged = errors.New("the change feed is damaged")
	errKey     = errors.New("a key has 1 to 4,096 bytes")
)

func sum(seq uint64, key []byte) uint32 {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], seq)
	return crc32.Update(crc32.Update(0, castagnoli, b[:]), castagnoli, key)
}

// appendRecord adds the record of a change to b.
func appendRecord(b []byte, c Change) ([]byte, error) {
	if len(c.Key) == 0 || len(c.Key) > longestKey {
		return b, errKey
	}
	b = binary.LittleEndian.AppendUint32(b, uint32(len(c.Key))) //nolint:gosec // just bounded
	b = binary.LittleEndian.AppendUint32(b, sum(c.Seq, b[len(b)-4:]))
	b = binary.LittleEndian.AppendUint32(b, sum(c.Seq, c.Key))
	return append(b, c.Key...), nil
}

// parse reads records, of which the first has number first. size is how much of b they are:
// what follows is a record that was cut short, which is none, because nobody was answered
// before it was whole. Anything else that is wrong is [errDamaged].
func parse(b []byte, first uint64) (all []Change, size int, err error) {
	for rest := b; len(rest) >= headBytes; rest = b[size:] {
		n, seq := int(binary.LittleEndian.Uint32(rest)), first+uint64(len(all))
		if n == 0 || n > longestKey || binary.LittleEndian.Uint32(rest[4:]) != sum(seq, rest[:4]) {
			return all, size, fmt.Errorf("%w: the length of change %d at %d", errDamaged, seq, size)
		}
		if len(rest) < headBytes+n {
			break
		}
		c := Change{Seq: seq, Key: rest[headBytes : headBytes+n]}
		if binary.LittleEndian.Uint32(rest[8:]) != sum(c.Seq, c.Key) {
			return all, size, fmt.Errorf("%w: the checksum of change %d at %d", errDamaged, c.Seq, size)
		}
		all = append(all, c)
		size += headBytes + n
	}
	return all, size, nil
}
