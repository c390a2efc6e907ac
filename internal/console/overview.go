package console

import (
	"context"
	"fmt"
	"slices"

	"github.com/greenlang/fournines/internal/api"
)

// overviewSheet is the platform on one page.
type overviewSheet struct {
	Verdict    string
	World      world
	Traffic    traffic
	Running    int             // regions that run here
	Components int             // in those regions
	InSync     int             // of them
	Healthy    int             // of them
	Trouble    []api.Component // out of sync or not healthy, worst first
	SpentShare float64         // of the year's budget, 0 to 1, for the bar
}

func (p platformPages) overview(_ context.Context, a Ask) (Sheet, error) {
	o := overviewSheet{World: drawWorld(a.Status.Regions, a.Status.Pairs), Traffic: drawTraffic(a.Status.Availability.PerMinute)}
	for _, r := range a.Status.Regions {
		if !r.Running {
			continue
		}
		o.Running++
		o.Components += len(r.Components)
		o.InSync += inSync(r.Components)
		o.Healthy += healthy(r.Components)
		o.Trouble = append(o.Trouble, troubled(r.Components)...)
	}
	slices.SortStableFunc(o.Trouble, func(x, y api.Component) int { return badness(y.Health) - badness(x.Health) })
	if left := a.Status.Availability.RemainingRatio; left != nil {
		o.SpentShare = min(1, max(0, 1-*left))
	}
	o.Verdict = verdict(a.Status, o)
	return Sheet{Title: "Overview", Data: o}, nil
}

// troubled are the components that are not both in sync and healthy.
func troubled(list []api.Component) []api.Component {
	var out []api.Component
	for _, c := range list {
		if c.Sync != api.InSync || c.Health != api.Healthy {
			out = append(out, c)
		}
	}
	return out
}

// verdict is the page in one sentence.
func verdict(s api.Status, o overviewSheet) string {
	return fmt.Sprintf("%d of %d declared regions run here. %s out of sync, %s not healthy, %s for you.",
		o.Running, len(s.Regions), Sentence(Many(o.Components-o.InSync, "component", "components")),
		Many(o.Components-o.Healthy, "component", "components"), Many(len(s.Findings), "finding", "findings"))
}
