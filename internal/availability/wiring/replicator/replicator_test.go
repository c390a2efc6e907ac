package replicator_test

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/availability/replica"
	"github.com/greenlang/fournines/internal/availability/wiring/replicator"
	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/driver/s3/gateway"
	"github.com/greenlang/fournines/internal/driver/s3/s3test"
	"github.com/greenlang/fournines/internal/fact"
)

const bucket = "objects"

// world is two real stores with a bucket each.
type world struct {
	gateways  [2]*s3test.Gateway
	stores    [2]*s3.Store
	mu        sync.Mutex // guards what follows
	facts     map[string]fact.ObjectMirror
	changed   chan struct{} // closed with the next fact
	conflicts []replica.Conflict
}

func start(t testing.TB, change func(*gateway.Options)) *world {
	t.Helper()
	w := &world{facts: map[string]fact.ObjectMirror{}, changed: make(chan struct{})}
	for i := range w.gateways {
		w.gateways[i] = s3test.Start(t, t.TempDir(), change)
		w.stores[i] = w.gateways[i].Open(t, bucket, nil)
		if err := w.stores[i].EnsureVersioned(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	return w
}

func (w *world) replicator() *replicator.Replicator {
	return &replicator.Replicator{
		A: replicator.End{Region: "east", Store: w.stores[0]}, B: replicator.End{Region: "west", Store: w.stores[1]},
		Every: 50 * time.Millisecond, Scrub: time.Hour, Now: time.Now,
		Report: func(m fact.ObjectMirror) {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.facts[m.From] = m
			close(w.changed)
			w.changed = make(chan struct{})
		},
		Conflict: func(_ context.Context, c replica.Conflict) error {
			w.mu.Lock()
			defer w.mu.Unlock()
			w.conflicts = append(w.conflicts, c)
			return nil
		},
	}
}

func (w *world) pass(t testing.TB, r *replicator.Replicator) int {
	t.Helper()
	n, err := r.Pass(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	return n
}

func (w *world) settle(t testing.TB, r *replicator.Replicator) {
	t.Helper()
	for range 20 {
		if w.pass(t, r) == 0 {
			return
		}
	}
	t.Fatal("it is never done")
}

func put(t testing.TB, s *s3.Store, key, body string) {
	t.Helper()
	if _, err := s.Put(t.Context(), key, strings.NewReader(body), s3.PutOptions{Metadata: map[string]string{"who": "client"}}); err != nil {
		t.Fatal(err)
	}
}

func hide(t testing.TB, s *s3.Store, key string) {
	t.Helper()
	if err := s.Mark(t.Context(), key, s3.Over{}); err != nil {
		t.Fatal(err)
	}
}

// says is a bucket's visible contents.
func says(t testing.TB, s *s3.Store) string {
	t.Helper()
	var out []string
	for e, err := range s.List(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		o, err := s.Get(t.Context(), e.Key, "")
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(o.Body)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, e.Key+"="+string(b))
	}
	return strings.Join(out, " ")
}

func (w *world) want(t testing.TB, want string) {
	t.Helper()
	for i, s := range w.stores {
		if got := says(t, s); got != want {
			t.Errorf("store %d has %q, want %q", i, got, want)
		}
	}
}

// versions counts what a bucket holds, deletions included.
func versions(t testing.TB, s *s3.Store) (n int) {
	t.Helper()
	for _, err := range s.Versions(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		n++
	}
	return n
}

func TestObjectsAndDeletionsGoBothWaysAndNeverBack(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	east, west := w.stores[0], w.stores[1]
	r := w.replicator()
	if w.pass(t, r) != 0 {
		t.Fatal("two empty buckets")
	}
	for n := range 3 {
		put(t, east, "a", fmt.Sprint(n))
	}
	put(t, east, "b", "x")
	put(t, west, "c/d", "y")
	hide(t, east, "b")
	put(t, east, "big", string(s3test.Bytes(9<<20)))
	w.settle(t, r)
	put(t, west, "big", "small")
	w.settle(t, r)
	w.want(t, "a=2 big=small c/d=y")
	before := [2]int{versions(t, east), versions(t, west)}
	if w.replicator().A.Region != "east" || w.pass(t, w.replicator()) != 0 {
		t.Error("who knows nothing copies again")
	}
	put(t, west, "a", "west")
	hide(t, west, "c/d")
	w.settle(t, w.replicator())
	w.want(t, "a=west big=small")
	put(t, east, "a", "east")
	put(t, east, "b", "again")
	w.settle(t, w.replicator())
	w.want(t, "a=east b=again big=small")
	if got := [2]int{versions(t, east), versions(t, west)}; got != [2]int{before[0] + 2 + 1 + 2, before[1] + 2 + 2} {
		t.Errorf("versions %v, before %v", got, before)
	}
	i, err := west.Head(t.Context(), "a", "")
	if err != nil || i.Metadata["who"] != "client" {
		t.Errorf("%+v, %v", i, err)
	}
	if len(w.conflicts) != 0 {
		t.Errorf("%+v", w.conflicts)
	}
	m := w.facts["east"]
	if m.From != "east" || m.To != "west" || m.Objects != 0 || m.Error != "" || m.Lag(time.Now()) < 0 || m.Lag(time.Now()) > time.Minute {
		t.Errorf("%+v", m)
	}
}

// Two regions write without knowing of each other: the last one wins in both, and the loser
// is told of and stays where it was written.
func TestALoserIsToldOfAndStays(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	r := w.replicator()
	put(t, w.stores[0], "k", "first")
	w.settle(t, r)
	put(t, w.stores[0], "k", "loses")
	for lost := time.Now().UnixMilli(); time.Now().UnixMilli() <= lost; { // the store's clock is in milliseconds
	}
	put(t, w.stores[1], "k", "wins")
	w.settle(t, r)
	w.want(t, "k=wins")
	if len(w.conflicts) != 1 || w.conflicts[0].Region != "east" || w.conflicts[0].Loser.Region != "east" {
		t.Fatalf("%+v", w.conflicts)
	}
	o, err := w.stores[0].Get(t.Context(), "k", w.conflicts[0].Loser.Version)
	if err != nil {
		t.Fatal(err)
	}
	if b, err := io.ReadAll(o.Body); err != nil || string(b) != "loses" {
		t.Errorf("%q, %v", b, err)
	}
	if w.facts["east"].Conflicts != 1 || w.facts["west"].Conflicts != 0 {
		t.Errorf("%+v", w.facts)
	}
}

// A put that lands after something newer is covered again by that.
func TestALatePutDoesNotBringAnOldVersionBack(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	r := w.replicator()
	put(t, w.stores[0], "k", "old")
	w.settle(t, r)
	h, err := w.stores[1].History(t.Context(), "k")
	if err != nil {
		t.Fatal(err)
	}
	v, err := w.stores[1].Origin(t.Context(), "k", h.Latest())
	if err != nil {
		t.Fatal(err)
	}
	put(t, w.stores[0], "k", "new")
	w.settle(t, r)
	if h, err = w.stores[1].History(t.Context(), "k"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.stores[1].CopyFrom(t.Context(), w.stores[0], "k", v.Origin.Version, v.Origin, s3.OverLatest(h)); err != nil {
		t.Fatal(err)
	}
	if got := says(t, w.stores[1]); got != "k=old" {
		t.Fatalf("%q", got)
	}
	w.settle(t, w.replicator())
	w.want(t, "k=new")
}

// A store that is gone is said to be, and what it missed comes when it is back. It is killed
// while copies arrive.
func TestAStoreIsKilledWhileItReceives(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	const n = 200
	for i := range n {
		put(t, w.stores[0], fmt.Sprintf("k/%03d", i), fmt.Sprint(i))
	}
	r := w.replicator()
	r.B.Store = w.gateways[1].Open(t, bucket, func(o *s3.Options) { o.Attempts = 1 })
	var once sync.Once
	copied := 0
	r.At = func(point string) {
		w.mu.Lock()
		defer w.mu.Unlock()
		if point == "after" {
			copied++
		}
		if copied == n/4 {
			once.Do(func() { _ = w.gateways[1].Kill() })
		}
	}
	if _, err := r.Pass(t.Context()); err == nil {
		t.Fatal("the store was killed")
	}
	if m := w.facts["east"]; m.Error == "" || m.Objects == 0 || m.Copied < n/8 {
		t.Errorf("%+v", m)
	}
	w.gateways[1].Begin(t)
	w.settle(t, w.replicator())
	if a, b := says(t, w.stores[0]), says(t, w.stores[1]); a != b || strings.Count(b, "=") != n {
		t.Errorf("%q\n%q", a, b)
	}
	if got := versions(t, w.stores[1]); got != n {
		t.Errorf("%d versions of %d objects", got, n)
	}
}

// Clients of both sides write, overwrite and delete the same keys while the replicator works.
func TestClientsOnBothSides(t *testing.T) {
	t.Parallel()
	for name, sidecar := range map[string]bool{"attributes on inodes": false, "attributes in files": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, func(o *gateway.Options) { o.Sidecar = sidecar })
			ctx, stop := context.WithCancel(t.Context())
			var running sync.WaitGroup
			running.Go(func() { w.replicator().Run(ctx) })
			var clients sync.WaitGroup
			for c := range 4 {
				clients.Go(func() {
					random := rand.New(rand.NewPCG(uint64(c), 7)) //nolint:gosec // a seed
					s := w.stores[c%2]
					for i := range 60 {
						key := fmt.Sprint("k", random.IntN(6))
						if random.IntN(5) == 0 {
							hide(t, s, key)
						} else {
							put(t, s, key, fmt.Sprint(c, ".", i))
						}
					}
				})
			}
			clients.Wait()
			stop()
			running.Wait()
			r := w.replicator()
			w.settle(t, r)
			if a, b := says(t, w.stores[0]), says(t, w.stores[1]); a != b {
				t.Errorf("%q\n%q", a, b)
			}
			t.Logf("%d conflicts, %d and %d versions", len(w.conflicts), versions(t, w.stores[0]), versions(t, w.stores[1]))
		})
	}
}

func BenchmarkReplicate(b *testing.B) {
	for _, size := range []int{1 << 10, 1 << 20, 32 << 20} {
		b.Run(fmt.Sprintf("%dKiB", size>>10), func(b *testing.B) {
			w := start(b, func(o *gateway.Options) { o.TLS = true })
			body := s3test.Bytes(size)
			for i := range b.N {
				if _, err := w.stores[0].Put(b.Context(), fmt.Sprint("k/", i), bytes.NewReader(body), s3.PutOptions{}); err != nil {
					b.Fatal(err)
				}
			}
			b.SetBytes(int64(size))
			b.ResetTimer()
			r := w.replicator()
			for {
				n, err := r.Pass(b.Context())
				if err != nil {
					b.Fatal(err)
				}
				if n == 0 {
					break
				}
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "objects/s")
		})
	}
}
