package archive_test

import (
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal/archive"
)

type both interface {
	archive.Store
	archive.Reader
}

// The store that the tests keep in memory answers as a real one does.
func TestStoresConform(t *testing.T) {
	t.Parallel()
	for name, open := range map[string]func(t *testing.T) both{
		"memory":  func(*testing.T) both { return newMemory() },
		"gateway": func(t *testing.T) both { return newReal(t, nil) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			conform(t, open(t))
		})
	}
}

func conform(t *testing.T, s both) {
	t.Helper()
	until := time.Now().Add(time.Hour).UTC().Truncate(time.Second)
	put := func(key, body string, until time.Time) (archive.Object, error) {
		return s.Put(t.Context(), key, strings.NewReader(body), until)
	}
	first, err := put("part/b", "one", until)
	if err != nil || first.Key != "part/b" || first.Size != 3 || first.SHA256 != "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed" || first.Mode != archive.Compliance || !first.RetainUntil.Equal(until) {
		t.Fatalf("%+v %v", first, err)
	}
	if again, err := put("part/b", "one", until); err != nil || again != first {
		t.Fatalf("again: %+v %v, was %+v", again, err, first)
	}
	if longer, err := put("part/b", "one", until.Add(time.Hour)); err != nil || longer.Version != first.Version || !longer.RetainUntil.Equal(until.Add(time.Hour)) {
		t.Fatalf("for longer: %+v %v", longer, err)
	}
	if _, err := put("part/b", "two", until); !errors.Is(err, archive.ErrConflict) {
		t.Fatalf("another content: %v", err)
	}
	for _, key := range []string{"part/a", "tile/0/000.p/7", "other/c"} {
		if _, err := put(key, key, until); err != nil {
			t.Fatal(err)
		}
	}
	var keys []string
	for o, err := range s.List(t.Context(), "part/") {
		if err != nil || o.Covered || o.Version == "" {
			t.Fatalf("%+v %v", o, err)
		}
		keys = append(keys, o.Key)
	}
	if strings.Join(keys, " ") != "part/a part/b" {
		t.Fatalf("listed %v", keys)
	}
	o, body, err := s.Open(t.Context(), "part/b", first.Version)
	if err != nil || o.Mode != archive.Compliance || !o.RetainUntil.Equal(until.Add(time.Hour)) {
		t.Fatalf("%+v %v", o, err)
	}
	b, err := io.ReadAll(body)
	if err := errors.Join(err, body.Close()); err != nil || string(b) != "one" {
		t.Fatalf("%q %v", b, err)
	}
	if _, _, err := s.Open(t.Context(), "part/none", ""); !errors.Is(err, archive.ErrGone) {
		t.Fatalf("what is not there: %v", err)
	}
}
