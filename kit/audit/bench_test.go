package audit_test

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal/ingest"
)

// BenchmarkRecord measures what Record costs an application, while its events are sent to
// a server in the same process, and how long they take to be in the journal.
func BenchmarkRecord(b *testing.B) {
	for _, callers := range []int{1, 64} {
		b.Run(fmt.Sprintf("callers=%d", callers), func(b *testing.B) {
			f := newFront(b)
			stop := serve(b, f, b.TempDir(), ingest.Options{Quota: ingest.Quota{PerSecond: 1e9, Burst: 1e9}})
			defer stop()
			c := client(b, f, b.TempDir(), nil)
			took := make([][]time.Duration, callers)
			var next atomic.Int64
			var wg sync.WaitGroup
			b.ResetTimer()
			for w := range callers {
				wg.Go(func() {
					for i := next.Add(1); i <= int64(b.N); i = next.Add(1) {
						begun := time.Now()
						if err := c.Record(b.Context(), event(int(i))); err != nil {
							b.Error(err)
							return
						}
						took[w] = append(took[w], time.Since(begun))
					}
				})
			}
			wg.Wait()
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "events/s")
			flush(b, c)
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "journal-events/s")
			all := slices.Concat(took...)
			slices.Sort(all)
			b.ReportMetric(float64(all[len(all)/2].Microseconds())/1000, "p50-ms")
			b.ReportMetric(float64(all[len(all)*99/100].Microseconds())/1000, "p99-ms")
		})
	}
}
