package drill

import (
	"strconv"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// Prefix begins the keys of drill documents in the state.
const Prefix = "drill/"

// The kinds of entries of drills; each holds the whole report as it then was.
var (
	Begun   = journal.NewKind[Report]("drill.begun", "A drill has begun.")
	Stepped = journal.NewKind[Report]("drill.step", "A step of a drill has begun or ended.")
	Over    = journal.NewKind[Report]("drill.ended", "A drill is over, with its verdict.")
)

// EntryKinds returns the kinds of entries of drills.
func EntryKinds() []journal.Kind { return []journal.Kind{Begun.Kind, Stepped.Kind, Over.Kind} }

// The verdicts.
const (
	Running = "running"
	Pass    = "pass"
	Fail    = "fail"
	Aborted = "aborted" // a person ended it: it proves nothing
)

// Report is what a drill proves; every drill of every wing has this shape.
type Report struct {
	ID         string      `json:"id"`
	Drill      string      `json:"drill"`
	Verdict    string      `json:"verdict" doc:"running, pass, fail or aborted"`
	Error      string      `json:"error,omitempty" doc:"why it could not be carried to its end"`
	Actor      string      `json:"actor"`
	Reason     string      `json:"reason,omitempty"`
	Begun      time.Time   `json:"begun"`
	Ended      time.Time   `json:"ended,omitzero"`
	Objectives []Objective `json:"objectives"`
	Steps      []Step      `json:"steps"`
	Journal    Range       `json:"journal"`
}

// Objective is one thing a drill promises and what it measured.
type Objective struct {
	Name     string  `json:"name"`
	Unit     string  `json:"unit" doc:"count or seconds"`
	Compare  string  `json:"compare" doc:"how measured must stand to target: at-most or at-least"`
	Target   float64 `json:"target"`
	Measured float64 `json:"measured"`
	Met      bool    `json:"met"`
}

// Step is one step of a drill.
type Step struct {
	Name    string    `json:"name"`
	State   string    `json:"state" doc:"waiting, running, succeeded or failed"`
	Detail  string    `json:"detail,omitempty"`
	Begun   time.Time `json:"begun,omitzero"`
	Ended   time.Time `json:"ended,omitzero"`
	Journal uint64    `json:"journal,omitempty"`
}

// Range is a range of journal indexes, both ends included.
type Range struct {
	First uint64 `json:"first"`
	Last  uint64 `json:"last"`
}

// AtMost returns an objective that is met when measured does not exceed target.
func AtMost(name, unit string, target, measured float64) Objective {
	return Objective{name, unit, "at-most", target, measured, measured <= target}
}

// AtLeast returns an objective that is met when measured reaches target.
func AtLeast(name, unit string, target, measured float64) Objective {
	return Objective{name, unit, "at-least", target, measured, measured >= target}
}

// EntryPrefix + ID#NUMBER is the document that says that an entry of a drill is in the journal.
const EntryPrefix = "drill-entry/"

// EntryKey names an entry of a drill, so that a repeat writes no second one. It is the entry's
// operation.
func EntryKey(id string, sequence int) string { return id + "#" + strconv.Itoa(sequence) }

// The state keeps all reports of a day, and of older ones this many of the newest that are no
// older than this. A drill is over within a day, even if its process died.
var bound = state.Bound[Report]{
	Over:  reports,
	Ended: func(r *Report) time.Time { return r.Begun },
	With:  func(r *Report) string { return EntryPrefix + r.ID + "#" },
	Keep:  24 * time.Hour, Newest: 200, Age: 400 * 24 * time.Hour,
}

var reports = state.NewIndex(Prefix, func(r *Report) string { return state.Order(r.Journal.First) })

// Before returns the n reports that began last before an entry, the newest first; below 0:
// of all, n 0: all of them that the state keeps.
func Before(s *state.Projection, below uint64, n int) ([]Report, error) {
	r := state.Range{Last: true, Limit: n}
	if below > 0 {
		r.Below = state.Order(below)
	}
	return reports.Read(s, r)
}

// Complete tells whether every report of a drill that began since a moment is still in the state.
func Complete(s *state.Projection, since time.Time) (bool, error) { return bound.Complete(s, since) }

// Replay folds a report from its entries, in order.
func Replay(id string, entries []journal.Record) (Report, bool, error) {
	d := state.NewDocs()
	for _, r := range entries {
		if r.Subject != id {
			continue
		}
		if err := fold(d, r); err != nil {
			return Report{}, false, err
		}
	}
	var r Report
	found, err := d.Get(Prefix+id, &r)
	return r, found, err
}

// Fold keeps one report per drill, and which of its entries are in. It is a state.Fold.
func Fold(d *state.Docs, r journal.Record) error {
	if err := fold(d, r); err != nil {
		return err
	}
	bound.Prune(d)
	return nil
}

func fold(d *state.Docs, r journal.Record) error {
	if r.Kind != Begun.Name && r.Kind != Stepped.Name && r.Kind != Over.Name {
		return nil
	}
	if err := d.Put(EntryPrefix+r.Operation, struct{}{}); err != nil {
		return err
	}
	var old Report
	known, err := d.Get(Prefix+r.Subject, &old)
	if err != nil || (known && r.Index <= old.Journal.Last) {
		return err
	}
	var now Report
	if err := r.Decode(&now); err != nil {
		return err
	}
	now.Journal = Range{First: old.Journal.First, Last: r.Index}
	if !known {
		now.Journal.First = r.Index
	}
	now.keepIndexes(old, r.Index)
	return d.Put(Prefix+r.Subject, now)
}

// keepIndexes gives each step the index of the entry that last changed it.
func (r *Report) keepIndexes(old Report, index uint64) {
	for i := range r.Steps {
		s := &r.Steps[i]
		if i < len(old.Steps) && old.Steps[i].State == s.State {
			s.Journal = old.Steps[i].Journal
		} else if s.State != "waiting" {
			s.Journal = index
		}
	}
}
