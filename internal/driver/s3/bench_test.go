package s3_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os"
	"strconv"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/driver/s3/gateway"
	"github.com/greenlang/fournines/internal/driver/s3/s3test"
)

// Every put here is what the archive does: locked, if absent, read back, on the disk.
func BenchmarkPut(b *testing.B) {
	for _, size := range []int{1 << 10, 1 << 20, 32 << 20, 128 << 20} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) { benchPut(b, size, 1, nil) })
	}
	b.Run("1KiB/8 writers", func(b *testing.B) { benchPut(b, 1<<10, 8, nil) })
	b.Run("32768KiB/TLS", func(b *testing.B) { benchPut(b, 32<<20, 1, func(o *gateway.Options) { o.TLS = true }) })
}

func benchPut(b *testing.B, size, writers int, change func(*gateway.Options)) {
	g := s3test.Start(b, b.TempDir(), change)
	s, body := ensured(b, g), s3test.Bytes(size)
	var n atomic.Int64
	b.SetBytes(int64(size))
	b.SetParallelism(max(1, writers/2)) // times GOMAXPROCS
	put := func() {
		if _, err := s.Put(context.Background(), fmt.Sprint("k/", n.Add(1)), bytes.NewReader(body), s3.PutOptions{IfAbsent: true, RetainUntil: time.Now().Add(time.Hour)}); err != nil {
			b.Error(err)
		}
	}
	b.ResetTimer()
	if writers > 1 {
		b.RunParallel(func(p *testing.PB) {
			for p.Next() {
				put()
			}
		})
	} else {
		for b.Loop() {
			put()
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "objects/s")
	b.ReportMetric(memory(b, g, "VmRSS"), "RSS-MiB")
	b.ReportMetric(memory(b, g, "VmHWM"), "peak-MiB")
}

func BenchmarkGet(b *testing.B) {
	for _, size := range []int{1 << 10, 1 << 20, 128 << 20} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			g := s3test.Start(b, b.TempDir(), nil)
			s := ensured(b, g)
			if _, err := s.Put(context.Background(), "k", bytes.NewReader(s3test.Bytes(size)), s3.PutOptions{}); err != nil {
				b.Fatal(err)
			}
			b.SetBytes(int64(size))
			for b.Loop() {
				o, err := s.Get(context.Background(), "k", "")
				if err != nil {
					b.Fatal(err)
				}
				if _, err := io.Copy(io.Discard, o.Body); err != nil {
					b.Fatal(err)
				}
				_ = o.Body.Close()
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "objects/s")
			b.ReportMetric(memory(b, g, "VmRSS"), "RSS-MiB")
		})
	}
}

// memory reads one line of the gateway's /proc/PID/status, in MiB.
func memory(b *testing.B, g *s3test.Gateway, line string) float64 {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", g.PID()))
	if err != nil {
		b.Fatal(err)
	}
	_, rest, _ := strings.Cut(string(text), line+":")
	kib, err := strconv.ParseFloat(strings.Fields(rest)[0], 64)
	if err != nil {
		b.Fatal(err)
	}
	return kib / 1024
}
