package ingest

import (
	"math/rand/v2"
	"os"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal/durable"
)

// Every id of a run is found, with all its indexes; of strangers few reach the disk.
func TestRunFindsItsIDs(t *testing.T) {
	t.Parallel()
	r := rand.New(rand.NewPCG(1, 2))
	var pairs []pair
	for i := range 50_000 {
		pairs = append(pairs, pair{r.Uint64(), uint64(i)}) //nolint:gosec // not negative
	}
	pairs = append(pairs, pair{pairs[7].hash, 60_000}, pair{0, 60_001}, pair{^uint64(0), 60_002})
	known := append([]pair(nil), pairs...)
	f, err := writeRun(durable.OS{}, t.TempDir(), 5, 60_003, time.Now(), pairs)
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range known {
		found, err := f.find(p.hash, nil)
		if err != nil || (len(found) != 1 && p.hash != known[7].hash) || found[len(found)-1] < p.index {
			t.Fatalf("%+v: %v %v", p, found, err)
		}
	}
	passed := 0
	for range 100_000 {
		if f.filter.may(r.Uint64()) {
			passed++
		}
	}
	if passed > 3000 {
		t.Errorf("%d of 100000 strangers pass the filter", passed)
	}
}

func FuzzParseRun(f *testing.F) {
	dir := f.TempDir()
	r, err := writeRun(durable.OS{}, dir, 1, 9, time.Unix(1, 0), []pair{{1, 2}, {3, 4}})
	if err != nil {
		f.Fatal(err)
	}
	good, err := os.ReadFile(r.path)
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(good[:runHeader])
	f.Add([]byte(runMagic))
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := parseRun(b)
		if err == nil && (r.n*pairBytes+runHeader != len(b) || r.from > r.to) {
			t.Fatalf("%+v of %d bytes", r, len(b))
		}
	})
}
