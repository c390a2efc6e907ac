package wing_test

import (
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/place/placetest"
	"github.com/greenlang/fournines/internal/wing"
)

// A drill that could not run here says so at once, and what to do.
func TestWhatADrillLacksHere(t *testing.T) {
	t.Parallel()
	pair := placetest.Layout(t)
	pair.Regions = []string{"us-east-1", "us-west-2"}
	whole := pair
	whole.Servers, whole.NetNS, whole.ByRoot = 3, true, true
	lean := placetest.Layout(t)
	lean.Regions = place.RegionNames(lean.Platform)
	place.Lean(lean.Platform, lean.Regions)
	for _, c := range []struct {
		name   string
		l      place.Layout
		region string
		lacks  map[string]string
	}{
		{"everything", whole, "us-east-1", nil},
		{"a pair", pair, "us-east-1", map[string]string{"control-plane-loss": "up --servers 3", "zone-partition": "up --netns", "disk-full": "as root"}},
		{"one region", placetest.Layout(t), "us-east-1", map[string]string{"control-plane-loss": "up --servers 3", "zone-partition": "up --netns", "disk-full": "as root", "region-loss": "--regions", "region-move": "--regions", "objects-poisoned": "--regions", "partner-behind": "--regions", "mirror-poisoned": "--regions"}},
		{"a lean region", lean, "eu-west-1", map[string]string{
			"control-plane-loss": "--servers", "zone-partition": "--lean", "zone-loss": "--lean", "primary-loss": "--lean", "primary-hang": "--lean", "redis-loss": "--lean", "switchover": "--lean", "broker-loss": "kafka.brokers",
			"redis-empty": "--lean", "etcd-empty": "--lean", "member-broken": "--lean", "connections-exhausted": "--lean", "disk-full": "--lean", "mirror-poisoned": "kafka.brokers", "kafka-empty": "kafka.brokers",
		}},
	} {
		for _, d := range availability.Drills() {
			why := d.Lacks(wing.DrillHere(c.l, c.region))
			if want := c.lacks[d.Name]; (why == "") != (want == "") || !strings.Contains(why, want) {
				t.Errorf("%s: %s lacks %q, want %q", c.name, d.Name, why, want)
			}
		}
	}
	if (drill.Drill{}).Lacks(drill.Here{}) != "" {
		t.Error("a drill that needs nothing lacks something")
	}
}
