package table

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Whatever is there, step by step the log gets covered by few tables without a hole.
func TestMissingCoversTheLog(t *testing.T) {
	t.Parallel()
	for seed := range uint64(200) {
		r := rand.New(rand.NewPCG(seed, 1))
		published := r.Uint64N(3*most) + 1
		var have []span
		for range r.IntN(5) { // what a damaged directory has left
			n := levels()[r.IntN(3)]
			first := r.Uint64N(published/n+1) * n
			if first+n <= published {
				have = append(have, span{first, first + n})
			}
		}
		have = arrange(have)
		for steps := 0; ; steps++ {
			x, ok := missing(have, published)
			if !ok {
				break
			}
			if n := x.next - x.first; x.first%n != 0 || x.next > published || steps > 1000 {
				t.Fatalf("seed %d: step %d makes %v of %d, with %v", seed, steps, x, published, have)
			}
			have = slices.DeleteFunc(have, func(h span) bool { return h.first >= x.first && h.next <= x.next })
			have = append(have, x)
			slices.SortFunc(have, func(a, b span) int { return int(a.first) - int(b.first) })
		}
		end := uint64(0)
		for _, h := range have {
			if h.first != end {
				t.Fatalf("seed %d: a hole at %d: %v", seed, end, have)
			}
			end = h.next
		}
		if published-end >= least || len(have) > 3+15+15 {
			t.Fatalf("seed %d: %d tables reach to %d of %d", seed, len(have), end, published)
		}
	}
}

// One table after the other, as a log grows: sixteen become one.
func TestMissingMerges(t *testing.T) {
	t.Parallel()
	var have []span
	for published := uint64(0); published <= 2*middle; published += least {
		for {
			x, ok := missing(have, published)
			if !ok {
				break
			}
			have = slices.DeleteFunc(have, func(h span) bool { return h.first >= x.first && h.next <= x.next })
			have = append(have, x)
		}
	}
	if want := []span{{0, middle}, {middle, 2 * middle}}; !slices.Equal(have, want) {
		t.Fatalf("%v", have)
	}
}

func FuzzParseFile(f *testing.F) {
	f.Add(span{0, least}.file(digest{1, 2}))
	f.Add("tail-1.parquet")
	f.Fuzz(func(t *testing.T, name string) {
		if x, d, ok := parseFile(name); ok && x.file(d) != name {
			t.Fatalf("%q is read as %v", name, x)
		}
	})
}
