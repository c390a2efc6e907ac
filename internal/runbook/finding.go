package runbook

import (
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/evidence"
)

// Finding says that a run needs a person, and who is called; false: it gets on by itself. It is
// pure.
func Finding(v View, calls []Called, trouble error, now time.Time) (evidence.Finding, bool) {
	r := v.Run
	f := evidence.Finding{
		Code: "runbook-waits", Severity: evidence.Warning, Subject: r.ID, Command: "fournines runbook status " + r.ID, Since: r.Begun, Entries: []uint64{r.First, r.Last},
		Title: fmt.Sprintf("a run of the runbook %s waits for a person", r.Runbook),
	}
	p, underWay := r.underWay()
	if underWay {
		f.Since = p.Begun
	}
	d := Next(v, now)
	switch {
	case trouble != nil:
		f.Code, f.Title, f.Text = "runbook-stuck", fmt.Sprintf("a run of the runbook %s does not get on", r.Runbook), trouble.Error()+". It is tried again by itself."
		return f, true
	case d.Do != Wait || r.Over() || !v.NeedsPerson():
		return evidence.Finding{}, false
	}
	f.Text = fmt.Sprintf("It is at step %s and waits for %s.", r.At, d.For)
	i := slices.IndexFunc(calls, func(c Called) bool { return now.Sub(f.Since) < c.After.D() })
	if i < 0 {
		i = len(calls)
	}
	if i > 0 {
		f.Text += " Call " + strings.Join(strings.Fields(strings.TrimPrefix(CallLine(calls[i-1]), "now")), " ") + "."
	}
	return f, true
}

// NeedsPerson tells whether nothing happens until a person does something.
func (v View) NeedsPerson() bool {
	r := v.Run
	_, underWay := r.underWay()
	return r.State == Paused && v.Operation == nil || underWay && (r.atStep(Step.approves) || r.atStep(Step.byHand))
}
