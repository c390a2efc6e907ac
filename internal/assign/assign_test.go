package assign

import (
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/place/placetest"
)

func TestAssignIsPureAndFences(t *testing.T) {
	t.Parallel()
	l, p := placetest.Layout(t), place.Programs{PostgresBin: "/pg/bin", Patroni: "/patroni", Redis: "/redis-server"}
	s := place.Secrets{Superuser: "su'per", Redis: "r", GreenLang: "g"}
	one, err := Assign(l, p, s, "us-east-1", "a", Desired{Primary: "us-east-1/b/postgres"})
	if err != nil {
		t.Fatal(err)
	}
	two, err := Assign(l, p, s, "us-east-1", "a", Desired{Primary: "us-east-1/b/postgres"})
	if err != nil || one.Version != two.Version || one.Version == "" {
		t.Fatalf("the same wishes give %q and %q (%v)", one.Version, two.Version, err)
	}
	if one.Watch.Primary.Address != "127.1.2.1:5432" || len(one.Watch.Control) != 2 {
		t.Fatalf("watch %+v", one.Watch)
	}
	fenced, err := Assign(l, p, s, "us-east-1", "a", Desired{Fences: []availability.Fence{
		{Component: "us-east-1/a/postgres", Epoch: "e"}, {Component: "us-east-1/b/postgres", Epoch: "other"},
	}})
	if err != nil || fenced.Version == one.Version || len(fenced.Fenced) != 1 || fenced.Fenced[place.Postgres].Epoch != "e" {
		t.Fatalf("%+v %v", fenced.Fenced, err)
	}
	for _, u := range one.Units {
		for _, arg := range u.Argv {
			if strings.Contains(arg, "su'per") {
				t.Errorf("%s has a secret in its arguments", u.Name)
			}
		}
	}
	nearest := "127.1.1.1:2379\n  - 127.1.2.1:2379\n  - 127.1.3.1:2379"
	if patroni := one.Units[1].Files[0].Content; !strings.Contains(patroni, nearest) {
		t.Errorf("Patroni does not ask its own zone's etcd first:\n%s", patroni)
	}
}

func TestEveryListenerIsListed(t *testing.T) {
	t.Parallel()
	if n := len(Ports(placetest.Layout(t))); n != 3*9+4+2+1 { // three zones of nine ports, the edge's four, our etcd's two, the object store's
		t.Errorf("%d ports", n)
	}
}
