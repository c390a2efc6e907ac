package app

import (
	"slices"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/node"
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
		l := layout(t)
		l.Regions = strings.Split(c.regions, ",")
		l.Platform.Spec.Engines.Objects.ReplicateTo = c.to
		if got := strings.Join(l.ObjectRegions(), ","); got != c.want {
			t.Errorf("%s to %s: %q", c.regions, c.to, got)
		}
		for _, name := range l.ObjectRegions() {
			id := Cluster(name, Objects)
			units := upOf(l).units()
			i := slices.IndexFunc(units, func(u node.Unit) bool { return u.Name == id })
			if i < 0 || l.Ports()[l.BucketAddress(name)] != id || slices.ContainsFunc(units[i].Argv, func(a string) bool { return strings.Contains(a, "secret") }) {
				t.Errorf("%s: %v", id, units)
			}
			if l.ObjectPartner(name) == "" || l.ObjectPartner(name) == name {
				t.Errorf("the partner of %s is %q", name, l.ObjectPartner(name))
			}
		}
	}
}
