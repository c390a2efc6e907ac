package compliance

import (
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal/archive"
)

// accusedFor is how long evidence against another journal is shown as a finding; it stays
// in the journal and in the list of witnesses.
const accusedFor = 7 * 24 * time.Hour

// WitnessFindings returns the findings of witnesses that need a person.
func WitnessFindings(troubles []Trouble, accusations []Accusation, now time.Time) []evidence.Finding {
	var out []evidence.Finding
	for _, t := range troubles {
		f := evidence.Finding{
			Code: "witness-" + string(t.Trouble), Severity: "warning", Subject: t.Witness, Since: t.Since, Command: "fournines witness list", Entries: []uint64{t.Entry},
			Title: "a witness does not watch our journal: " + string(t.Trouble), Text: t.Detail,
		}
		if t.Accuses() {
			f.Severity, f.Title = "critical", "a witness says that our journal is not what it was"
			f.Text += "; copy the journal's directory away as evidence, and find out who changed it"
		}
		out = append(out, f)
	}
	for _, a := range accusations {
		if now.Sub(a.At) < accusedFor {
			out = append(out, evidence.Finding{
				Code: "journal-" + string(a.Kind), Severity: "critical", Subject: a.Origin, Since: a.At, Command: "fournines witness list", Entries: []uint64{a.Entry},
				Title: "another server's journal is not what it was: " + string(a.Kind), Text: a.Text + "; the evidence is in our journal",
			})
		}
	}
	return out
}

// ArchiveFindings returns the findings about the archive; signed is the number of entries
// that the newest checkpoint covers.
func ArchiveFindings(a archive.Status, signed uint64) []evidence.Finding {
	var out []evidence.Finding
	if f := a.Failed; f != nil {
		out = append(out, evidence.Finding{
			Code: "archive-failed", Severity: "warning", Title: "the archive cannot be written (" + f.Kind + ")", Subject: a.Place.Bucket, Since: f.Since,
			Text: fmt.Sprintf("%d entries wait in the log; nothing is lost. %s", archive.Backlog{Next: a.Next, Signed: signed}.Waiting(), f.Error), Command: "fournines archive status",
		})
	}
	if p := a.Probe; p != nil && !p.Holds {
		out = append(out, evidence.Finding{
			Code: "locks-broken", Severity: "critical", Title: "the object store's locks do not hold", Subject: a.Place.Bucket, Since: p.At,
			Text: "A probe could break a lock that was given with its object. Nothing more is archived there.", Command: "fournines archive status",
		})
	}
	return out
}

// ArchiveUnreadable is the finding where the state cannot tell what is archived.
func ArchiveUnreadable(err error, now time.Time) evidence.Finding {
	return evidence.Finding{Code: "archive-unreadable", Severity: "warning", Title: "nobody can tell what is archived", Text: err.Error(), Since: now, Command: "fournines archive status"}
}
