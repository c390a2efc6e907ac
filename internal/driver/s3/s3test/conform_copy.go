package s3test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/fact"
)

var origin = fact.Origin{Region: "elsewhere", Version: "v/1", Time: fact.Clock{Wall: 1_700_000_000_000, Count: 3}}

// known returns a key's history with its origins.
func (s suite) known(t testing.TB, key string) fact.ObjectHistory {
	t.Helper()
	h, err := s.store.History(s.ctx, key)
	for i := range h.Versions {
		if err == nil {
			h.Versions[i], err = s.store.Origin(s.ctx, key, h.Versions[i])
		}
	}
	if err != nil {
		t.Fatal(err)
	}
	return h
}

func words(h fact.ObjectHistory) string {
	out := []string{}
	for _, v := range h.Versions {
		w := fmt.Sprint(v.Size)
		if v.Marker {
			w = "marker"
		}
		if v.Tombstone {
			w = "tombstone"
		}
		if v.Origin != (fact.Origin{}) {
			w += " of " + v.Origin.String()
		}
		out = append(out, w)
	}
	return strings.Join(out, ", ")
}

func (s suite) wantHistory(t testing.TB, key, want string) fact.ObjectHistory {
	t.Helper()
	h := s.known(t, key)
	if got := words(h); got != want {
		t.Fatalf("the history of %s is %q, want %q", key, got, want)
	}
	return h
}

func history(t *testing.T, s suite) {
	s.wantHistory(t, "h/none", "")
	s.put(t, "h/a-longer", Bytes(9), s3.PutOptions{})
	for n := 1; n <= 3; n++ { // within one millisecond, or not
		s.put(t, "h/a", Bytes(n), s3.PutOptions{Headers: s3.Headers{ContentType: "text/x", CacheControl: "no-store"}, Metadata: map[string]string{"who": "me"}})
	}
	h := s.wantHistory(t, "h/a", "1, 2, 3")
	over, err := s.store.CopyFrom(s.ctx, s.store, "h/a", h.Versions[0].ID, origin, s3.OverLatest(h))
	if err != nil {
		t.Fatal(err)
	}
	s.wantHistory(t, "h/a", "1, 2, 3, 1 of "+origin.String())
	i, err := s.store.Head(s.ctx, "h/a", "")
	if err != nil || i.ETag != over.ETag || i.ContentType != "text/x" || i.CacheControl != "no-store" || i.Metadata["who"] != "me" {
		t.Fatalf("%+v, %v", i, err)
	}
	if err := s.store.Mark(s.ctx, "h/a", s3.Over{}); err != nil {
		t.Fatal(err)
	}
	s.put(t, "h/a", Bytes(5), s3.PutOptions{})
	want := "1, 2, 3, 1 of " + origin.String() + ", marker, 5"
	s.wantHistory(t, "h/a", want)
	var keys []string
	for all, err := range s.store.Histories(s.ctx, "h/") {
		if err != nil {
			t.Fatal(err)
		}
		if keys = append(keys, all.Key); all.Key == "h/a" && len(all.Versions) != 6 {
			t.Fatalf("%+v", all)
		}
	}
	if got := strings.Join(keys, " "); got != "h/a h/a-longer" {
		t.Fatalf("keys %q", got)
	}
}

func copyOver(t *testing.T, s suite) {
	one := s.put(t, "o/a", Bytes(1), s3.PutOptions{})
	seen := s.known(t, "o/a")
	s.put(t, "o/a", Bytes(2), s3.PutOptions{})
	_, err := s.store.CopyFrom(s.ctx, s.store, "o/a", one.Version, origin, s3.OverLatest(seen))
	wantKind(t, err, s3.ErrExists)
	_, err = s.store.CopyFrom(s.ctx, s.store, "o/a", one.Version, origin, s3.Over{})
	wantKind(t, err, s3.ErrExists)
	s.wantHistory(t, "o/a", "1, 2")
}

func bury(t *testing.T, s suite) {
	s.put(t, "b/a", Bytes(1), s3.PutOptions{})
	seen := s.known(t, "b/a")
	tomb, err := s.store.Bury(s.ctx, "b/a", origin, s3.OverLatest(seen))
	if err == nil {
		err = s.store.Mark(s.ctx, "b/a", tomb)
	}
	if err != nil {
		t.Fatal(err)
	}
	_, err = s.store.Head(s.ctx, "b/a", "")
	wantKind(t, err, s3.ErrNotFound)
	h := s.wantHistory(t, "b/a", "1, tombstone of "+origin.String()+", marker")
	if got := s3.OverLatest(h); got != (s3.Over{}) {
		t.Fatalf("over a marker: %+v", got)
	}
	s.put(t, "b/a", Bytes(4), s3.PutOptions{IfAbsent: true})
	wantKind(t, s.store.Mark(s.ctx, "b/a", s3.Over{ETag: h.Versions[1].ETag}), s3.ErrExists)
	s.wantHistory(t, "b/a", "1, tombstone of "+origin.String()+", marker, 4")
}
