package replicator_test

import (
	"fmt"
	"maps"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/driver/s3/gateway"
	"github.com/greenlang/fournines/internal/fact"
)

// plain puts as any client does.
func plain(t testing.TB, s *s3.Store, key, body string, metadata map[string]string) {
	t.Helper()
	if _, err := s.Put(t.Context(), key, strings.NewReader(body), s3.PutOptions{Metadata: metadata, Plain: true}); err != nil {
		t.Fatal(err)
	}
}

// What copies of objects have failed for is copied: metadata at S3's limit and with any names, a copy that is put back edited
// with the metadata that was read, other metadata for the same bytes, and keys that are one path.
func TestWhatWasPoisonIsCopied(t *testing.T) {
	t.Parallel()
	for name, sidecar := range map[string]bool{"attributes on inodes": false, "attributes in files": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := start(t, func(o *gateway.Options) { o.Sidecar = sidecar })
			east, west := w.stores[0], w.stores[1]
			r := w.replicator()
			full := map[string]string{"m": strings.Repeat("x", 2047)}
			plain(t, east, "full", "1", full)
			plain(t, east, "named", "2", map[string]string{"fournines-origin": "mine", "fournines-copied": "mine"})
			plain(t, east, "edited", "3", map[string]string{"by": "a"})
			plain(t, east, "described", "4", map[string]string{"by": "a"})
			plain(t, east, "inv", "5", nil)
			plain(t, west, "inv/1", "6", nil)
			plain(t, east, "a//b", "7", nil)
			plain(t, west, "a/b", "8", nil)
			plain(t, west, "a/", "9", nil)
			w.settle(t, r)
			o, err := west.Get(t.Context(), "edited", "")
			if err != nil {
				t.Fatal(err)
			}
			_ = o.Body.Close()
			plain(t, west, "edited", "33", o.Metadata)
			plain(t, west, "described", "4", map[string]string{"by": "b"})
			w.settle(t, r)
			w.want(t, "a/=9 a//b=7 a/b=8 described=4 edited=33 full=1 inv=5 inv/1=6 named=2")
			for _, s := range w.stores {
				for key, want := range map[string]map[string]string{"full": full, "edited": {"by": "a"}, "described": {"by": "b"}, "named": {"fournines-origin": "mine", "fournines-copied": "mine"}} {
					if i, err := s.Head(t.Context(), key, ""); err != nil || !maps.Equal(i.Metadata, want) {
						t.Errorf("%s: %+v, %v", key, i.Metadata, err)
					}
				}
			}
			if len(w.conflicts) > 0 || w.facts["east"].StuckCount+w.facts["west"].StuckCount > 0 {
				t.Errorf("%+v %+v", w.conflicts, w.facts)
			}
			if w.pass(t, w.replicator()) != 0 {
				t.Error("who knows nothing copies again")
			}
		})
	}
}

// Two regions put the same bytes with other metadata, neither knowing of the other: the last one wins in both.
func TestMetadataAloneConflicts(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	r := w.replicator()
	w.settle(t, r)
	plain(t, w.stores[0], "k", "x", map[string]string{"by": "east"})
	for lost := time.Now().UnixMilli(); time.Now().UnixMilli() <= lost; { // the store's clock is in milliseconds
	}
	plain(t, w.stores[1], "k", "x", map[string]string{"by": "west"})
	w.settle(t, r)
	if len(w.conflicts) != 1 || w.conflicts[0].Loser.Region != "east" {
		t.Errorf("%+v", w.conflicts)
	}
	for i, s := range w.stores {
		if got, err := s.Head(t.Context(), "k", ""); err != nil || got.Metadata["by"] != "west" {
			t.Errorf("store %d: %+v, %v", i, got.Metadata, err)
		}
	}
}

// A key that cannot be copied is named, and stops nothing: everything else is copied and proved whole, and so it is once
// there is no reason any more. Who starts anew finds it again.
func TestAKeyThatCannotBeCopiedIsNamedAndStopsNothing(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	r := w.replicator()
	p := w.through(t, r)[1]
	p.Deny("PUT /" + bucket + "/bad")
	put(t, w.stores[0], "bad", "1")
	put(t, w.stores[0], "good", "2")
	stop := run(t, r)
	named := func(n int64) func(fact.ObjectMirror) bool {
		return func(m fact.ObjectMirror) bool {
			if m.From == "west" {
				return m.StuckCount == 0
			}
			return m.StuckCount == n && (n == 0 || (m.Stuck[0].Key == "bad" && strings.Contains(m.Stuck[0].Why, "does not like it")))
		}
	}
	w.await(t, "it is not named", named(1))
	for n := range 5 {
		put(t, w.stores[0], fmt.Sprint("more/", n), "3")
		w.await(t, "the others wait for it", wholeAfter(time.Now()))
	}
	if m := w.facts["east"]; m.Error != "" || m.Objects != 0 {
		t.Errorf("%+v", m)
	}
	if since := w.facts["east"].Stuck[0].Since; time.Since(since) > time.Hour {
		t.Errorf("%v", since)
	}
	stop()
	w.mu.Lock()
	clear(w.facts)
	w.mu.Unlock()
	again := w.replicator()
	again.B.Store = r.B.Store
	stop = run(t, again)
	w.await(t, "who starts anew does not find it", named(1))
	p.Deny("")
	w.await(t, "it is not copied", named(0))
	stop()
	w.settle(t, w.replicator())
	w.want(t, "bad=1 good=2 more/0=3 more/1=3 more/2=3 more/3=3 more/4=3")
}

// A replicator that has no room for a body of its own accuses no key, says so, and copies once it has.
// Not parallel: the place for bodies is the process's.
func TestAnErrorOfOnesOwnAccusesNoKey(t *testing.T) { //nolint:paralleltest
	w := start(t, nil)
	r := w.replicator()
	put(t, w.stores[0], "large", strings.Repeat("x", 9<<20)) // it waits in a file
	put(t, w.stores[0], "small", "1")
	room := filepath.Join(t.TempDir(), "room")
	t.Setenv("TMPDIR", room)
	var rounds int
	run(t, r)
	w.await(t, "it does not say that it has no room", func(m fact.ObjectMirror) bool {
		if m.StuckCount > 0 {
			t.Fatalf("a key is accused: %+v", m.Stuck)
		}
		if strings.Contains(m.Error, room) {
			rounds++
		}
		return m.From == "west" || rounds > 2*3
	})
	if err := os.Mkdir(room, 0o700); err != nil {
		t.Fatal(err)
	}
	w.await(t, "it is not copied", wholeAfter(time.Now()))
	if i, err := w.stores[1].Head(t.Context(), "large", ""); err != nil || i.Size != 9<<20 {
		t.Errorf("%+v, %v", i, err)
	}
}

// Both regions put keys that come in each other's way while copies of them arrive.
func TestKeysThatComeInEachOthersWay(t *testing.T) {
	t.Parallel()
	w := start(t, nil)
	stop := run(t, w.replicator())
	var clients sync.WaitGroup
	for c := range 4 {
		clients.Go(func() {
			for n := range 20 {
				put(t, w.stores[c%2], fmt.Sprint("k", n, strings.Repeat("/x", c)), fmt.Sprint(c))
			}
		})
	}
	clients.Wait()
	w.await(t, "never equal", wholeAfter(time.Now()))
	stop()
	w.settle(t, w.replicator())
	if a, b := says(t, w.stores[0]), says(t, w.stores[1]); a != b || strings.Count(a, "=") != 80 {
		t.Errorf("%q\n%q", a, b)
	}
}
