package records

import (
	"cmp"
	"context"
	"errors"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/availability"
	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/drill"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/table"
)

// past reads back from the journal what has left the state: the journal's tables find the
// entries, and the entries are folded anew.
type past struct {
	x    *Records
	snap *table.Snapshot
}

// openPast takes the tables as of now; the caller closes it. While they are still being made
// it waits, and then fails: it never reports an entry of the journal as missing.
func (x *Records) openPast(ctx context.Context) (*past, error) {
	snap, err := x.options.Tables(ctx)
	return &past{x, snap}, err
}

func (p *past) close() { p.snap.Release() }

// newest visits the entries that a filter selects, the newest first, until visit says no.
func (p *past) newest(ctx context.Context, f table.Filter, visit func(table.Row) (more bool, err error)) error {
	for _, t := range slices.Backward(p.snap.Tables) {
		var rows []table.Row
		if err := t.Scan(ctx, f, func(r table.Row) bool { rows = append(rows, r); return true }); err != nil {
			return err
		}
		for _, r := range slices.Backward(rows) {
			if more, err := visit(r); err != nil || !more {
				return err
			}
		}
	}
	return nil
}

// entries returns the entries that a filter selects.
func (p *past) entries(ctx context.Context, f table.Filter) ([]journal.Record, error) {
	var out []journal.Record
	for _, t := range p.snap.Tables {
		var at []uint64
		if err := t.Scan(ctx, f, func(r table.Row) bool { at = append(at, uint64(r.Index)); return true }); err != nil { //nolint:gosec // an index
			return nil, err
		}
		for _, index := range at {
			r, err := p.x.house.Journal.Read(index, 1)
			if err != nil {
				return nil, err
			}
			out = append(out, r...)
		}
	}
	return out, nil
}

// operation folds one operation from its entries, of which the first is known.
func (p *past) operation(ctx context.Context, key string, first uint64) (control.Operation, bool, error) {
	entries, err := p.entries(ctx, table.Filter{From: first, Equal: map[table.Column]string{table.Operation: key}})
	if err != nil {
		return control.Operation{}, false, err
	}
	return control.Replay(key, entries)
}

// operations returns up to n operations that have left the state, that began before an entry
// and that match, the newest first; n 0: all. An empty subject is any.
func (p *past) operations(ctx context.Context, subject string, below uint64, n int, match func(control.Operation) bool) (out []control.Operation, err error) {
	if below == 0 {
		return nil, nil
	}
	f := table.Filter{Next: below, Equal: map[table.Column]string{table.Kind: control.Requested()}}
	if subject != "" {
		f.Equal[table.Subject] = subject
	}
	err = p.newest(ctx, f, func(r table.Row) (bool, error) {
		if kept, err := p.x.house.State.Get(control.Prefix+r.Operation, &control.Operation{}); err != nil || kept {
			return true, err
		}
		o, found, err := p.operation(ctx, r.Operation, uint64(r.Index)) //nolint:gosec // an index
		if err == nil && found && match(o) {
			out = append(out, o)
		}
		return len(out) < n || n == 0, err
	})
	return out, err
}

// firstTime is the time of the journal's first entry.
func (x *Records) firstTime() (time.Time, error) {
	r, err := x.house.Journal.Read(0, 1)
	if err != nil || len(r) == 0 {
		return time.Time{}, err
	}
	return r[0].Time, nil
}

// operationsBelow returns up to n operations that began before an entry and that match, the
// newest first; below 0: of all.
func (x *Records) operationsBelow(ctx context.Context, subject string, below uint64, n int, match func(control.Operation) bool) ([]control.Operation, error) {
	out, err := control.Before(x.house.State, below, 0)
	if err != nil {
		return nil, err
	}
	out = slices.DeleteFunc(out, func(o control.Operation) bool { return !match(o) })
	began, err := x.firstTime()
	if err != nil {
		return nil, err
	}
	oldest, some, err := control.Oldest(x.house.State)
	if err != nil || !some {
		return out[:min(len(out), n)], err
	}
	// Operations that have left the state ended before the oldest that is kept, and so
	// began before that.
	whole, err := control.Complete(x.house.State, began)
	if sure := slices.IndexFunc(out, func(o control.Operation) bool { return o.First < oldest.Last }); err != nil || whole || sure >= n || (sure < 0 && len(out) >= n) {
		return out[:min(len(out), n)], err
	}
	p, err := x.openPast(ctx)
	if err != nil {
		return nil, err
	}
	defer p.close()
	if below == 0 || below > oldest.Last {
		below = oldest.Last
	}
	left, err := p.operations(ctx, subject, below, n, match)
	out = append(out, left...)
	slices.SortStableFunc(out, func(a, b control.Operation) int { return cmp.Compare(b.First, a.First) })
	return out[:min(len(out), n)], err
}

// operation returns one operation, from the journal where it has left the state.
func (x *Records) operation(ctx context.Context, key string) (control.Operation, error) {
	o, err := x.house.Control.Operation(key)
	if !errors.Is(err, control.ErrUnknown) {
		return o, err
	}
	began, err1 := x.firstTime()
	whole, err2 := control.Complete(x.house.State, began)
	if err1 := errors.Join(err1, err2); err1 != nil || whole {
		return o, errors.Join(err1, err)
	}
	p, perr := x.openPast(ctx)
	if perr != nil {
		return o, perr
	}
	defer p.close()
	old, found, perr := p.operation(ctx, key, 0)
	if perr != nil || found {
		return old, perr
	}
	return o, err
}

// moves returns the operations that moved homes and that ended since a moment.
func (x *Records) moves(ctx context.Context, since time.Time) (out []control.Operation, err error) {
	whole, err := control.Complete(x.house.State, since)
	if err != nil {
		return nil, err
	}
	var p *past
	if !whole {
		if p, err = x.openPast(ctx); err != nil {
			return nil, err
		}
		defer p.close()
	}
	for _, r := range x.house.Layout.Platform.ActiveRegions() {
		kept, err := control.LastOf(x.house.State, availability.HomeSubject(r.Name), 0)
		if err != nil {
			return nil, err
		}
		out = append(out, kept...)
		if p != nil {
			left, err := p.operations(ctx, availability.HomeSubject(r.Name), x.house.Journal.Head().Size, 0, func(o control.Operation) bool {
				return o.Kind == availability.KindEvacuate && !o.Ended.Before(since)
			})
			if err != nil {
				return nil, err
			}
			out = append(out, left...)
		}
	}
	slices.SortFunc(out, func(a, b control.Operation) int { return cmp.Compare(a.First, b.First) })
	return out, nil
}

// reports returns the reports of the drills that began since a moment, the newest first.
func (x *Records) reports(ctx context.Context, since time.Time) ([]drill.Report, error) {
	out, err := drill.Before(x.house.State, 0, 0)
	if err != nil {
		return nil, err
	}
	if whole, err := drill.Complete(x.house.State, since); err != nil || whole {
		return out, err
	}
	p, err := x.openPast(ctx)
	if err != nil {
		return nil, err
	}
	defer p.close()
	after := since.UnixMicro()
	err = p.newest(ctx, table.Filter{After: &after, Equal: map[table.Column]string{table.Kind: drill.Begun.Name}}, func(r table.Row) (bool, error) {
		if slices.ContainsFunc(out, func(k drill.Report) bool { return k.ID == r.Subject }) {
			return true, nil
		}
		old, found, err := p.report(ctx, r.Subject)
		if found && err == nil {
			out = append(out, old)
		}
		return true, err
	})
	return out, err
}

// report folds a drill's report from its entries.
func (p *past) report(ctx context.Context, id string) (drill.Report, bool, error) {
	entries, err := p.entries(ctx, table.Filter{Equal: map[table.Column]string{table.Subject: id}})
	if err != nil {
		return drill.Report{}, false, err
	}
	return drill.Replay(id, entries)
}

// pastReport returns a report that has left the state.
func (x *Records) pastReport(ctx context.Context, id string) (drill.Report, bool, error) {
	began, err1 := x.firstTime()
	whole, err2 := drill.Complete(x.house.State, began)
	if err := errors.Join(err1, err2); err != nil || whole {
		return drill.Report{}, false, err
	}
	p, err := x.openPast(ctx)
	if err != nil {
		return drill.Report{}, false, err
	}
	defer p.close()
	return p.report(ctx, id)
}
