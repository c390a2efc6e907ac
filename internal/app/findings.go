package app

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/alerts"
	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/evidence"
)

// findings derives what needs a person, the most severe first.
func findings(s api.Status, operations []control.Operation, others []api.Finding, now time.Time) []api.Finding {
	out := append([]api.Finding{}, others...)
	for _, o := range operations {
		if f, ok := unsettled(o, now); ok {
			out = append(out, f)
		}
	}
	if s.Availability.RemainingRatio < 0.5 {
		out = append(out, api.Finding{
			Code: "error-budget", Severity: evidence.Warning, Title: "half of the year's error budget is spent", Since: s.Availability.Since,
			Text:    fmt.Sprintf("%.0f s of %.0f s are spent. Stop what is risky until you know why.", s.Availability.SpentSeconds, s.Availability.BudgetSeconds),
			Command: "fournines journal list --kind edge.counted",
		})
	}
	slices.SortStableFunc(out, func(a, b api.Finding) int { return evidence.Rank(b.Severity) - evidence.Rank(a.Severity) })
	return out
}

// unsettled finds operations that wait for a person, or failed lately.
func unsettled(o control.Operation, now time.Time) (api.Finding, bool) {
	switch {
	case o.State == control.Waiting:
		return api.Finding{
			Code: "approval", Severity: evidence.Critical, Title: o.Kind + " on " + o.Subject + " waits for approval", Text: o.Reason,
			Subject: o.Key, Since: o.Begun, Command: "fournines approve " + o.Key + " --reason …",
		}, true
	case (o.State == control.Failed || o.State == control.RolledBack) && now.Sub(o.Ended) < 15*time.Minute:
		return api.Finding{
			Code: "operation-failed", Severity: evidence.Warning, Title: o.Kind + " on " + o.Subject + " is " + o.State, Text: o.Error,
			Subject: o.Key, Since: o.Ended, Command: "fournines operations show " + o.Key,
		}, true
	}
	return api.Finding{}, false
}

// look gathers what alerts are decided on.
func (s *ServerApp) look(ctx context.Context) (alerts.Look, error) {
	status, err1 := s.Status(ctx)
	drilling, err2 := s.drilling()
	return alerts.Look{Findings: status.Findings, Practice: len(status.Faults) > 0 || drilling}, errors.Join(err1, err2)
}

// drilling tells whether a drill is under way.
func (s *ServerApp) drilling() (bool, error) {
	all, err := drill.Before(s.State, 0, 100)
	return slices.ContainsFunc(all, func(r drill.Report) bool { return r.Verdict == drill.Running && time.Since(r.Begun) < time.Hour }), err
}
