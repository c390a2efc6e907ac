package s3_test

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/driver/s3/feed"
	"github.com/greenlang/fournines/internal/driver/s3/gateway"
	"github.com/greenlang/fournines/internal/driver/s3/s3test"
)

// The gateway is killed while clients put, overwrite and delete: what was acknowledged is in its feed.
func TestNoAcknowledgedChangeIsMissingInTheFeed(t *testing.T) {
	t.Parallel()
	for name, sidecar := range map[string]bool{"attributes on inodes": false, "attributes in files": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := s3test.Start(t, t.TempDir(), func(o *gateway.Options) { o.Sidecar = sidecar })
			s := g.Open(t, "objects", nil)
			if err := s.EnsureVersioned(t.Context()); err != nil {
				t.Fatal(err)
			}
			if err := s.Confirm(t.Context(), feed.Confirmation{}); err != nil {
				t.Fatal(err)
			}
			begun, err := s.Changes(t.Context(), nil)
			if err != nil {
				t.Fatal(err)
			}
			acknowledged := map[string]int{}
			for cycle := range 4 {
				killWhile(t, g, cycle, acknowledged)
				g.Begin(t)
				now, err := s.Changes(t.Context(), nil)
				if err != nil || now.ID != begun.ID {
					t.Fatalf("the feed is another: %+v, %v", now, err)
				}
				named := map[string]int{}
				for _, c := range now.Changes {
					named[string(c.Key)]++
				}
				for key, n := range acknowledged {
					if named[key] < n {
						t.Fatalf("cycle %d: %d changes of %s were acknowledged, %d are named", cycle, n, key, named[key])
					}
				}
			}
		})
	}
}

// killWhile kills the gateway while six clients are at work, and counts what they were told.
func killWhile(t *testing.T, g *s3test.Gateway, cycle int, acknowledged map[string]int) {
	t.Helper()
	impatient := g.Open(t, "objects", func(o *s3.Options) { o.Attempts = 1 })
	goal := int64(10 + rand.New(rand.NewPCG(uint64(cycle), 3)).IntN(40)) //nolint:gosec // a seed
	reached, failed := make(chan struct{}), make(chan error, 6)
	var acks atomic.Int64
	var mu sync.Mutex // guards acknowledged
	var clients sync.WaitGroup
	for c := range 6 {
		clients.Go(func() {
			random := rand.New(rand.NewPCG(uint64(cycle), uint64(c))) //nolint:gosec // a seed
			for {
				key := fmt.Sprintf("%d/ä %d", c, random.IntN(4))
				var err error
				if random.IntN(4) == 0 {
					err = impatient.Mark(context.Background(), key, s3.Over{})
				} else {
					_, err = impatient.Put(context.Background(), key, strings.NewReader(fmt.Sprint(random.Uint64())), s3.PutOptions{})
				}
				if err != nil {
					failed <- err
					return
				}
				mu.Lock()
				acknowledged[key]++
				mu.Unlock()
				if acks.Add(1) == goal {
					close(reached)
				}
			}
		})
	}
	select {
	case <-reached:
	case err := <-failed:
		t.Fatalf("before anything was killed: %v", err)
	}
	if err := g.Kill(); err != nil {
		t.Fatal(err)
	}
	clients.Wait()
}

// A key's history alone is what a listing tells of it, whatever its name and its past.
func TestAHistoryAloneIsWhatAListingTells(t *testing.T) {
	t.Parallel()
	for name, sidecar := range map[string]bool{"attributes on inodes": false, "attributes in files": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := s3test.Start(t, t.TempDir(), func(o *gateway.Options) { o.Sidecar = sidecar })
			s := g.Open(t, "objects", nil)
			if err := s.EnsureVersioned(t.Context()); err != nil {
				t.Fatal(err)
			}
			keys := []string{"a", "a/b", "ab", "ä %+?#&=", "deep/er/than/that", "none"}
			for i, key := range keys[1:5] {
				for n := range i + 1 {
					if _, err := s.Put(t.Context(), key, strings.NewReader(fmt.Sprint(n)), s3.PutOptions{}); err != nil {
						t.Fatal(err)
					}
					if n%2 == 1 {
						if err := s.Mark(t.Context(), key, s3.Over{}); err != nil {
							t.Fatal(err)
						}
					}
				}
			}
			for i, key := range keys {
				listed, err1 := s.History(t.Context(), key)
				alone, err2 := s.HistoryAlone(t.Context(), key)
				if err := errors.Join(err1, err2); err != nil {
					t.Fatal(err)
				}
				if listed.Key != alone.Key || len(listed.Versions) != len(alone.Versions) || (i > 0 && i < 5 && len(alone.Versions) < i) {
					t.Fatalf("%s: %+v and %+v", key, listed, alone)
				}
				for n, v := range listed.Versions {
					if w := alone.Versions[n]; v.ID != w.ID || v.ETag != w.ETag || v.Marker != w.Marker || v.Size != w.Size || !v.Written.Equal(w.Written) {
						t.Errorf("%s: %+v and %+v", key, v, w)
					}
				}
			}
		})
	}
}

// Nobody puts, deletes or lists what the feed is asked by.
func TestTheFeedIsNobodysObject(t *testing.T) {
	t.Parallel()
	g := s3test.Start(t, t.TempDir(), nil)
	s := g.Open(t, "objects", nil)
	if err := s.EnsureVersioned(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, key := range []string{feed.Object, feed.Object + "/x"} {
		if _, err := s.Put(t.Context(), key, strings.NewReader("mine"), s3.PutOptions{}); err == nil {
			t.Errorf("%s can be put", key)
		}
		if err := s.Mark(t.Context(), key, s3.Over{}); err == nil {
			t.Errorf("%s can be deleted", key)
		}
	}
	if err := s.Confirm(t.Context(), feed.Confirmation{ID: "another"}); !errors.Is(err, s3.ErrExists) {
		t.Errorf("%v", err)
	}
	if p, err := s.Changes(t.Context(), nil); err != nil || p.ID != "" {
		t.Errorf("%+v, %v", p, err)
	}
	var keys []string
	for e, err := range s.Versions(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, e.Key)
	}
	if slices.ContainsFunc(keys, func(k string) bool { return strings.HasPrefix(k, feed.Object) }) {
		t.Errorf("%v", keys)
	}
}
