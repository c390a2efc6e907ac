package up

import (
	"errors"
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
	if err := checkShape(l.Root, l); err == nil || !strings.Contains(err.Error(), "region eu-west-1 has the zones a,b,c, and now has a:") {
		t.Error(err)
	}
}

// What a data directory was laid out in is held against what is asked for, before anything is
// started; nothing of it is lost on the way.
func TestAnotherShapeIsRefusedAtOnce(t *testing.T) {
	t.Parallel()
	renumbered := strings.NewReplacer("number: 1,", "number: 2,", "number: 2,", "number: 1,").Replace(string(spec.BuiltInYAML()))
	for _, c := range []struct {
		name   string
		before place.Installation
		change func(*place.Layout)
		begun  bool   // zones have begun
		want   string // a part; empty: it is brought up
	}{
		{"as before", place.Installation{}, func(*place.Layout) {}, true, ""},
		{"with namespaces", place.Installation{}, func(l *place.Layout) { l.NetNS = true }, true, "its zones share one network, and now have networks of their own: leave --netns out"},
		{"with namespaces, before anything has begun", place.Installation{}, func(l *place.Layout) { l.NetNS = true }, false, ""},
		{"without namespaces", place.Installation{NetNS: true}, func(l *place.Layout) { l.NetNS = false }, true, "add --netns"},
		{"lean", place.Installation{}, func(l *place.Layout) {
			for i := range l.Platform.Spec.Regions {
				l.Platform.Spec.Regions[i].Zones = l.Platform.Spec.Regions[i].Zones[:1]
			}
		}, true, "region us-east-1 has the zones a,b,c, and now has a"},
		{"another platform file", place.Installation{}, func(l *place.Layout) {
			p, err := spec.Parse("renumbered", []byte(renumbered))
			if err != nil {
				panic(err)
			}
			l.Platform = p
		}, true, "zone us-east-1/a is at 127.1.1.1, and now is at 127.2.1.1"},
		{"one region more", place.Installation{}, func(l *place.Layout) { l.Regions = append(l.Regions, "eu-west-1") }, true, ""},
		{"one region less", place.Installation{}, func(l *place.Layout) { l.Regions = l.Regions[:1] }, true, ""},
		{"servers elsewhere", place.Installation{Servers: 3}, func(l *place.Layout) {
			l.Servers, l.Regions = 3, []string{"us-east-1", "us-west-2", "eu-west-1", "eu-central-1", "ap-southeast-1"}
		}, true, "its servers are server at 127.1.0.2, us-east-1/server"},
		{"more servers", place.Installation{Servers: 1}, func(l *place.Layout) { l.Servers = 3 }, true, ""},
	} {
		root := t.TempDir()
		c.before.Regions, c.before.Listen = []string{"us-east-1", "us-west-2"}, place.ConsoleURL
		if err := place.SaveInstallation(root, c.before, spec.BuiltInYAML()); err != nil {
			t.Fatal(err)
		}
		_, l, err := place.LoadInstallation(root)
		if err != nil {
			t.Fatal(err)
		}
		if c.begun {
			for _, z := range []string{"a", "b", "c"} {
				if err := os.MkdirAll(filepath.Join(root, "us-east-1", z, place.Etcd), 0o755); err != nil {
					t.Fatal(err)
				}
			}
			if err := os.WriteFile(filepath.Join(root, place.FoundedFile), nil, 0o600); err != nil {
				t.Fatal(err)
			}
		}
		c.change(&l)
		err = checkShape(root, l)
		if c.want == "" {
			if err != nil {
				t.Errorf("%s: %v", c.name, err)
			}
			continue
		}
		if shape, ok := errors.AsType[*ShapeError](err); !ok || !strings.Contains(err.Error(), c.want) || shape.Root != root {
			t.Errorf("%s: %v, want %q", c.name, err, c.want)
		}
	}
}
