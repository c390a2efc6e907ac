package quorum_test

import (
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/greenlang/fournines/internal/driver/etcd"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
	"github.com/greenlang/fournines/internal/quorum"
)

// BenchmarkAppend appends from 64 goroutines to a journal that decides alone, and to one
// whose groups an etcd of three members decides: all of them on one disk, so three syncs
// take turns that three machines would do at once.
func BenchmarkAppend(b *testing.B) {
	b.Run("alone", func(b *testing.B) {
		j, err := journal.Open(b.TempDir(), time.Now)
		if err != nil {
			b.Fatal(err)
		}
		defer j.Close() //nolint:errcheck // bench
		appendFrom64(b, j)
	})
	b.Run("decided", func(b *testing.B) {
		q := quorum.New(quorum.Options{Client: threeMembers(b), Name: "a", Seed: true, Compact: true, Log: slog.New(slog.DiscardHandler)})
		j, err := (journal.Options{Decide: q.Decide}).Open(b.TempDir())
		if err != nil {
			b.Fatal(err)
		}
		defer j.Close() //nolint:errcheck // bench
		if err := q.Elect(b.Context(), j); err != nil {
			b.Fatal(err)
		}
		appendFrom64(b, j)
	})
}

func appendFrom64(b *testing.B, j *journal.Journal) {
	b.Helper()
	e := journal.Entry{Kind: "bench", Subject: "us-east-1/a/postgres", Data: []byte(`{"state":"healthy","lag":1024,"timeline":7}`)}
	var slowest atomic.Int64
	b.SetParallelism(32)
	b.ResetTimer()
	b.RunParallel(func(pb *testing.PB) {
		for pb.Next() {
			begun := time.Now()
			if _, err := j.Append(b.Context(), e); err != nil {
				b.Error(err)
				return
			}
			for d := int64(time.Since(begun)); ; {
				if old := slowest.Load(); d <= old || slowest.CompareAndSwap(old, d) {
					break
				}
			}
		}
	})
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "appends/s")
	b.ReportMetric(float64(slowest.Load())/1e6, "slowest-ms")
}

// threeMembers starts three members on loopback, and returns a client of the first.
func threeMembers(b *testing.B) *clientv3.Client {
	b.Helper()
	members := make([]etcd.Member, 3)
	cluster := ""
	for i := range members {
		name := string(rune('a' + i))
		members[i] = etcd.Member{Name: name, Dir: b.TempDir(), Client: "http://" + loopback.Free(b), Peer: "http://" + loopback.Free(b), Token: "bench"}
		if cluster != "" {
			cluster += ","
		}
		cluster += name + "=" + members[i].Peer
	}
	started := make(chan error, len(members))
	for _, m := range members {
		m.Cluster = cluster
		go func() {
			e, err := etcd.Start(b.Context(), m)
			if err == nil {
				b.Cleanup(e.Close)
			}
			started <- err
		}()
	}
	for range members {
		if err := <-started; err != nil {
			b.Fatal(err)
		}
	}
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{members[0].Client}, DialTimeout: 5 * time.Second, Logger: zap.NewNop()})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = c.Close() })
	return c
}
