package ingest

// filter tells for most ids that a run does not hold them. It is a Bloom filter whose
// bits for one id lie in one cache line: about 1 % of strangers pass.
type filter []uint64

const (
	filterBits   = 12 // for each id
	filterProbes = 6
	lineWords    = 8
)

func newFilter(n int) filter { return make(filter, (n*filterBits/512+1)*lineWords) }

// line returns the id's cache line, and a number that chooses bits in it.
func (f filter) line(h uint64) (line []uint64, bits uint64) {
	mixed := h * 0x9e3779b97f4a7c15
	i := (mixed >> 32) % uint64(len(f)/lineWords) * lineWords
	return f[i : i+lineWords], (mixed ^ mixed>>29) * 0xbf58476d1ce4e5b9
}

func (f filter) add(h uint64) {
	line, bits := f.line(h)
	for range filterProbes {
		line[bits>>6&7] |= 1 << (bits & 63)
		bits >>= 9
	}
}

func (f filter) may(h uint64) bool {
	line, bits := f.line(h)
	for range filterProbes {
		if line[bits>>6&7]&(1<<(bits&63)) == 0 {
			return false
		}
		bits >>= 9
	}
	return true
}
