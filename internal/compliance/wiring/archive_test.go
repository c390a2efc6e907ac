package wiring

import (
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal/archive"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/place/placetest"
	"github.com/greenlang/fournines/internal/spec"
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
