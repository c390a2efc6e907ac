package assign

import (
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/place/placetest"
)

// Placed is where customers are served before anybody was moved.
func Placed(t *testing.T, l place.Layout) availability.Placement {
	t.Helper()
	return availability.Place(l.Platform, l.Regions, nil, nil)
}

func TestDirectiveServesTheSpecAndCutsTheFenced(t *testing.T) {
	t.Parallel()
	until := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	plain, err := Direct(placetest.Layout(t), "us-east-1", Placed(t, placetest.Layout(t)), nil, nil, 7)
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
	d, err := Direct(placetest.Layout(t), "us-east-1", Placed(t, placetest.Layout(t)),
		[]availability.Fence{{Component: "us-east-1/a/postgres", Reason: "it hangs"}, {Component: "us-east-1/a/redis"}},
		[]availability.Hold{{Cluster: "us-east-1/postgres", Until: until.Add(-time.Second)}, {Cluster: "us-east-1/postgres", Until: until}, {Cluster: "us-east-1/postgres", Until: until.Add(-time.Minute)}, {Cluster: "eu-west-1/postgres", Until: until}}, 7)
	if err != nil || d.Version == plain.Version {
		t.Fatal(d.Version, err)
	}
	if len(d.Cuts) != 1 || d.Cuts[0] != (Cut{Service: place.Postgres, Member: "a", Reason: "fenced: it hangs"}) {
		t.Errorf("cuts %+v", d.Cuts)
	}
	if len(d.Holds) != 1 || d.Holds[0] != (HoldOrder{place.Postgres, until}) { // the longest of those of one service
		t.Errorf("holds %+v", d.Holds)
	}
}
