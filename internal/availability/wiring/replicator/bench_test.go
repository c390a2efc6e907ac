package replicator_test

import (
	"fmt"
	"os"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/s3/gateway"
)

// What looking for changes costs where nothing or one put has changed, by how much there is: comparing everything, as each round did
// before there were change feeds, and a round that reads them. FOURNINES_KEYS names another number of keys.
func BenchmarkKeys(b *testing.B) {
	for _, keys := range []int{1_000, 30_000} {
		if os.Getenv("FOURNINES_KEYS") != "" {
			keys = manyKeys(b, keys)
		}
		b.Run(fmt.Sprint(keys), func(b *testing.B) {
			w := start(b, func(o *gateway.Options) { o.TLS = true })
			for _, g := range w.gateways {
				g.Seed(b, bucket, keys)
			}
			r := w.replicator()
			cpu, begun := w.processor(b), time.Now()
			if w.pass(b, r) != 0 {
				b.Fatal("nothing differs")
			}
			compared, comparedCPU := time.Since(begun), w.processor(b)-cpu
			const rounds = 20
			cpu, begun = w.processor(b), time.Now()
			for range rounds {
				if _, err := r.Round(b.Context()); err != nil {
					b.Fatal(err)
				}
			}
			idle, idleCPU := time.Since(begun), w.processor(b)-cpu
			cpu = w.processor(b)
			n, spent := 0, time.Duration(0)
			for b.Loop() {
				n++
				put(b, w.stores[0], fmt.Sprintf("k/new%d", n), "x")
				begun := time.Now()
				for w.facts["east"].Whole.Before(begun) {
					if _, err := r.Round(b.Context()); err != nil {
						b.Fatal(err)
					}
				}
				spent += time.Since(begun)
			}
			b.ReportMetric(compared.Seconds(), "compare-s")
			b.ReportMetric(comparedCPU.Seconds(), "compare-cpu-s")
			b.ReportMetric(idle.Seconds()/rounds*1e3, "idle-round-ms")
			b.ReportMetric(idleCPU.Seconds()/rounds*1e3, "idle-round-cpu-ms")
			b.ReportMetric(spent.Seconds()/float64(n)*1e3, "put-round-ms")
			b.ReportMetric((w.processor(b)-cpu).Seconds()/float64(n)*1e3, "put-round-cpu-ms")
		})
		if os.Getenv("FOURNINES_KEYS") != "" {
			return
		}
	}
}

// processor is the time that this process and both stores have had of the processors.
func (w *world) processor(b *testing.B) time.Duration {
	b.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		b.Fatal(err)
	}
	sum := time.Duration(u.Utime.Nano() + u.Stime.Nano())
	for _, g := range w.gateways {
		text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", g.PID()))
		if err != nil {
			b.Fatal(err)
		}
		_, rest, _ := strings.Cut(string(text), ") ")
		fields := strings.Fields(rest)
		for _, f := range fields[11:13] { // utime and stime, in hundredths of a second
			n, err := strconv.ParseInt(f, 10, 64)
			if err != nil {
				b.Fatal(err)
			}
			sum += time.Duration(n) * 10 * time.Millisecond
		}
	}
	return sum
}
