package e2e

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/api"
	availabilitydoor "github.com/greenlang/fournines/internal/availability/door"
	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest"
)

// mirrors returns both directions between the regions.
func mirrors(t *testing.T, p *platformtest.Platform) []availabilitydoor.Mirror {
	t.Helper()
	var l struct{ Items []availabilitydoor.Mirror }
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	if err := p.Client.Call(ctx, http.MethodGet, "/v1/kafka/mirrors", "", nil, &l); err != nil {
		t.Fatal(err)
	}
	if len(l.Items) != 2 || l.Items[0].From != platformtest.Region || l.Items[1].From != partner {
		t.Fatalf("mirrors %+v", l.Items)
	}
	return l.Items
}

// mirrorIsKilled kills the mirror with SIGKILL: what it had not copied comes later, and
// nothing is lost in either direction.
func mirrorIsKilled(t *testing.T, p *platformtest.Platform) {
	unit := partner + "/a/" + place.Mirror
	old := main(t, p, unit)
	before := mirrors(t, p)
	kill(t, p, unit)
	p.Await("the mirror does not come back", func(api.Status) string {
		if now, ok := process.Adopt(filepath.Join(p.Root, unit) + ".pid"); !ok || now == old {
			return "no new process yet"
		}
		for i, m := range mirrors(t, p) {
			if m.Gaps > 0 {
				t.Fatalf("%s → %s has lost %d records", m.From, m.To, m.Gaps)
			}
			if m.Health != api.Healthy || m.Received < before[i].Sent+20 {
				return fmt.Sprintf("%+v", m)
			}
		}
		return ""
	})
	for _, m := range mirrors(t, p) {
		t.Logf("%s → %s: %d sent, %d received, %d gaps, %d duplicates, lag %.3f s", m.From, m.To, m.Sent, m.Received, m.Gaps, m.Duplicates, m.LagSeconds)
	}
}

// brokersAreRestarted restarts all three, and each is another process afterwards; a region
// with a single broker is refused.
func brokersAreRestarted(t *testing.T, p *platformtest.Platform) {
	before := map[string]process.Process{}
	for _, z := range []string{"a", "b", "c"} {
		before[z] = main(t, p, platformtest.Region+"/"+z+"/"+place.Kafka)
	}
	out := run(t, p, "kafka", "restart", platformtest.Region, "--reason", "test", "--yes", "-o", "json")
	var o api.Operation
	if err := json.Unmarshal([]byte(out), &o); err != nil || o.State != "succeeded" || len(o.Steps) != 9 {
		t.Errorf("%v: %s", err, out)
	}
	for z, old := range before {
		if now := main(t, p, platformtest.Region+"/"+z+"/"+place.Kafka); now == old {
			t.Errorf("the broker in zone %s was not restarted", z)
		}
	}
	if out, code := p.Run("kafka", "restart", partner, "--reason", "test", "--yes"); code != 4 {
		t.Errorf("a single broker: exit %d: %s", code, out)
	}
}
