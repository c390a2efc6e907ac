package ingest_test

import (
	"bytes"
	"fmt"
	"io"
	"net/http"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal/ingest"
)

func cpu() time.Duration {
	var u syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &u) // cannot fail for oneself
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}

// BenchmarkIngest measures events over HTTP, journal and fsync included; the sender's
// work is in the same process and is part of the CPU.
func BenchmarkIngest(b *testing.B) {
	for _, c := range []struct {
		batch, senders int
		personal       bool
	}{{1, 16, false}, {100, 1, false}, {100, 8, false}, {1000, 4, false}, {100, 8, true}} {
		b.Run(fmt.Sprintf("batch=%d/senders=%d/personal=%v", c.batch, c.senders, c.personal), func(b *testing.B) {
			s := open(b, b.TempDir(), ingest.Options{Quota: ingest.Quota{PerSecond: 1e9, Burst: 1e9}}.WithBounds(64, 1<<19, 1000))
			client := &http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: c.senders}}
			var next atomic.Int64
			bodies := func() []byte {
				from := int(next.Add(int64(c.batch))) - c.batch
				all := events(from, from+c.batch)
				for i := range all {
					all[i].Data = []byte(`{"from":"1.41.0","to":"1.42.0","replicas":3,"note":"xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx"}`)
					if c.personal {
						all[i].Person, all[i].Personal = fmt.Sprint("person-", (from+i)%1000), map[string]string{"email": "ada@example.com"}
					}
				}
				return encode(b, all)
			}
			b.ResetTimer()
			begun := cpu()
			var wg sync.WaitGroup
			var sent atomic.Int64
			for range c.senders {
				wg.Go(func() {
					for sent.Add(int64(c.batch))-int64(c.batch) < int64(b.N) {
						post(b, client, s.URL, bodies())
					}
				})
			}
			wg.Wait()
			b.StopTimer()
			n := float64(next.Load())
			b.ReportMetric(n/b.Elapsed().Seconds(), "events/s")
			b.ReportMetric(float64((cpu()-begun).Microseconds())/n, "cpu-µs/event")
		})
	}
}

func post(b *testing.B, client *http.Client, url string, body []byte) {
	r, err := http.NewRequest(http.MethodPost, url, bytes.NewReader(body)) //nolint:noctx // a benchmark
	if err != nil {
		b.Error(err)
		return
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	resp, err := client.Do(r)
	if err != nil {
		b.Error(err)
		return
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	if text, err := io.ReadAll(resp.Body); err != nil || resp.StatusCode != http.StatusOK || bytes.Contains(text, []byte(`"error"`)) {
		b.Errorf("%s %.300s %v", resp.Status, text, err)
	}
}
