package records

import (
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/wing"
)

// findings says which operations need a person, and whether the error budget does.
func (x *Records) findings(now time.Time) ([]wing.Finding, error) {
	unfinished, err1 := control.Unfinished(x.house.State)
	failed, err2 := x.house.Control.Unsettled()
	a, err3 := x.Availability(now)
	if err := errors.Join(err1, err2, err3); err != nil {
		return nil, err
	}
	var out []wing.Finding
	for _, o := range slices.Concat(unfinished, failed) {
		if f, ok := unsettled(o); ok {
			out = append(out, f)
		}
	}
	if c := x.house.Control; c != nil {
		for _, t := range c.Troubles() {
			out = append(out, insisting(t))
		}
	}
	if f, ok := spent(a); ok {
		out = append(out, f)
	}
	return out, nil
}

// spent says that half of the year's error budget is gone.
func spent(a api.Availability) (wing.Finding, bool) {
	return wing.Finding{
		Code: "error-budget", Severity: evidence.Warning, Title: "half of the year's error budget is spent", Since: a.Since,
		Text:    fmt.Sprintf("%.0f s of %.0f s are spent. Stop what is risky until you know why.", a.SpentSeconds, a.BudgetSeconds),
		Command: "fournines journal list --kind edge.counted",
	}, evidence.Below(a.RemainingRatio, 0.5)
}

// insisting says what of an operation must succeed, and does not yet.
func insisting(t control.Trouble) wing.Finding {
	f := wing.Finding{
		Code: "operation-stuck", Severity: evidence.Critical, Title: t.Kind + " on " + t.Subject + " cannot " + t.What + " yet", Subject: t.Key, Since: t.Since,
		Text: "It is tried again until it succeeds, after at most 30 s: " + t.Error, Command: "fournines operations show " + t.Key,
	}
	if t.May {
		f.Text += ". To leave this step as it is, and take the others back: `fournines deny " + t.Key + " --reason …`."
	}
	return f
}

// unsettled finds operations that wait for a person, or failed.
func unsettled(o control.Operation) (wing.Finding, bool) {
	switch {
	case o.State == control.Waiting:
		return wing.Finding{
			Code: "approval", Severity: evidence.Critical, Title: o.Kind + " on " + o.Subject + " waits for approval", Text: o.Reason,
			Subject: o.Key, Since: o.Begun, Command: "fournines approve " + o.Key + " --reason …",
		}, true
	case o.State == control.Failed || o.State == control.RolledBack:
		return wing.Finding{
			Code: "operation-failed", Event: true, Severity: evidence.Warning, Title: o.Kind + " on " + o.Subject + " is " + o.State, Text: o.Error,
			Subject: o.Key, Since: o.Ended, Command: "fournines operations show " + o.Key,
		}, true
	}
	return wing.Finding{}, false
}

// Drilling tells whether a drill is under way.
func (x *Records) Drilling() (bool, error) {
	all, err := drill.Before(x.house.State, 0, 100)
	return slices.ContainsFunc(all, func(r drill.Report) bool { return r.Verdict == drill.Running && x.house.Now().Sub(r.Begun) < time.Hour }), err
}
