package up

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/spec"
)

func leanLayout(t *testing.T, regions ...string) place.Layout {
	t.Helper()
	p, err := spec.Parse("built-in", spec.BuiltInYAML())
	if err != nil {
		t.Fatal(err)
	}
	place.Lean(p, regions)
	return place.Layout{Platform: p, Regions: regions, Root: t.TempDir()}
}

func TestLeanLeavesTheFirstPairWhole_7_1_1(t *testing.T) {
	t.Parallel()
	p, err := spec.Parse("built-in", spec.BuiltInYAML())
	if err != nil {
		t.Fatal(err)
	}
	l := leanLayout(t, place.RegionNames(p)...)
	for _, name := range l.Regions {
		want := 1
		if name == "us-east-1" || name == "us-west-2" {
			want = 3
		}
		r, _ := l.Platform.Region(name)
		if len(r.Zones) != want || l.Alone(name) != (want == 1) {
			t.Errorf("%s has zones %v", name, r.Zones)
		}
		policy := l.Redis(name)
		if policy.Quorum > len(r.Zones) || policy.MinReplicasToWrite >= len(r.Zones) {
			t.Errorf("Redis of %s could never write or fail over: %+v", name, policy)
		}
		for _, z := range r.Zones {
			if _, err := assign.Assign(l, place.Programs{}, place.Secrets{}, name, z, assign.Desired{Serves: true}); err != nil {
				t.Error(err)
			}
		}
	}
}

func TestARegionKeepsItsShape(t *testing.T) {
	t.Parallel()
	l := leanLayout(t, "us-east-1", "us-west-2", "eu-west-1")
	if err := checkShape(l.Root, l); err != nil {
		t.Fatalf("nothing is laid out yet: %v", err)
	}
	for _, z := range []string{"a", "b", "c"} {
		if err := os.MkdirAll(filepath.Join(l.Root, "eu-west-1", z, place.Etcd), 0o755); err != nil {
			t.Fatal(err)
		}
	}
	if err := checkShape(l.Root, l); err == nil || !strings.Contains(err.Error(), "eu-west-1 was laid out with 3 zones") {
		t.Error(err)
	}
}
