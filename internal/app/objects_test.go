package app

import (
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/archive"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/place/placetest"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/state"
)

func TestRetentionAndLimitsComeFromThePlatform(t *testing.T) {
	t.Parallel()
	l := placetest.Layout(t)
	if a := newArchiving(l, place.Secrets{}); a.retention != spec.SevenYears.D() || a.limits.Age != embeddedWithin || a.limits.Entries != archive.Standard.Entries {
		t.Fatalf("%+v", a)
	}
	year := 7 * 365 * 24 * time.Hour
	if spec.SevenYears.D() < year {
		t.Fatal("seven years are longer")
	}
	p, err := spec.Parse("f", append(spec.BuiltInYAML(), "  archive: {retention: 30d, within: 5m}\n"...))
	if err != nil {
		t.Fatal(err)
	}
	l.Platform = p
	if a := newArchiving(l, place.Secrets{}); a.retention != 30*24*time.Hour || a.limits.Age != 5*time.Minute {
		t.Fatalf("%+v", a)
	}
}

// Each place has a document of its own, and other entries change none.
func TestEachPlaceIsFoldedOnItsOwn(t *testing.T) {
	t.Parallel()
	docs := state.NewDocs()
	one, two := archive.Place{Endpoint: "https://a", Bucket: "x"}, archive.Place{Endpoint: "https://b", Bucket: "x"}
	fold := func(index uint64, kind string, data any) {
		t.Helper()
		b, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		if err := foldArchive(docs, journal.Record{Entry: journal.Entry{Index: index, Kind: kind, Data: b}}); err != nil {
			t.Fatal(err)
		}
	}
	begun := archive.Begun{Place: one, First: 0, Next: 300}
	fold(1, "archive.begun", begun)
	fold(2, "archive.begun", archive.Begun{Place: two, First: 0, Next: 100})
	fold(3, "archive.stored", archive.Stored{Begun: begun, Tiles: 5})
	fold(4, "archive.stored", archive.Stored{Begun: begun, Tiles: 5}) // an old one again
	fold(5, "edge.counted", map[string]int{"place": 1})
	fold(6, "archive.failed", archive.Failed{Place: two, Kind: "conflict"})
	get := func(p archive.Place) (s archive.Status) {
		t.Helper()
		if found, err := docs.Get(archive.DocPrefix+p.String(), &s); err != nil || !found {
			t.Fatal(found, err)
		}
		return s
	}
	if s := get(one); s.Next != 300 || s.Pending != nil || s.Parts != 1 || s.Objects != 8 || s.LastIn != 3 || s.Failed != nil {
		t.Errorf("%+v", s)
	}
	if s := get(two); s.Next != 0 || s.Pending == nil || s.Pending.Next != 100 || s.Failed == nil || s.FailedIn != 6 {
		t.Errorf("%+v", s)
	}
}

func TestALazyBucketOpensOnceItCan(t *testing.T) {
	t.Parallel()
	l := placetest.Layout(t)
	l.Root = t.TempDir()
	x := newArchiving(l, place.Secrets{Objects: "s"})
	if _, err := x.bucket.get(t.Context()); err == nil || !strings.Contains(err.Error(), "ca.pem") {
		t.Fatalf("before the store has made its certificate: %v", err)
	}
	if err := os.MkdirAll(l.ObjectsDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(l.ObjectsDir(), place.ObjectsCA), []byte("not a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := x.bucket.get(t.Context()); err == nil || !strings.Contains(err.Error(), "no certificate") {
		t.Fatal(err)
	}
}

func TestTheArchiveIsWhereThePlatformSays(t *testing.T) {
	t.Parallel()
	l := placetest.Layout(t)
	if ArchivePlace(l) != (archive.Place{Endpoint: "embedded", Bucket: "journal"}) {
		t.Fatalf("%v", ArchivePlace(l))
	}
	p, err := spec.Parse("f", append(spec.BuiltInYAML(), "  archive: {endpoint: https://s3.example, bucket: b, prefix: p/, credentialsFile: /none}\n"...))
	if err != nil {
		t.Fatal(err)
	}
	l.Platform = p
	if got := ArchivePlace(l); got != (archive.Place{Endpoint: "https://s3.example", Bucket: "b", Prefix: "p/"}) {
		t.Fatalf("%+v", got)
	}
	if _, err := OpenBucket(l, place.Secrets{}); err == nil || !strings.Contains(err.Error(), "/none") {
		t.Fatalf("without credentials: %v", err)
	}
}
