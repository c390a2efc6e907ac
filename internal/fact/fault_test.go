package fact

import (
	"slices"
	"testing"
)

func TestFaultRegions(t *testing.T) {
	t.Parallel()
	for target, want := range map[string][]string{
		"us-east-1/a/postgres": {"us-east-1"}, "us-east-1/a": {"us-east-1"}, "us-east-1": {"us-east-1"},
		"us-east-1:us-west-2": {"us-east-1", "us-west-2"}, "us-east-1/server": {"us-east-1"},
	} {
		if got := FaultRegions(target); !slices.Equal(got, want) {
			t.Errorf("%s: %v", target, got)
		}
	}
}

func TestEveryFaultKindIsDescribed_7_5_1(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, k := range FaultKinds() {
		if k.Name == "" || k.Does == "" || k.Reach == "" || k.Sight == "" || seen[k.Name] {
			t.Errorf("%+v", k)
		}
		if seen[k.Name] = true; k.Engine != "" && k.Reach != ReachComponent {
			t.Errorf("%s hits an engine and reaches a %s", k.Name, k.Reach)
		}
	}
	if _, ok := FaultKindNamed("earthquake"); ok {
		t.Error("an unknown kind is found")
	}
}
