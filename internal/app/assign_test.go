package app

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/spec"
)

func layout(t *testing.T) Layout {
	t.Helper()
	p, err := spec.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	return Layout{Platform: p, Regions: []string{"us-east-1"}, Root: "/data"}
}

func TestAddressesAreRegionZoneHost(t *testing.T) {
	t.Parallel()
	l := layout(t)
	l.Listen = "127.0.0.1:9"
	for got, want := range map[string]string{
		l.Address("us-east-1", "b", Postgres):  "127.1.2.1:5432",
		l.Address("ap-northeast-1", "c", Etcd): "127.6.3.1:2379",
		l.EdgeAddress("us-east-1", Redis):      "127.1.0.1:6379",
		l.ServerAddresses("us-east-1")[0]:      "127.0.0.1:9",
		l.SeatIP(l.Seats()[0]):                 "127.1.0.2",
	} {
		if got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	l.NetNS = true
	if got := l.ServerAddresses("us-east-1")[0]; got != "10.1.0.2:9" {
		t.Errorf("with namespaces nodes reach the server at %s", got)
	}
	if n := len(layout(t).Ports()); n != 3*9+4+2+1 { // three zones of nine ports, the edge's four, our etcd's two, the object store's
		t.Errorf("%d ports", n)
	}
}

func TestAssignIsPureAndFences(t *testing.T) {
	t.Parallel()
	l, p := layout(t), Programs{PostgresBin: "/pg/bin", Patroni: "/patroni", Redis: "/redis-server"}
	s := Secrets{Superuser: "su'per", Redis: "r", GreenLang: "g"}
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
	if err != nil || fenced.Version == one.Version || len(fenced.Fenced) != 1 || fenced.Fenced[Postgres].Epoch != "e" {
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

// placed is where customers are served before anybody was moved.
func placed(t *testing.T, l Layout) availability.Placement {
	t.Helper()
	return availability.Place(l.Platform, l.Regions, nil, nil)
}

func TestDirectiveServesTheSpecAndCutsTheFenced(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	plain, err := Direct(layout(t), "us-east-1", placed(t, layout(t)), nil, nil, 7)
	if err != nil {
		t.Fatal(err)
	}
	if err := plain.Config.Validate(); err != nil {
		t.Fatal(err)
	}
	policy := plain.Config.HTTP[0].Policy
	if policy.BreakerFailures != 5 || policy.ProbeEvery != config.Duration(10*time.Second) { // rows 7.1.11, 7.1.10
		t.Errorf("policy %+v", policy)
	}
	d, err := Direct(layout(t), "us-east-1", placed(t, layout(t)),
		[]availability.Fence{{Component: "us-east-1/a/postgres", Reason: "it hangs"}, {Component: "us-east-1/a/redis"}},
		[]availability.Hold{{Cluster: "us-east-1/postgres", Until: until}, {Cluster: "eu-west-1/postgres", Until: until}}, 7)
	if err != nil || d.Version == plain.Version {
		t.Fatal(d.Version, err)
	}
	if len(d.Cuts) != 1 || d.Cuts[0] != (Cut{Service: Postgres, Member: "a", Reason: "fenced: it hangs"}) {
		t.Errorf("cuts %+v", d.Cuts)
	}
	if len(d.Holds) != 1 || d.Holds[0].Service != Postgres {
		t.Errorf("holds %+v", d.Holds)
	}
}

func TestSecretsAreMadeOnceCompletedAndClosed(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	first, err := EnsureSecrets(root)
	if err != nil {
		t.Fatal(err)
	}
	again, err := EnsureSecrets(root)
	if err != nil || !reflect.DeepEqual(again, first) {
		t.Fatalf("they changed: %v", err)
	}
	// An installation of an older version lacks one: it is added, and the others stay.
	file := filepath.Join(root, "secrets.json")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	older := strings.Replace(string(b), first.App, "", 1)
	if err := os.WriteFile(file, []byte(older), 0o600); err != nil {
		t.Fatal(err)
	}
	completed, err := EnsureSecrets(root)
	if err != nil || completed.App == "" || completed.Token != first.Token {
		t.Fatalf("%+v %v", completed, err)
	}
	for _, name := range []string{"secrets.json", "token"} {
		if info, err := os.Stat(filepath.Join(root, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
}
