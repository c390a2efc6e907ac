package app

import (
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/chaos"
	"github.com/greenlang/fournines/internal/driver/fault"
	"github.com/greenlang/fournines/internal/place/placetest"
)

// A region that is cut off from all others is cut off from the server outside too, and two
// regions that are cut apart both keep it.
func TestCutsOfTheServerOutside(t *testing.T) {
	t.Parallel()
	l := placetest.Layout(t)
	l.Regions, l.Servers, l.Listen = []string{"us-east-1", "us-west-2"}, 3, "127.0.0.1:9"
	for _, c := range []struct{ kind, target, want string }{
		{fault.RegionPartition, "us-west-2", "us-west-2>us-east-1 us-east-1>us-west-2 us-west-2>outside outside>us-west-2"},
		{fault.RegionPartitionOut, "us-west-2", "us-west-2>us-east-1 us-west-2>outside"},
		{fault.RegionPartition, "us-west-2:us-east-1", "us-west-2>us-east-1 us-east-1>us-west-2"},
	} {
		got, err := ServerOf(l).cutWays(chaos.Fault{Kind: c.kind, Target: c.target})
		if err != nil || strings.Join(got, " ") != c.want {
			t.Errorf("%s %s cuts %v, %v; want %s", c.kind, c.target, got, err, c.want)
		}
	}
}
