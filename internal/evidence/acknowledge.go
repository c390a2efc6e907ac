package evidence

import (
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// Acknowledgement says that a person has seen to something that happened. A condition needs none:
// its finding ends with it.
type Acknowledgement struct {
	Finding string    `json:"finding" doc:"code of the finding, '/', and its subject"`
	At      time.Time `json:"at" doc:"what happened later is told again"`
}

// Acknowledged is the kind of entry that keeps one; its actor and reason say who, and why.
var Acknowledged = journal.NewKind[Acknowledgement]("finding.acknowledged", "A person has seen to something that happened, and it is told no more.")

const (
	acknowledgedPrefix = "acknowledged/"
	keepAcknowledged   = 1000 // the newest
)

// FoldAcknowledged keeps the newest acknowledgement of each finding.
func FoldAcknowledged(d *state.Docs, r journal.Record) error {
	if r.Kind != Acknowledged.Name {
		return nil
	}
	var a Acknowledgement
	if err := r.Decode(&a); err != nil {
		return err
	}
	if err := d.Put(acknowledgedPrefix+a.Finding, a); err != nil {
		return err
	}
	keys := d.Keys(acknowledgedPrefix)
	if len(keys) <= keepAcknowledged {
		return nil
	}
	oldest, at := "", time.Time{}
	for _, key := range keys {
		var old Acknowledgement
		if _, err := d.Get(key, &old); err != nil {
			return err
		}
		if oldest == "" || old.At.Before(at) {
			oldest, at = key, old.At
		}
	}
	d.Delete(oldest)
	return nil
}

// Untold takes away the events that a person has acknowledged, and tells with the others how to.
func Untold(all []Finding, s *state.Projection) ([]Finding, error) {
	known, err := state.List[Acknowledgement](s, acknowledgedPrefix)
	if err != nil {
		return nil, err
	}
	all = slices.DeleteFunc(all, func(f Finding) bool {
		return f.Event && slices.ContainsFunc(known, func(a Acknowledgement) bool { return a.Finding == f.Key() && !f.Since.After(a.At) })
	})
	for i := range all {
		if all[i].Event {
			all[i].Text += " It is told until a person has seen to it: `fournines acknowledge " + all[i].Key() + " --reason REASON`."
		}
	}
	return all, nil
}
