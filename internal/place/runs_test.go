package place_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/place/placetest"
	"github.com/greenlang/fournines/internal/spec"
)

func TestWhatRunsHere(t *testing.T) {
	t.Parallel()
	l := placetest.Layout(t)
	region, zone := l.Regions[0], l.Zones()[0]
	if at, err := l.RunsZone(zone); err != nil || at.String() != zone {
		t.Errorf("%s: %v %v", zone, at, err)
	}
	if err := l.RunsRegion(region); err != nil {
		t.Error(err)
	}
	for _, bad := range []string{"", "mars", "mars/a", region + "/z", region, zone + "/postgres", "/", "../" + zone} {
		_, err := l.RunsZone(bad)
		if none, ok := errors.AsType[*spec.NoneOfError](err); !ok || !strings.Contains(none.Error(), zone) {
			t.Errorf("zone %q: %v", bad, err)
		}
	}
	for _, bad := range []string{"", "mars", zone, ".."} {
		err := l.RunsRegion(bad)
		if none, ok := errors.AsType[*spec.NoneOfError](err); !ok || !strings.Contains(none.Error(), region) {
			t.Errorf("region %q: %v", bad, err)
		}
	}
	if _, err := l.Seat("mars"); err == nil || !strings.Contains(err.Error(), `server "mars" does not exist; there are: `) {
		t.Error(err)
	}
}
