package app

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/control"
)

// findings derives what needs a person, the most severe first.
func findings(s api.Status, operations []control.Operation, others []api.Finding, now time.Time) []api.Finding {
	out := append([]api.Finding{}, others...)
	for _, r := range s.Regions {
		for _, ready := range r.Readiness {
			if !ready.Ready && !ready.Alone && r.Running {
				out = append(out, notReady(ready))
			}
		}
		for _, c := range r.Components {
			if c.Health == api.Missing || c.Health == api.Degraded {
				out = append(out, api.Finding{
					Code: c.Kind + "-" + string(c.Health), Severity: "warning", Title: c.ID + " is " + string(c.Health),
					Text: c.Detail, Subject: c.ID, Since: c.Since, Command: "fournines status -o wide",
				})
			}
		}
	}
	for _, o := range operations {
		if f, ok := unsettled(o, now); ok {
			out = append(out, f)
		}
	}
	if s.Availability.RemainingRatio < 0.5 {
		out = append(out, api.Finding{
			Code: "error-budget", Severity: "warning", Title: "half of the year's error budget is spent", Since: s.Availability.Since,
			Text:    fmt.Sprintf("%.0f s of %.0f s are spent. Stop what is risky until you know why.", s.Availability.SpentSeconds, s.Availability.BudgetSeconds),
			Command: "fournines journal list --kind edge.counted",
		})
	}
	rank := map[string]int{"critical": 0, "warning": 1, "notice": 2}
	slices.SortStableFunc(out, func(a, b api.Finding) int { return rank[a.Severity] - rank[b.Severity] })
	return out
}

func notReady(r api.Readiness) api.Finding {
	f := api.Finding{
		Code: "not-ready", Severity: "warning", Subject: r.Cluster, Since: r.At, Command: "fournines readiness",
		Title: r.Cluster + " could not fail over now", Text: strings.Join(r.Reasons, "; "),
	}
	if r.Leader == "" {
		f.Severity, f.Title = "critical", r.Cluster+" has no leader"
	}
	return f
}

// unsettled finds operations that wait for a person, or failed lately.
func unsettled(o control.Operation, now time.Time) (api.Finding, bool) {
	switch {
	case o.State == control.Waiting:
		return api.Finding{
			Code: "approval", Severity: "critical", Title: o.Kind + " on " + o.Subject + " waits for approval", Text: o.Reason,
			Subject: o.Key, Since: o.Begun, Command: "fournines approve " + o.Key + " --reason …",
		}, true
	case (o.State == control.Failed || o.State == control.RolledBack) && now.Sub(o.Ended) < 15*time.Minute:
		return api.Finding{
			Code: "operation-failed", Severity: "warning", Title: o.Kind + " on " + o.Subject + " is " + o.State, Text: o.Error,
			Subject: o.Key, Since: o.Ended, Command: "fournines operations show " + o.Key,
		}, true
	}
	return api.Finding{}, false
}
