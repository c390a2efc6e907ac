package journal

import (
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

const (
	logDir      = "log"
	segmentExt  = ".seg"
	indexExt    = ".idx"
	firstDigits = 20
	sparse      = 256 // every how many entries an offset is kept
)

// segment is one file of the log.
type segment struct {
	dir     string
	first   uint64  // index of its first entry
	count   uint64  // entries
	end     int64   // behind its last whole frame
	offsets []int64 // of entries first, first+256, first+512, …
}

func (s *segment) name(ext string) string { return fmt.Sprintf("%0*d%s", firstDigits, s.first, ext) }

func (s *segment) path() string { return filepath.Join(s.dir, logDir, s.name(segmentExt)) }

func (s *segment) indexPath() string { return filepath.Join(s.dir, logDir, s.name(indexExt)) }

// next is the index of the entry behind the last.
func (s *segment) next() uint64 { return s.first + s.count }

// grow counts frames that were written behind the end; sizes are their lengths.
func (s *segment) grow(sizes []int32) {
	for _, n := range sizes {
		if s.count%sparse == 0 {
			s.offsets = append(s.offsets, s.end)
		}
		s.count++
		s.end += int64(n)
	}
}

// span is where some entries of one segment stand: in the bytes from start to stop,
// behind skip other entries.
type span struct {
	segment     uint64
	path        string
	first       uint64
	start, stop int64
	skip, count int
}

// span finds the entries from the index from on, below to.
func (s *segment) span(from, to uint64) span {
	to = min(to, s.next())
	block := (from - s.first) / sparse
	x := span{segment: s.first, path: s.path(), first: from, start: s.offsets[block], stop: s.end, skip: int((from - s.first) % sparse), count: int(to - from)} //nolint:gosec // small
	if last := (to - s.first + sparse - 1) / sparse; last < uint64(len(s.offsets)) {
		x.stop = s.offsets[last]
	}
	return x
}

// listSegments returns the segments of a directory by their names, in order. Names that
// are none are not ours.
func listSegments(dir string) ([]*segment, error) {
	files, err := os.ReadDir(filepath.Join(dir, logDir))
	if err != nil {
		return nil, here(dir, err)
	}
	var out []*segment
	for _, f := range files { // sorted by name, and so by index
		digits, ok := strings.CutSuffix(f.Name(), segmentExt)
		first, err := strconv.ParseUint(digits, 10, 64)
		if ok && err == nil && len(digits) == firstDigits {
			out = append(out, &segment{dir: dir, first: first})
		}
	}
	return out, nil
}

// scan reads the segment's file and finds its frames. It returns what is behind the last
// whole one.
func (s *segment) scan() (rest []byte, err error) {
	b, err := os.ReadFile(s.path())
	if err != nil {
		return nil, here(s.dir, err)
	}
	s.count, s.end, s.offsets = 0, 0, nil
	for len(b) > 0 {
		payload, behind, err := nextFrame(b)
		if err != nil {
			return b, nil //nolint:nilerr // the caller knows whether a torn tail may be here
		}
		s.grow([]int32{int32(frameHeader + len(payload))}) //nolint:gosec // bounded by MaxEntryBytes
		b = behind
	}
	return nil, nil
}
