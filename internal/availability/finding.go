package availability

import (
	"fmt"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/fact"
)

// ReadinessFinding says that a cluster could not fail over now; false when it could, or when it
// has nowhere to go by its declaration.
func ReadinessFinding(r Readiness) (evidence.Finding, bool) {
	f := evidence.Finding{
		Code: "not-ready", Severity: evidence.Warning, Subject: r.Cluster, Since: r.At, Command: "fournines readiness",
		Title: r.Cluster + " could not fail over now", Text: strings.Join(r.Reasons, "; "),
	}
	if r.Leader == "" {
		f.Severity, f.Title = evidence.Critical, r.Cluster+" has no leader"
	}
	return f, !r.Ready && !r.Alone
}

// ComponentFinding says that a component is missing or degraded; false when it is neither.
func ComponentFinding(c Component) (evidence.Finding, bool) {
	return evidence.Finding{
		Code: c.Kind + "-" + string(c.Health), Severity: evidence.Warning, Title: c.ID + " is " + string(c.Health),
		Text: c.Detail, Subject: c.ID, Since: c.Since, Command: "fournines status -o wide",
	}, c.Health == Missing || c.Health == Degraded
}

// SwitchFinding says that a region's routing switch is off; false while it is on.
func SwitchFinding(w RegionWish) (evidence.Finding, bool) {
	f := evidence.Finding{
		Code: "route-off", Severity: evidence.Warning, Title: "The routing switch of " + w.Region + " is off", Subject: w.Region, Since: w.Switched.At,
		Text:    "No resolver is sent there: " + w.WhyOff() + ". Customers whom it serves come through the edges of other regions, and nobody can be moved there.",
		Command: "fournines route set " + w.Region + " on --reason REASON",
	}
	if !w.Switched.At.IsZero() {
		f.Entries = []uint64{w.Switched.Index}
	}
	return f, w.Off
}

// told is how long a loss is a finding; the journal keeps it.
const told = 24 * time.Hour

// LossFindings says what mirrors lost within a day.
func LossFindings(all []Loss, now time.Time) (out []evidence.Finding) {
	for _, l := range all {
		if now.Sub(l.At) >= told {
			continue
		}
		out = append(out, evidence.Finding{
			Code: "mirror-lost", Severity: evidence.Critical, Title: fmt.Sprintf("Kafka's mirror lost records from %s to %s", l.From, l.To),
			Text: fmt.Sprintf("%d numbered records that %s acknowledged did not come out at %s although later ones did, and so may others have been lost: compare the topics before you rely on the copies.",
				len(l.Numbers), l.From, l.To),
			Subject: l.From + "/kafka", Since: l.At, Command: fmt.Sprintf("fournines journal show %d", l.Index), Entries: []uint64{l.Index},
		})
	}
	return out
}

// ObjectFindings says whether the copies of a region's objects are behind or broken, and what
// was lost within a day. blind: the server has not looked for long enough to say the first.
func ObjectFindings(m fact.ObjectMirror, l ObjectLosses, blind bool, now time.Time) (out []evidence.Finding) {
	if why := ObjectTrouble(m, now); why != "" && !blind {
		out = append(out, evidence.Finding{
			Code: "objects-behind", Severity: evidence.Warning, Title: fmt.Sprintf("%s has not all objects of %s", m.To, m.From), Text: why,
			Subject: m.From + "/objects", Since: m.At, Command: "fournines objects mirrors",
		})
	}
	if m.Drift > 0 {
		out = append(out, evidence.Finding{
			Code: "objects-drift", Severity: evidence.Warning, Title: fmt.Sprintf("%d versions of %s were missing in %s without anybody having named them", m.Drift, m.From, m.To),
			Text:    "Comparing everything found and copied them; the stores' change feeds had not told of them since. Somebody has changed a store's directory past it, or a feed has failed.",
			Subject: m.To + "/objects", Since: m.Scrubbed, Command: "fournines objects mirrors",
		})
	}
	if l.Count > 0 && now.Sub(l.Time) < told {
		out = append(out, evidence.Finding{
			Code: "object-lost", Severity: evidence.Critical, Title: fmt.Sprintf("%d writes of %s to objects were overruled by %s", l.Count, l.Newest.From, l.Newest.To),
			Text: fmt.Sprintf("%s did not have them when it took newer ones for the same keys. They stay as older versions in %s; the newest is version %s of %s.",
				l.Newest.To, l.Newest.From, l.Newest.Version, l.Newest.Key),
			Subject: l.Newest.From + "/objects", Since: l.Time, Command: fmt.Sprintf("fournines journal show %d", l.Index), Entries: []uint64{l.Index},
		})
	}
	return out
}
