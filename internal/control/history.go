package control

import (
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// Window is how long a repeated key is certain to find the operation that it began. Callers
// repeat a request because they did not hear its answer: commands and drills within two
// minutes, deciders within the 30 s that a lease lasts. A key that comes back later than
// this may belong to an operation that has left the state, and then begins another.
const Window = 24 * time.Hour

// Of the finished operations that are older than Window, the state keeps this many of the
// newest, and none that is older than this. All of them stay in the journal; see [Replay].
const (
	keepNewest = 1000
	keepAge    = 90 * 24 * time.Hour
)

var (
	unfinished = state.NewIndex(Prefix, func(o *Operation) string {
		if o.Finished() {
			return ""
		}
		return state.Order(o.First)
	})
	finished = state.NewIndex(Prefix, func(o *Operation) string {
		if !o.Finished() {
			return ""
		}
		return state.Order(o.Last)
	})
	unsettled = state.NewIndex(Prefix, func(o *Operation) string {
		if o.State != Failed && o.State != RolledBack {
			return ""
		}
		return state.Order(o.Last)
	})
	begun     = state.NewIndex(Prefix, func(o *Operation) string { return state.Order(o.First) })
	bySubject = state.NewIndex(Prefix, func(o *Operation) string { return o.Subject + "\x00" + state.Order(o.First) })
)

var bound = state.Bound[Operation]{
	Over: finished, Ended: func(o *Operation) time.Time { return o.Ended },
	Keep: Window, Newest: keepNewest, Age: keepAge,
}

// Unfinished returns the operations that wait or run, the oldest first.
func Unfinished(s *state.Projection) ([]Operation, error) { return unfinished.Read(s, state.Range{}) }

// Find returns one operation, and tells whether the state has it.
func Find(s *state.Projection, key string) (o Operation, found bool, err error) {
	found, err = s.Get(Prefix+key, &o)
	return o, found, err
}

// Unsettled returns the operations that failed or were rolled back, of each kind and subject the
// newest, unless a later one of them, or of a kind that settles it, has succeeded. The newest end comes
// first.
func (c *Control) Unsettled() (out []Operation, err error) {
	all, err := unsettled.Read(c.State, state.Range{Last: true})
	if err != nil {
		return nil, err
	}
	type of struct{ kind, subject string }
	seen := map[of]bool{}
	for _, o := range all {
		this := of{o.Kind, o.Subject}
		if seen[this] {
			continue
		}
		seen[this] = true
		later, err := LastOf(c.State, o.Subject, 0)
		if err != nil {
			return nil, err
		}
		if !slices.ContainsFunc(later, func(l Operation) bool {
			return (l.Kind == o.Kind || slices.Contains(c.kinds[l.Kind].Settles, o.Kind)) && l.State == Succeeded && l.Last > o.Last
		}) {
			out = append(out, o)
		}
	}
	return out, nil
}

// Oldest returns the finished operation that ended first of those that the state keeps.
func Oldest(s *state.Projection) (o Operation, some bool, err error) {
	all, err := finished.Read(s, state.Range{Limit: 1})
	if len(all) > 0 {
		return all[0], true, err
	}
	return o, false, err
}

// LastOf returns the n operations on a subject that began last, the newest first; 0: all that
// the state keeps.
func LastOf(s *state.Projection, subject string, n int) ([]Operation, error) {
	return bySubject.Read(s, state.Range{Prefix: subject + "\x00", Last: true, Limit: n})
}

// Before returns the n operations that began last before an entry, the newest first; below
// 0: of all.
func Before(s *state.Projection, below uint64, n int) ([]Operation, error) {
	r := state.Range{Last: true, Limit: n}
	if below > 0 {
		r.Below = state.Order(below)
	}
	return begun.Read(s, r)
}

// Complete tells whether every operation that ended since a moment is still in the state.
func Complete(s *state.Projection, since time.Time) (bool, error) { return bound.Complete(s, since) }

// Requested is the kind of entry that every operation begins with.
func Requested() string { return kindRequested.Name }

// Replay folds an operation from its entries, in order.
func Replay(key string, entries []journal.Record) (Operation, bool, error) {
	d := state.NewDocs()
	for _, r := range entries {
		if r.Operation != key {
			continue
		}
		if err := fold(d, r); err != nil {
			return Operation{}, false, err
		}
	}
	var o Operation
	found, err := d.Get(Prefix+key, &o)
	return o, found, err
}
