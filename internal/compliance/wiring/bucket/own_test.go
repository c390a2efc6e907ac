package bucket

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/journal/archive"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/place/placetest"
	"github.com/greenlang/fournines/internal/spec"
)

func TestALazyBucketOpensOnceItCan(t *testing.T) {
	t.Parallel()
	l := placetest.Layout(t)
	l.Root = t.TempDir()
	x := NewLazy(l, place.Secrets{Objects: "s"})
	if _, err := x.Get(t.Context()); err == nil || !strings.Contains(err.Error(), "ca.pem") {
		t.Fatalf("before the store has made its certificate: %v", err)
	}
	if err := os.MkdirAll(l.ObjectsDir(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(l.ObjectsDir(), place.ObjectsCA), []byte("not a certificate"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := x.Get(t.Context()); err == nil || !strings.Contains(err.Error(), "no certificate") {
		t.Fatal(err)
	}
}

func TestTheArchiveIsWhereThePlatformSays(t *testing.T) {
	t.Parallel()
	l := placetest.Layout(t)
	if PlaceOf(l) != (archive.Place{Endpoint: "embedded", Bucket: "journal"}) {
		t.Fatalf("%v", PlaceOf(l))
	}
	p, err := spec.Parse("f", append(spec.BuiltInYAML(), "  archive: {endpoint: https://s3.example, bucket: b, prefix: p/, credentialsFile: /none}\n"...))
	if err != nil {
		t.Fatal(err)
	}
	l.Platform = p
	if got := PlaceOf(l); got != (archive.Place{Endpoint: "https://s3.example", Bucket: "b", Prefix: "p/"}) {
		t.Fatalf("%+v", got)
	}
	if _, err := OpenOwn(l, place.Secrets{}); err == nil || !strings.Contains(err.Error(), "/none") {
		t.Fatalf("without credentials: %v", err)
	}
}
