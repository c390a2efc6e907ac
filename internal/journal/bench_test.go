package journal_test

import (
	"context"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/tiles"
)

// event is about 300 bytes as it stands in the log.
func event(i int) journal.Entry {
	return journal.Entry{
		Kind: "agent.deployed", Subject: fmt.Sprintf("us-east-1/a/agent-%05d", i%10000), Operation: fmt.Sprintf("deploy-%08d", i),
		Actor: "oncall@greenlang.example", Data: []byte(`{"from":"1.41.0","to":"1.42.0","replicas":3,"note":"` + strings.Repeat("x", 80) + `"}`),
	}
}

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for oneself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkAppend measures durable single-entry appends, publishing included.
func BenchmarkAppend(b *testing.B) {
	for _, producers := range []int{1, 64, 512} {
		b.Run(fmt.Sprint(producers), func(b *testing.B) {
			j, err := journal.Open(b.TempDir(), time.Now)
			if err != nil {
				b.Fatal(err)
			}
			var next atomic.Int64
			took := make([][]time.Duration, producers)
			b.ResetTimer()
			spent := cpu()
			var wg sync.WaitGroup
			for p := range producers {
				wg.Go(func() {
					for i := int(next.Add(1)); i <= b.N; i = int(next.Add(1)) {
						e, begun := event(i), time.Now()
						if _, err := j.Append(context.Background(), e); err != nil {
							b.Error(err)
							return
						}
						took[p] = append(took[p], time.Since(begun))
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			_, published := j.Checkpoint()
			behind := j.Head().Size - published
			spent = cpu() - spent
			all := slices.Concat(took...)
			slices.Sort(all)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "entries/s")
			b.ReportMetric(float64(spent.Microseconds())/float64(b.N), "cpu-µs/entry")
			b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
			b.ReportMetric(float64(behind), "unpublished")
			if err := j.Close(); err != nil {
				b.Fatal(err)
			}
		})
	}
}

// bigDir returns the directory of a journal: the one that FOURNINES_BENCH_DIR names,
// which is filled with FOURNINES_BENCH_ENTRIES entries when it is empty, else a small one.
func bigDir(b *testing.B) string {
	b.Helper()
	dir := os.Getenv("FOURNINES_BENCH_DIR")
	if dir == "" {
		return filled(b, b.TempDir(), benchEntries)
	}
	if _, err := os.Stat(filepath.Join(dir, "checkpoint")); err == nil {
		return dir
	}
	n, err := strconv.Atoi(os.Getenv("FOURNINES_BENCH_ENTRIES"))
	if err != nil {
		b.Fatal(err)
	}
	return filled(b, dir, n)
}

// filled makes a journal with n entries.
func filled(b *testing.B, dir string, n int) string {
	b.Helper()
	j, err := journal.Open(dir, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	for i := 0; i < n; {
		var entries []journal.Entry
		for ; i < n && len(entries) < 4096; i++ {
			entries = append(entries, event(i))
		}
		if _, err := j.Append(context.Background(), entries...); err != nil {
			b.Fatal(err)
		}
	}
	if err := j.Close(); err != nil {
		b.Fatal(err)
	}
	return dir
}

const benchEntries = 1 << 20

// BenchmarkProof makes inclusion and consistency proofs and checks each with another's verifier.
func BenchmarkProof(b *testing.B) {
	dir := filled(b, b.TempDir(), benchEntries)
	j, err := journal.Open(dir, time.Now)
	if err != nil {
		b.Fatal(err)
	}
	defer j.Close() //nolint:errcheck // only read
	root, err := j.RootAt(benchEntries)
	if err != nil {
		b.Fatal(err)
	}
	prove := func(b *testing.B, among uint64, check bool) {
		r, hasher, spent := rand.New(rand.NewPCG(1, 2)), rfc6962.DefaultHasher, cpu()
		for b.Loop() {
			i := r.Uint64N(among)
			hashes, err := j.Inclusion(i, benchEntries)
			if err != nil {
				b.Fatal(err)
			}
			if !check {
				continue
			}
			records, err := j.Read(i, 1)
			if err != nil {
				b.Fatal(err)
			}
			if err := proof.VerifyInclusion(hasher, i, benchEntries, records[0].Hash, hashes, root[:]); err != nil {
				b.Fatal(err)
			}
		}
		report(b, spent)
	}
	b.Run("inclusion-hot", func(b *testing.B) { prove(b, 128*256, false) })
	b.Run("inclusion-cold", func(b *testing.B) { prove(b, benchEntries, false) })
	b.Run("inclusion-read-and-verified", func(b *testing.B) { prove(b, benchEntries, true) })
	b.Run("consistency", func(b *testing.B) {
		r, spent := rand.New(rand.NewPCG(3, 4)), cpu()
		for b.Loop() {
			a := 1 + r.Uint64N(benchEntries-1)
			if _, err := j.Consistency(a, a+r.Uint64N(benchEntries-a)); err != nil {
				b.Fatal(err)
			}
		}
		report(b, spent)
	})
	b.Run("cold-cache", func(b *testing.B) { // every tile is read from the file
		r, spent := rand.New(rand.NewPCG(5, 6)), cpu()
		for b.Loop() {
			if _, err := tiles.NewTree(tiles.Dir(dir)).Inclusion(b.Context(), r.Uint64N(benchEntries), benchEntries, benchEntries); err != nil {
				b.Fatal(err)
			}
		}
		report(b, spent)
	})
}

func report(b *testing.B, before time.Duration) {
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "proofs/s")
	b.ReportMetric(float64((cpu()-before).Nanoseconds())/float64(b.N)/1000, "cpu-µs/proof")
}

// BenchmarkVerify audits a journal whole.
func BenchmarkVerify(b *testing.B) {
	dir := bigDir(b)
	var size uint64
	spent := cpu()
	for b.Loop() {
		a, err := verify(dir)
		if err != nil {
			b.Fatal(err)
		}
		size = a.Size
	}
	b.ReportMetric(float64(size)*float64(b.N)/b.Elapsed().Seconds(), "entries/s")
	b.ReportMetric((cpu()-spent).Seconds()/float64(b.N), "cpu-s")
}

// BenchmarkOpen opens a journal that was closed cleanly.
func BenchmarkOpen(b *testing.B) {
	dir := bigDir(b)
	for b.Loop() {
		j, err := journal.Open(dir, time.Now)
		if err != nil {
			b.Fatal(err)
		}
		if err := j.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
