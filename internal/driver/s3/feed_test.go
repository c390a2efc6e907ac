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
	"time"

	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/driver/s3/feed"
	"github.com/greenlang/fournines/internal/driver/s3/gateway"
	"github.com/greenlang/fournines/internal/driver/s3/s3test"
	"github.com/greenlang/fournines/internal/fact"
)

// fed runs a test on a bucket with a feed, wherever attributes live.
func fed(t *testing.T, do func(*testing.T, *s3test.Gateway, *s3.Store)) {
	t.Helper()
	for name, sidecar := range map[string]bool{"attributes on inodes": false, "attributes in files": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			g := s3test.Start(t, t.TempDir(), func(o *gateway.Options) { o.Sidecar = sidecar })
			s := g.Open(t, "objects", nil)
			if err := errors.Join(s.EnsureVersioned(t.Context()), s.Confirm(t.Context(), feed.Confirmation{})); err != nil {
				t.Fatal(err)
			}
			do(t, g, s)
		})
	}
}

// The gateway is killed while clients put, overwrite and delete: what was acknowledged is in its feed.
func TestNoAcknowledgedChangeIsMissingInTheFeed(t *testing.T) {
	t.Parallel()
	fed(t, func(t *testing.T, g *s3test.Gateway, s *s3.Store) {
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

// What is told of keys alone, asked for or with a feed's changes, is what a listing and each version tell, whatever their names
// and their past.
func TestHistoriesAreWhatAListingTells(t *testing.T) {
	t.Parallel()
	fed(t, func(t *testing.T, g *s3test.Gateway, s *s3.Store) {
		keys := []string{"a", "a/b", "ab", "ä %+?#&=", "deep/er/than/that", "copied", "buried", "none", "\u2028"}
		for i, key := range keys[1:5] {
			for n := range i + 1 {
				write(t, s, key, fmt.Sprint(n))
				if n%2 == 1 {
					if err := s.Mark(t.Context(), key, s3.Over{}); err != nil {
						t.Fatal(err)
					}
				}
			}
		}
		copied(t, g, s)
		for i := range 200 { // more than one request asks for
			keys = append(keys, strings.Repeat("long ", 20)+fmt.Sprint(i))
		}
		asked, err1 := s.HistoriesOf(t.Context(), keys)
		page, err2 := s.Changes(t.Context(), nil)
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		if len(asked) != len(keys) || len(page.Histories) != 6 {
			t.Fatalf("%d histories of %d keys, %d with the changes: %+v", len(asked), len(keys), len(page.Histories), page)
		}
		for i, key := range keys[:9] {
			listed := versionsOf(t, s, key)
			if got := asked[key]; !same(got, listed) || (i > 0 && i < 7) != (len(got.Versions) > 0) {
				t.Errorf("%s: %+v and %+v", key, listed, got)
			}
			if got, ok := page.Histories[key]; ok && !same(got, listed) {
				t.Errorf("%s: %+v and, with its changes, %+v", key, listed, got)
			}
		}
		for key, tombstone := range map[string]bool{"copied": false, "buried": true} {
			if v := asked[key].Versions[1]; v.Origin.Version == "" || v.Tombstone != tombstone {
				t.Errorf("%s is no copy: %+v", key, v)
			}
		}
	})
}

func write(t *testing.T, s *s3.Store, key, body string) s3.Stored {
	t.Helper()
	stored, err := s.Put(t.Context(), key, strings.NewReader(body), s3.PutOptions{Metadata: map[string]string{"who": "client"}})
	if err != nil {
		t.Fatal(err)
	}
	return stored
}

// copied puts a copy from another bucket over an object, and a copied deletion over another.
func copied(t *testing.T, g *s3test.Gateway, to *s3.Store) {
	t.Helper()
	from := g.Open(t, "others", nil)
	if err := from.EnsureVersioned(t.Context()); err != nil {
		t.Fatal(err)
	}
	over := func(key string) s3.Over {
		old := write(t, to, key, "old")
		return s3.Over{ETag: old.ETag, Version: old.Version}
	}
	origin := fact.Origin{Region: "east", Version: write(t, from, "copied", "new").Version, Time: fact.Clock{Wall: 1}}
	if _, err := to.CopyFrom(t.Context(), from, "copied", origin.Version, origin, over("copied")); err != nil {
		t.Fatal(err)
	}
	tomb, err := to.Bury(t.Context(), "buried", origin, over("buried"))
	if err == nil {
		err = to.Mark(t.Context(), "buried", tomb)
	}
	if err != nil {
		t.Fatal(err)
	}
}

// versionsOf lists a key and asks for each version what it is a copy of.
func versionsOf(t *testing.T, s *s3.Store, key string) fact.ObjectHistory {
	t.Helper()
	h, err := s.History(t.Context(), key)
	if err != nil {
		t.Fatal(err)
	}
	for i, v := range h.Versions {
		if h.Versions[i], err = s.Origin(t.Context(), key, v); err != nil {
			t.Fatal(err)
		}
	}
	return h
}

func same(a, b fact.ObjectHistory) bool {
	return a.Key == b.Key && slices.EqualFunc(a.Versions, b.Versions, func(v, w fact.ObjectVersion) bool {
		at := v.Written.Equal(w.Written)
		v.Written, w.Written = time.Time{}, time.Time{}
		v.Print, w.Print = "", "" // a listing does not tell it
		return at && v == w
	})
}

// Buckets with feeds of their own are not mixed up, whatever was asked for in between.
func TestEachBucketHasItsFeed(t *testing.T) {
	t.Parallel()
	g := s3test.Start(t, t.TempDir(), nil)
	var stores []*s3.Store
	for _, bucket := range []string{"objects", "others", "a-third-one"} {
		s := g.Open(t, bucket, nil)
		if err := errors.Join(s.EnsureVersioned(t.Context()), s.Confirm(t.Context(), feed.Confirmation{})); err != nil {
			t.Fatal(err)
		}
		stores = append(stores, s)
	}
	const puts = 30
	for n := range puts {
		for i, s := range stores {
			write(t, s, fmt.Sprint("of/", i, "/", n), "x")
		}
	}
	for i, s := range stores {
		p, err := s.Changes(t.Context(), nil)
		if err != nil || len(p.Changes) != puts || len(p.Histories) != puts {
			t.Fatalf("bucket %d: %d changes, %d histories, %v", i, len(p.Changes), len(p.Histories), err)
		}
		for _, c := range p.Changes {
			if !strings.HasPrefix(string(c.Key), fmt.Sprint("of/", i, "/")) {
				t.Errorf("bucket %d: %s", i, c.Key)
			}
		}
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
