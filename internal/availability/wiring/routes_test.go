package wiring

import (
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/availability/door"
	"github.com/greenlang/fournines/internal/state/statetest"
	"github.com/greenlang/fournines/internal/wing"
)

// On always takes off back, also of a region in which nothing takes requests. Until then the
// switch is a finding, with its time and its person, and every plan to move customers there
// names it.
func TestOnTakesOffBack_7_1_2(t *testing.T) {
	t.Parallel()
	w, stop := opened(t, statetest.Shelf{}, t.TempDir())
	defer stop()
	w.house.Layout.Regions = []string{"us-east-1", "us-west-2"}
	w.house.Looking = time.Now().Add(-time.Hour)
	for _, name := range w.house.Layout.Regions {
		r, _ := w.house.Layout.Platform.Region(name)
		w.regions[name] = &region{layout: w.house.Layout, facts: w.house.Facts, spec: r}
	}
	ctx := wing.WithActor(t.Context(), "ada")
	off := func() (found []wing.Finding, why, plan string) {
		t.Helper()
		all, err := w.findings(time.Now())
		if err != nil {
			t.Fatal(err)
		}
		for _, f := range all {
			if f.Code == "route-off" {
				found = append(found, f)
			}
		}
		routes, err := w.Routes(ctx)
		if err != nil {
			t.Fatal(err)
		}
		p, err := w.PlanHome(ctx, false, door.MoveRequest{Region: "us-east-1"})
		if err != nil {
			t.Fatal(err)
		}
		return found, routes[1].Why, p.WhyNot()
	}
	const says = "its routing switch is off since "
	if found, why, plan := off(); len(found) > 0 || strings.Contains(why, says) || strings.Contains(plan, says) {
		t.Errorf("before: %v %q %q", found, why, plan)
	}
	if err := w.Route(ctx, "us-west-2", false, "maintenance"); err != nil {
		t.Fatal(err)
	}
	found, why, plan := off()
	if len(found) != 1 || found[0].Severity != "warning" || found[0].Since.IsZero() || !strings.Contains(found[0].Text, ", by ada (maintenance)") || len(found[0].Entries) != 1 {
		t.Errorf("off: %+v", found)
	}
	for _, text := range []string{why, plan} {
		if !strings.Contains(text, says) || !strings.Contains(text, ", by ada (maintenance)") {
			t.Errorf("off: %q", text)
		}
	}
	if err := w.Route(ctx, "us-west-2", true, "it is over"); err != nil {
		t.Errorf("on does not take off back: %v", err)
	}
	if found, why, plan := off(); len(found) > 0 || strings.Contains(why, says) || strings.Contains(plan, says) {
		t.Errorf("on again: %v %q %q", found, why, plan)
	}
}
