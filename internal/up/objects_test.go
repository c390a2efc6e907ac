package up

import (
	"slices"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/driver/s3/gateway"
	"github.com/greenlang/fournines/internal/node"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/place/placetest"
	"github.com/greenlang/fournines/internal/spec"
)

func TestStoresRunWhereAPartnerDoes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		regions string
		to      string
		want    string
	}{
		{"us-east-1", "pair", ""},
		{"us-east-1,us-west-2", "pair", "us-east-1,us-west-2"},
		{"us-east-1,us-west-2", "none", ""},
		{"us-east-1,eu-west-1", "pair", ""},
		{"us-east-1,us-west-2,eu-west-1", "pair", "us-east-1,us-west-2"},
	} {
		l := placetest.Layout(t)
		l.Regions = strings.Split(c.regions, ",")
		l.Platform.Spec.Engines.Objects.ReplicateTo = c.to
		if got := strings.Join(l.ObjectRegions(), ","); got != c.want {
			t.Errorf("%s to %s: %q", c.regions, c.to, got)
		}
		for _, name := range l.ObjectRegions() {
			id := place.Cluster(name, place.Objects)
			units := upOf(l).units()
			i := slices.IndexFunc(units, func(u node.Unit) bool { return u.Name == id })
			if i < 0 || assign.Ports(l)[l.BucketAddress(name)] != id || slices.ContainsFunc(units[i].Argv, func(a string) bool { return strings.Contains(a, "secret") }) {
				t.Errorf("%s: %v", id, units)
			}
			if l.ObjectPartner(name) == "" || l.ObjectPartner(name) == name {
				t.Errorf("the partner of %s is %q", name, l.ObjectPartner(name))
			}
		}
	}
}

func upOf(l place.Layout) *Up {
	return &Up{Installation: place.Installation{Regions: l.Regions, Listen: place.ConsoleURL}, Layout: l, Secrets: place.Secrets{Objects: "top-secret"}}
}

func TestTheObjectStoreRunsOnlyWhereNoBucketIsNamed(t *testing.T) {
	t.Parallel()
	l := placetest.Layout(t)
	units := upOf(l).units()
	if units[0].Name != place.Objects || units[1].Name != place.Server {
		t.Fatalf("the object store comes before the server: %s, %s", units[0].Name, units[1].Name)
	}
	if slices.ContainsFunc(units[0].Argv, func(a string) bool { return strings.Contains(a, "top-secret") }) {
		t.Fatal("a secret in the arguments")
	}
	if assign.Ports(l)["127.1.0.3:9000"] != place.Objects {
		t.Fatalf("%v", assign.Ports(l))
	}
	if place.ObjectsCA != gateway.AuthorityFile {
		t.Fatalf("clients look for %s, the store makes %s", place.ObjectsCA, gateway.AuthorityFile)
	}
	p, err := spec.Parse("f", append(spec.BuiltInYAML(), "  archive: {endpoint: https://s3.example, bucket: b, prefix: p/, credentialsFile: /none}\n"...))
	if err != nil {
		t.Fatal(err)
	}
	l.Platform = p
	if slices.ContainsFunc(upOf(l).units(), func(u node.Unit) bool { return u.Name == place.Objects }) || assign.Ports(l)["127.1.0.3:9000"] != "" {
		t.Fatal("a bucket is named, and the embedded store would run")
	}
}
