package table

import (
	"context"
	"encoding/hex"
	"fmt"
	"math"
)

// Filter selects rows. The zero value selects all.
type Filter struct {
	From, Next uint64            // indexes, Next excluded; Next 0: to the end
	After      *int64            // microseconds of Unix time, included
	Before     *int64            // the same, excluded
	Equal      map[Column]string // text columns and what they must hold
}

// Scan visits the rows that the filter selects, in order, until visit says no. Row groups
// that cannot hold any are passed over.
func (t *Table) Scan(ctx context.Context, f Filter, visit func(Row) bool) error {
	for c := range f.Equal {
		if c.Number() || c >= columns {
			return fmt.Errorf("scan table: %s is not a column of text", c)
		}
	}
	for _, g := range t.groups {
		if err := ctx.Err(); err != nil {
			return err
		}
		may, err := g.may(f)
		if err != nil {
			return err
		}
		if !may {
			continue
		}
		more, err := g.scan(f, visit)
		if err != nil || !more {
			return err
		}
	}
	return nil
}

// may tells whether the group may hold a row that the filter selects.
func (g *Group) may(f Filter) (bool, error) {
	if g.Next <= f.From || (f.Next > 0 && g.First >= f.Next) || (f.After != nil && g.max < *f.After) || (f.Before != nil && g.min >= *f.Before) {
		return false, nil
	}
	for c, value := range f.Equal {
		if may, err := g.MayHold(c, value); err != nil || !may {
			return false, err
		}
	}
	return true, nil
}

func (g *Group) scan(f Filter, visit func(Row) bool) (more bool, err error) {
	next := f.Next
	if next == 0 {
		next = math.MaxUint64
	}
	from, to := int(max(f.From, g.First)-g.First), int(min(next, g.Next)-g.First) //nolint:gosec // within the group
	var v [columns]*Vector
	for c := range columns {
		if v[c], err = g.Read(c, from, to); err != nil {
			return false, err
		}
	}
	for i := range to - from {
		if !selected(&v, i, f) {
			continue
		}
		row, err := rowAt(&v, i)
		if err != nil {
			return false, err
		}
		if !visit(row) {
			return false, nil
		}
	}
	return true, nil
}

func selected(v *[columns]*Vector, i int, f Filter) bool {
	at := v[Time].Ints[i]
	if (f.After != nil && at < *f.After) || (f.Before != nil && at >= *f.Before) {
		return false
	}
	for c, want := range f.Equal {
		if text, ok := v[c].Text(i); !ok || text != want {
			return false
		}
	}
	return true
}

func rowAt(v *[columns]*Vector, i int) (Row, error) {
	text := func(c Column) string { s, _ := v[c].Text(i); return s }
	r := Row{
		Index: v[Index].Ints[i], Time: v[Time].Ints[i], Nanos: int32(v[Nanos].Ints[i]), //nolint:gosec // as it was written
		Kind: text(Kind), Subject: text(Subject), Operation: text(Operation), Actor: text(Actor), Reason: text(Reason),
		Trace: text(Trace), Approval: text(Approval), Data: text(Data), Raw: text(raw),
	}
	if n, err := hex.Decode(r.Hash[:], []byte(text(Hash))); err != nil || n != len(r.Hash) {
		return r, fmt.Errorf("%w: the hash of entry %d has %d bytes", ErrDamaged, r.Index, n)
	}
	return r, nil
}
