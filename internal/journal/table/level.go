package table

import (
	"encoding/hex"
	"fmt"
	"strconv"
	"strings"
)

// The sizes of a store's tables in entries; sixteen of one become one of the next.
const (
	least  = 1 << 12
	middle = 1 << 16
	most   = 1 << 20
)

func levels() []uint64 { return []uint64{most, middle, least} }

// span is a range of entries, next excluded.
type span struct{ first, next uint64 }

// missing returns the table to make next: the first hole among those that are there, in
// order and without overlap, then what a bigger one replaces, then what is new. published
// is what the log's newest checkpoint covers.
func missing(have []span, published uint64) (span, bool) {
	end := uint64(0)
	for _, h := range have {
		if h.first > end {
			return biggest(end, h.first)
		}
		end = h.next
	}
	for _, n := range levels() {
		for _, h := range have {
			if first := h.first - h.first%n; h.next-h.first < n && first+n <= end {
				return span{first, first + n}, true
			}
		}
	}
	return biggest(end, published)
}

// biggest returns the largest aligned range from first on that ends at or below limit.
func biggest(first, limit uint64) (span, bool) {
	for _, n := range levels() {
		if first%n == 0 && first+n <= limit {
			return span{first, first + n}, true
		}
	}
	return span{}, false
}

const (
	fileExt  = ".parquet"
	tailName = "tail-"
	unnamed  = ".tmp"
)

// digest is the beginning of the SHA-256 of a file. It is part of the file's name, so
// that a changed file is known before anybody reads it.
type digest [16]byte

func (s span) file(d digest) string {
	return fmt.Sprintf("%020d-%020d-%s%s", s.first, s.next, hex.EncodeToString(d[:]), fileExt)
}

// parseFile reads what file wrote; no other name is accepted.
func parseFile(name string) (span, digest, bool) {
	part := strings.Split(strings.TrimSuffix(name, fileExt), "-")
	if len(part) != 3 {
		return span{}, digest{}, false
	}
	first, err1 := strconv.ParseUint(part[0], 10, 63)
	next, err2 := strconv.ParseUint(part[1], 10, 63)
	sum, err3 := hex.DecodeString(part[2])
	var d digest
	if err1 != nil || err2 != nil || err3 != nil || len(sum) != len(d) {
		return span{}, digest{}, false
	}
	copy(d[:], sum)
	s := span{first, next}
	return s, d, s.file(d) == name
}

// arrange chooses, from ranges of any kind, those to keep: from each place the longest
// that is one of the levels. They are in order and do not overlap.
func arrange(have []span) []span {
	at := map[uint64]uint64{}
	starts := map[uint64]bool{}
	for _, h := range have {
		if n := h.next - h.first; h.next > h.first && (n == least || n == middle || n == most) && h.first%n == 0 {
			at[h.first], starts[h.first] = max(at[h.first], h.next), true
		}
	}
	var out []span
	for _, first := range sorted(starts) {
		if len(out) == 0 || first >= out[len(out)-1].next {
			out = append(out, span{first, at[first]})
		}
	}
	return out
}
