package pgbackrest

import (
	"fmt"
	"strconv"
)

// defaultSegment is how large a segment of the write-ahead log is.
const defaultSegment = 16 << 20

// segment is one file of the write-ahead log: a number on a timeline.
type segment struct {
	timeline uint32
	number   int64
}

// perFolder is how many segments of a size share the first eight digits of their number.
func perFolder(size int64) int64 { return 1 << 32 / size }

// parseSegment reads a segment's name: timeline, and its number in two parts, eight hexadecimal
// digits each.
func parseSegment(name string, size int64) (segment, error) {
	var parts [3]uint64
	ok := len(name) == 24
	for i := 0; ok && i < 3; i++ {
		n, err := strconv.ParseUint(name[8*i:8*i+8], 16, 32)
		parts[i], ok = n, err == nil
	}
	// "+" and lower case are no digits of PostgreSQL's.
	s := segment{timeline: uint32(parts[0]), number: int64(parts[1])*perFolder(size) + int64(parts[2])}
	if !ok || s.timeline == 0 || int64(parts[2]) >= perFolder(size) || s.name(size) != name {
		return segment{}, fmt.Errorf("%q is no segment of the write-ahead log", name)
	}
	return s, nil
}

func (s segment) name(size int64) string {
	return fmt.Sprintf("%08X%08X%08X", s.timeline, s.number/perFolder(size), s.number%perFolder(size))
}

// folder is where the repository keeps the segment, below its archive.
func (s segment) folder(size int64) string { return s.name(size)[:16] }
