package archive_test

import (
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal/archive"
)

// One part of the largest size, into a gateway on the same disk: put, locked, read back,
// and then verified from the bucket.
func BenchmarkPart(b *testing.B) {
	const n = 65_536
	for b.Loop() {
		b.StopTimer()
		l, r := newLedger(b), newReal(b, nil)
		l.trust(b, r.Place())
		for range n / 4096 {
			l.add(b, 4096)
		}
		o := options(l, r.Place(), r, b.TempDir())
		o.Limits = archive.Limits{Entries: n, Bytes: 1 << 30, Age: time.Hour}
		a := archiver(b, o)
		b.StartTimer()
		begun := time.Now()
		drain(b, a, l, n)
		stored := time.Now()
		v, err := verify(b.Context(), l, r, time.Now())
		if err != nil || v.Size != n {
			b.Fatal(v.Size, err)
		}
		b.ReportMetric(n/stored.Sub(begun).Seconds(), "archived/s")
		b.ReportMetric(n/time.Since(stored).Seconds(), "verified/s")
		b.ReportMetric(float64(v.Objects), "objects")
	}
}
