package journal

import (
	"encoding/binary"
	"errors"
	"os"
)

const (
	indexMagic  = "fn idx\x00\x01"
	indexHeader = 8 + 8 + 8 + 8
)

var errIndex = errors.New("broken sparse index")

// encodeIndex writes the sparse offsets of a sealed segment: first, count, end, offsets
// and a checksum, little endian. They only save a walk: a lost one is made again.
func encodeIndex(s *segment) []byte {
	b := make([]byte, 0, indexHeader+8*len(s.offsets)+4)
	b = append(b, indexMagic...)
	b = binary.LittleEndian.AppendUint64(b, s.first)
	b = binary.LittleEndian.AppendUint64(b, s.count)
	b = binary.LittleEndian.AppendUint64(b, uint64(s.end)) //nolint:gosec // not negative
	for _, o := range s.offsets {
		b = binary.LittleEndian.AppendUint64(b, uint64(o)) //nolint:gosec // not negative
	}
	return binary.LittleEndian.AppendUint32(b, castagnoli(b))
}

// decodeIndex reads what encodeIndex wrote for the segment.
func decodeIndex(s *segment, b []byte) error {
	if len(b) < indexHeader+4 || string(b[:8]) != indexMagic || castagnoli(b[:len(b)-4]) != binary.LittleEndian.Uint32(b[len(b)-4:]) {
		return errIndex
	}
	first, count := binary.LittleEndian.Uint64(b[8:]), binary.LittleEndian.Uint64(b[16:])
	end, offsets := int64(binary.LittleEndian.Uint64(b[24:])), b[indexHeader:len(b)-4] //nolint:gosec // checked below
	if first != s.first || len(offsets)%8 != 0 || count > 1<<40 || uint64(len(offsets)/8) != (count+sparse-1)/sparse {
		return errIndex
	}
	list, last := make([]int64, len(offsets)/8), int64(-1)
	for i := range list {
		list[i] = int64(binary.LittleEndian.Uint64(offsets[8*i:])) //nolint:gosec // checked next
		if list[i] <= last || list[i] >= end {
			return errIndex
		}
		last = list[i]
	}
	s.count, s.end, s.offsets = count, end, list
	return nil
}

// loadSealed finds the frames of a segment that another one follows: from its sparse
// index when that fits, else by a walk, after which the index is written again.
func (s *segment) loadSealed(d disk, next uint64) error {
	info, err := os.Stat(s.path())
	if err != nil {
		return here(s.dir, err)
	}
	if b, err := os.ReadFile(s.indexPath()); err == nil && decodeIndex(s, b) == nil && s.next() == next && s.end == info.Size() {
		return nil
	}
	rest, err := s.scan()
	switch {
	case err != nil:
		return err
	case len(rest) > 0:
		return &DamageError{s.dir, s.next(), BitRot, "its bytes in " + s.name(segmentExt) + " do not match their checksum"}
	case s.next() < next:
		return &DamageError{s.dir, s.next(), Truncated, s.name(segmentExt) + " ends here, before the next segment begins"}
	case s.next() > next:
		return &DamageError{s.dir, next, Replaced, s.name(segmentExt) + " holds entries that the next segment holds too"}
	}
	return here(s.dir, d.write(s.indexPath(), encodeIndex(s)))
}
