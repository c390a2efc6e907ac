package tiles

import (
	"fmt"
	"strconv"
	"strings"
)

// Width is the number of hashes in a full tile and of entries in a full bundle.
const Width = 256

const (
	height   = 8  // of a tile
	maxLevel = 63 // "tile/<L>" of the specification
)

// Entries is the level of bundles, which hold entries instead of hashes.
const Entries = -1

// Path names one tile or bundle: the N-th of its level, of which the first Width are there.
type Path struct {
	Level int // 0 holds leaf hashes; [Entries] holds the entries
	N     uint64
	Width int // 1 to 256; below 256 it is partial
}

// String returns the path below the log's root, such as "tile/0/x001/234.p/7".
func (p Path) String() string {
	var b strings.Builder
	b.WriteString("tile/")
	if p.Level == Entries {
		b.WriteString("entries")
	} else {
		b.WriteString(strconv.Itoa(p.Level))
	}
	b.WriteByte('/')
	b.WriteString(number(p.N))
	if p.Width < Width {
		fmt.Fprintf(&b, ".p/%d", p.Width)
	}
	return b.String()
}

// number writes n in groups of three digits, all but the last after an x.
func number(n uint64) string {
	s := fmt.Sprintf("%03d", n%1000)
	for n /= 1000; n > 0; n /= 1000 {
		s = fmt.Sprintf("x%03d/%s", n%1000, s)
	}
	return s
}

// Parse reads a path as [Path.String] writes it, and nothing else.
func Parse(s string) (Path, error) {
	bad := fmt.Errorf("%q is not the path of a tile; write for example tile/0/x001/234 or tile/entries/000.p/7", s)
	rest, ok := strings.CutPrefix(s, "tile/")
	level, rest, found := strings.Cut(rest, "/")
	if !ok || !found {
		return Path{}, bad
	}
	p := Path{Level: Entries, Width: Width}
	if level != "entries" {
		n, err := strconv.Atoi(level)
		if err != nil || n < 0 || n > maxLevel {
			return Path{}, bad
		}
		p.Level = n
	}
	rest, width, partial := strings.Cut(rest, ".p/")
	if partial {
		n, err := strconv.Atoi(width)
		if err != nil || n < 1 || n >= Width {
			return Path{}, bad
		}
		p.Width = n
	}
	for group := range strings.SplitSeq(rest, "/") {
		n, err := strconv.ParseUint(strings.TrimPrefix(group, "x"), 10, 64)
		if err != nil || p.N > (1<<63)/1000 {
			return Path{}, bad
		}
		p.N = p.N*1000 + n
	}
	if p.String() != s { // one spelling each: no +1, no 007 where 7 is meant
		return Path{}, bad
	}
	return p, nil
}

// full returns the path of the tile that replaces a partial one.
func (p Path) full() Path { p.Width = Width; return p }

// At returns the path of the N-th tile of a level in a tree of size, and whether the
// tree has it at all.
func At(level int, n, size uint64) (Path, bool) {
	count := size >> (height * uint(max(level, 0)))
	if n > count/Width || n*Width >= count {
		return Path{}, false
	}
	return Path{Level: level, N: n, Width: int(min(Width, count-n*Width))}, true
}
