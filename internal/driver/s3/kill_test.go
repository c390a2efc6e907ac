package s3_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"strconv"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/driver/s3/gateway"
	"github.com/greenlang/fournines/internal/driver/s3/s3test"
)

// kept is a version whose put was acknowledged.
type kept struct{ key, version, sum string }

// crowd puts objects until the gateway is gone, and remembers what was acknowledged.
type crowd struct {
	store     *s3.Store
	mu        sync.Mutex
	kept      []kept
	attempted map[string]bool // digests of every body that was ever sent
	acks      atomic.Int64
	goal      int64
	reached   chan struct{} // closed with the goal-th acknowledgement
	failed    chan error    // why the first writer of this cycle ended
}

// The gateway is killed at seeded random moments while several writers put, overwrite,
// hide and delete. Whatever was acknowledged with a lock must be there, whole and locked,
// and whatever can be seen must be whole. FOURNINES_CYCLES sets how often.
func TestNothingAcknowledgedIsLostByKill9(t *testing.T) {
	t.Parallel()
	cycles := 5
	if s := os.Getenv("FOURNINES_CYCLES"); s != "" {
		var err error
		if cycles, err = strconv.Atoi(s); err != nil {
			t.Fatalf("FOURNINES_CYCLES: %v", err)
		}
	}
	for name, sidecar := range map[string]bool{"attributes on inodes": false, "attributes in files": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := s3test.Start(t, t.TempDir(), func(o *gateway.Options) { o.Sidecar = sidecar })
			killOften(t, g, cycles, sidecar)
		})
	}
}

func killOften(t *testing.T, g *s3test.Gateway, cycles int, sidecar bool) {
	t.Helper()
	s := ensured(t, g)
	impatient := g.Open(t, s.Bucket(), func(o *s3.Options) { o.Attempts = 1 })
	c := &crowd{store: impatient, attempted: map[string]bool{}}
	var longest time.Duration
	for cycle := range cycles {
		random := rand.New(rand.NewPCG(uint64(cycle), 9999)) //nolint:gosec // a seed, not a secret
		c.goal = c.acks.Load() + int64(5+random.IntN(120))
		c.reached, c.failed = make(chan struct{}), make(chan error, 1)
		ctx, cancel := context.WithCancel(t.Context())
		var wg sync.WaitGroup
		for w := range 6 {
			// In files an overwrite is not one step, as the package says: there keys are written once.
			wg.Go(func() { c.write(ctx, cycle, w, rand.New(rand.NewPCG(uint64(cycle), uint64(w))), !sidecar) }) //nolint:gosec // a seed
		}
		select {
		case <-c.reached:
		case err := <-c.failed:
			t.Fatalf("cycle %d: %d puts were acknowledged, and before anything was killed: %v", cycle, c.acks.Load(), err)
		case <-time.After(2 * time.Minute):
			t.Fatalf("cycle %d: only %d puts were acknowledged", cycle, c.acks.Load())
		}
		if err := g.Kill(); err != nil {
			t.Fatal(err)
		}
		cancel()
		wg.Wait()
		begun := time.Now()
		g.Begin(t)
		longest = max(longest, time.Since(begun))
		c.verify(t, s, sidecar)
	}
	t.Logf("%d kills, %d locked versions acknowledged and found, slowest restart %s", cycles, len(c.kept), longest.Round(time.Millisecond))
}

// write does one thing after another until something fails.
func (c *crowd) write(ctx context.Context, cycle, writer int, random *rand.Rand, overwrite bool) {
	hot := fmt.Sprintf("hot/%d", writer)
	for n := 0; ctx.Err() == nil; n++ {
		key := fmt.Sprintf("cold/%d/%d/%d", cycle, writer, n)
		if n%3 == 0 { // kept apart
			key = fmt.Sprintf("cold/%d/%d//%d", cycle, writer, n)
		}
		locked, step := true, random.IntN(6)
		if overwrite && step > 1 {
			key, locked = hot, step < 4
		}
		v, err := c.put(ctx, key, random, locked, key != hot)
		if err == nil && overwrite && step == 4 { // the locked version before it must come back
			err = c.store.Delete(ctx, key, v)
		}
		if err == nil && overwrite && step == 5 {
			var marker string
			if marker, err = s3.Hide(ctx, c.store, key); err == nil && random.IntN(2) == 0 {
				err = c.store.Delete(ctx, key, marker)
			}
		}
		if err != nil {
			select {
			case c.failed <- err:
			default:
			}
			return
		}
	}
}

func (c *crowd) put(ctx context.Context, key string, random *rand.Rand, locked, once bool) (string, error) {
	body := make([]byte, random.IntN(200_000))
	for i := range body {
		body[i] = byte(random.Uint32()) //nolint:gosec // any byte will do
	}
	sum := sha256.Sum256(body)
	c.mu.Lock()
	c.attempted[hex.EncodeToString(sum[:])] = true
	c.mu.Unlock()
	o := s3.PutOptions{IfAbsent: once}
	if locked {
		o.RetainUntil = time.Now().Add(time.Hour)
	}
	got, err := c.store.Put(ctx, key, bytes.NewReader(body), o)
	if err != nil {
		return "", err
	}
	if c.acks.Add(1) == c.goal {
		close(c.reached)
	}
	if locked {
		c.mu.Lock()
		defer c.mu.Unlock()
		c.kept = append(c.kept, kept{key: key, version: got.Version, sum: hex.EncodeToString(sum[:])})
	}
	return got.Version, nil
}

// verify reads everything: what was acknowledged, and what else can be seen.
func (c *crowd) verify(t *testing.T, s *s3.Store, sidecar bool) {
	t.Helper()
	for _, k := range c.kept {
		if sum := c.read(t, s, k.key, k.version); sum != k.sum {
			t.Fatalf("%s version %s has another content", k.key, k.version)
		}
		if i, err := s.Head(t.Context(), k.key, k.version); err != nil || i.Mode != s3.Compliance {
			t.Fatalf("%s version %s has lost its lock: %+v, %v", k.key, k.version, i, err)
		}
	}
	for e, err := range s.Versions(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		if e.Marker {
			continue
		}
		if !c.attempted[c.read(t, s, e.Key, e.Version)] {
			t.Fatalf("%s version %s is no body that was ever put", e.Key, e.Version)
		}
		if cold := len(e.Key) > 5 && e.Key[:5] == "cold/"; cold && !sidecar { // those are always put with a lock
			if i, err := s.Head(t.Context(), e.Key, e.Version); err != nil || i.Mode != s3.Compliance {
				t.Fatalf("%s version %s can be seen without its lock: %+v, %v", e.Key, e.Version, i, err)
			}
		}
	}
}

func (c *crowd) read(t *testing.T, s *s3.Store, key, version string) string {
	t.Helper()
	o, err := s.Get(t.Context(), key, version)
	if err != nil {
		t.Fatal(err)
	}
	h := sha256.New()
	_, err = io.Copy(h, o.Body)
	if err := errors.Join(err, o.Body.Close()); err != nil {
		t.Fatal(err)
	}
	return hex.EncodeToString(h.Sum(nil))
}

// A put that was killed is done again with the same call, whatever was left of it.
func TestAKilledPutIsDoneAgain(t *testing.T) {
	t.Parallel()
	for name, sidecar := range map[string]bool{"attributes on inodes": false, "attributes in files": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := s3test.Start(t, t.TempDir(), func(o *gateway.Options) { o.Sidecar = sidecar })
			s := ensured(t, g)
			impatient := g.Open(t, s.Bucket(), func(o *s3.Options) { o.Attempts = 1 })
			random := rand.New(rand.NewPCG(7, 7)) //nolint:gosec // a seed, not a secret
			body, moments := s3test.Bytes(1<<20), 30
			for n := range 12 {
				if n == 8 { // in parts; the last moments are those of their completion
					body, moments = s3test.Bytes(s3.MultipartBytes+1), 1500
				}
				key, o := fmt.Sprintf("again/%d", n), s3.PutOptions{IfAbsent: true, RetainUntil: time.Now().Add(time.Hour)}
				failed := make(chan error, 1)
				go func() {
					_, err := impatient.Put(t.Context(), key, bytes.NewReader(body), o)
					failed <- err
				}()
				<-time.After(time.Duration(random.IntN(moments)) * time.Millisecond) // any moment will do
				if err := g.Kill(); err != nil {
					t.Fatal(err)
				}
				<-failed
				g.Begin(t)
				got, err := s.Put(t.Context(), key, bytes.NewReader(body), o)
				if err != nil || got.Mode != s3.Compliance {
					t.Fatalf("%+v, %v", got, err)
				}
				whole(t, s, key, got.Version, body)
			}
		})
	}
}
