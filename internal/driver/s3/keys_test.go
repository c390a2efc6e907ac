package s3_test

import (
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/driver/s3/s3test"
)

// alike are keys that a file system takes for one, or cannot hold beside each other.
func alike() []string {
	return []string{
		"inv", "inv/1", "inv/1/deep", "inv/", "inv//", "inv.txt", "a//b", "a/b", "a/b/", "a/./b", "a/../a/b", "a/x/../b", "./c", "c", "c/.", "/c",
		".sgwtmp/multipart/x", ".x.sgwtmp.1700000000000000000", "d/.sgwtmp/e", strings.Repeat("long", 100), strings.Repeat("long", 100) + "/1",
		"ä", "a\u0308", "A", "meta", "meta/etag", "meta/etag/meta", "x/fournines-changes", "\u2028/ %+?#&=",
	}
}

func holds(t *testing.T, s *s3.Store, key, want string) {
	t.Helper()
	o, err := s.Get(t.Context(), key, "")
	if err != nil {
		t.Errorf("%q: %v", key, err)
		return
	}
	b, err := io.ReadAll(o.Body)
	if err := errors.Join(err, o.Body.Close()); err != nil || string(b) != want {
		t.Errorf("%q holds %q, want %q: %v", key, b, want, err)
	}
}

// Distinct keys are distinct objects: each is put, overwritten, deleted and listed without touching another, over a kill.
func TestDistinctKeysAreDistinctObjects(t *testing.T) {
	t.Parallel()
	fed(t, func(t *testing.T, g *s3test.Gateway, s *s3.Store) {
		keys := alike()
		rand.New(rand.NewPCG(1, 2)).Shuffle(len(keys), func(i, j int) { keys[i], keys[j] = keys[j], keys[i] }) //nolint:gosec // a seed
		want := map[string]string{}
		for round := range 2 {
			for _, key := range keys {
				if g.Options.Sidecar && strings.HasPrefix(key, "meta/") { // attributes in files have that name
					continue
				}
				want[key] = fmt.Sprint(round, " of ", key)
				write(t, s, key, want[key])
			}
		}
		if err := g.Kill(); err != nil {
			t.Fatal(err)
		}
		g.Begin(t)
		check := func() {
			t.Helper()
			var listed []string
			for e, err := range s.List(t.Context(), "") {
				if err != nil {
					t.Fatal(err)
				}
				listed = append(listed, e.Key)
			}
			var all []string
			for key, body := range want {
				all = append(all, key)
				holds(t, s, key, body)
				h, err := s.HistoriesOf(t.Context(), []string{key})
				if err != nil || len(h[key].Versions) < 2 {
					t.Errorf("%q: %+v, %v", key, h, err)
				}
			}
			slices.Sort(all)
			if !slices.Equal(listed, all) {
				t.Errorf("listed %q\nwant %q", listed, all)
			}
		}
		check()
		versions := map[string]int{}
		for h, err := range s.Histories(t.Context(), "") {
			if err != nil {
				t.Fatal(err)
			}
			versions[h.Key] += len(h.Versions)
		}
		for key := range want {
			if versions[key] != 2 {
				t.Errorf("%q has %d versions in a listing", key, versions[key])
			}
		}
		for _, key := range []string{"inv", "a//b", "a/b/"} {
			if err := s.Mark(t.Context(), key, s3.Over{}); err != nil {
				t.Fatal(err)
			}
			delete(want, key)
			if _, err := s.Head(t.Context(), key, ""); !errors.Is(err, s3.ErrNotFound) {
				t.Errorf("%q is still there: %v", key, err)
			}
		}
		check()
	})
}

// What no client can mean is refused when it is put.
func TestKeysThatAreRefused(t *testing.T) {
	t.Parallel()
	fed(t, func(t *testing.T, _ *s3test.Gateway, s *s3.Store) {
		for _, key := range []string{"/", "//", "..", ".", "c/..", "../objects/a", "a/../../b"} {
			if _, err := s.Put(t.Context(), key, strings.NewReader("x"), s3.PutOptions{}); err == nil || errors.Is(err, s3.ErrUnavailable) {
				t.Errorf("%q: %v", key, err)
			}
		}
	})
}

// A page of a listing is what S3 would answer, whatever is kept apart.
func TestPagesOfAListing(t *testing.T) {
	t.Parallel()
	fed(t, func(t *testing.T, _ *s3test.Gateway, s *s3.Store) {
		keys := slices.DeleteFunc(alike(), func(k string) bool { return strings.HasPrefix(k, "meta/") })
		for n := range 9 {
			keys = append(keys, fmt.Sprintf("n/%d", n), fmt.Sprintf("n/%d/", n))
		}
		for _, key := range keys {
			write(t, s, key, key)
		}
		slices.Sort(keys)
		for _, prefix := range []string{"", "a", "a/", "inv", "n/", "n/3", "none"} {
			for _, delimiter := range []string{"", "/"} {
				var want []string
				for _, key := range keys {
					rest, ok := strings.CutPrefix(key, prefix)
					if !ok {
						continue
					}
					if first, _, folded := strings.Cut(rest, delimiter); delimiter != "" && folded {
						key = prefix + first + delimiter
					}
					if !slices.Contains(want, key) {
						want = append(want, key)
					}
				}
				slices.Sort(want)
				for _, most := range []int32{1, 2, 5, 1000} {
					var got []string
					for token, more := "", true; more; more = token != "" {
						names, next, err := s3.Page(t.Context(), s, prefix, delimiter, token, most)
						if err != nil || len(names) > int(most) {
							t.Fatalf("%q, %v", names, err)
						}
						slices.Sort(names)
						got, token = append(got, names...), next
					}
					if !slices.Equal(got, want) {
						t.Errorf("%q by %q, %d at a time: %q\nwant %q", prefix, delimiter, most, got, want)
					}
				}
			}
		}
	})
}

// Many clients put keys that come in each other's way, at once: whoever was told that it is stored finds it.
func TestKeysThatComeInEachOthersWay(t *testing.T) {
	t.Parallel()
	fed(t, func(t *testing.T, _ *s3test.Gateway, s *s3.Store) {
		var clients sync.WaitGroup
		for c := range 8 {
			clients.Go(func() {
				for n := range 20 {
					key := fmt.Sprint("k", n, strings.Repeat("/x", c%4))
					if _, err := s.Put(t.Context(), key, strings.NewReader(key), s3.PutOptions{}); err != nil {
						t.Error(err)
					}
				}
			})
		}
		clients.Wait()
		for c := range 4 {
			for n := range 20 {
				key := fmt.Sprint("k", n, strings.Repeat("/x", c))
				holds(t, s, key, key)
			}
		}
	})
}

// A store that an earlier version has laid out is served: its objects stay where they are, folders are directories.
func TestAnEarlierLayoutIsServed(t *testing.T) {
	t.Parallel()
	g := s3test.Start(t, t.TempDir(), nil)
	s := g.Open(t, "objects", nil)
	if err := s.EnsureVersioned(t.Context()); err != nil {
		t.Fatal(err)
	}
	write(t, s, "a/b", "1")
	write(t, s, "folder/inside", "2")
	dir := filepath.Join(g.Options.Dir, "objects", "objects")
	if err := setAttribute(filepath.Join(dir, "folder"), "etag", `"d41d8cd98f00b204e9800998ecf8427e"`); err != nil { // as a put of folder/ did
		t.Fatal(err)
	}
	for _, path := range []string{"a/b", "folder/inside"} {
		if _, err := os.Stat(filepath.Join(dir, path)); err != nil {
			t.Error(err)
		}
	}
	holds(t, s, "folder/", "")
	if h, err := s.HistoriesOf(t.Context(), []string{"folder/"}); err != nil || len(h["folder/"].Versions) != 1 {
		t.Errorf("%+v, %v", h, err)
	}
	write(t, s, "folder/", "with a body")
	holds(t, s, "folder/", "with a body")
	var keys []string
	for h, err := range s.Histories(t.Context(), "") {
		if err != nil {
			t.Fatal(err)
		}
		keys = append(keys, h.Key)
	}
	if want := []string{"a/b", "folder/", "folder/inside"}; !slices.Equal(keys, want) {
		t.Errorf("%q", keys)
	}
}

// A prefix of which everything is hidden is no common prefix: what lists folders would find one
// that holds nothing.
func TestAPrefixOfWhatIsHiddenIsNotListed(t *testing.T) {
	t.Parallel()
	fed(t, func(t *testing.T, _ *s3test.Gateway, s *s3.Store) {
		for _, key := range []string{"set/1/a", "set/1/b/c", "set/2/a", "set/2/b", "set/3//a", "set/4//a"} {
			write(t, s, key, key)
		}
		for _, key := range []string{"set/1/a", "set/1/b/c", "set/2/b", "set/3//a"} {
			if _, err := s3.Hide(t.Context(), s, key); err != nil {
				t.Fatal(err)
			}
		}
		names, next, err := s3.Page(t.Context(), s, "set/", "/", "", 1000)
		if want := []string{"set/2/", "set/4/"}; err != nil || next != "" || !slices.Equal(names, want) {
			t.Errorf("%q, next %q, %v, want %q", names, next, err, want)
		}
	})
}
