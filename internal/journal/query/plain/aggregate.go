package plain

import (
	"context"
	"encoding/binary"
	"slices"

	"github.com/greenlang/fournines/internal/journal/query"
	"github.com/greenlang/fournines/internal/journal/table"
)

// Bounds on what is kept in memory for one question.
const (
	maxGroups   = 1 << 19
	maxDistinct = 1 << 20
)

// group is one group on its way: its keys, and what is known of each item.
type group struct {
	keys  []any
	items []tally
}

// tally is what is known of one item in one group.
type tally struct {
	count    int64
	best     any // of min and max
	distinct map[string]bool
}

// totals are all groups.
type totals struct {
	sel      *selection
	groups   map[string]*group
	distinct int // over all groups
	key      []byte
}

// aggregate answers a question whose rows are groups.
func aggregate(ctx context.Context, sel *selection, s *table.Snapshot, want int) ([][]any, error) {
	t := &totals{sel: sel, groups: map[string]*group{}}
	var full error
	err := sweep(ctx, sel, s, false, func(b *block) ([]*group, error) { return partial(sel, b) }, func(groups []*group) bool {
		for _, g := range groups {
			if full = t.add(g); full != nil {
				return false
			}
		}
		return true
	})
	if err == nil {
		err = full
	}
	if err != nil {
		return nil, err
	}
	if len(sel.group) == 0 && len(t.groups) == 0 { // without groups there is always one row
		t.groups[""] = &group{items: make([]tally, len(sel.items))}
	}
	return t.rows(want), nil
}

// add puts a block's group into the totals.
func (t *totals) add(g *group) error {
	t.key = t.key[:0]
	for _, k := range g.keys {
		t.key = appendKey(t.key, k)
	}
	known := t.groups[string(t.key)]
	if known == nil {
		if len(t.groups) == maxGroups {
			return query.Refuse("GROUP BY makes more than %d groups, which is more than the plain engine keeps; narrow it with WHERE, or ask the DuckDB worker", maxGroups)
		}
		known = &group{keys: g.keys, items: make([]tally, len(g.items))}
		t.groups[string(t.key)] = known
	}
	for i := range g.items {
		t.distinct += known.items[i].add(&g.items[i], &t.sel.items[i])
	}
	if t.distinct > maxDistinct {
		return query.Refuse("count(distinct …) meets more than %d values, which is more than the plain engine keeps; narrow it with WHERE, or ask the DuckDB worker", maxDistinct)
	}
	return nil
}

// appendKey writes a value so that different lists of values are different bytes.
func appendKey(dst []byte, v any) []byte {
	switch v := v.(type) {
	case int64:
		return binary.BigEndian.AppendUint64(append(dst, 1), uint64(v)) //nolint:gosec // only told apart
	case string:
		return append(binary.BigEndian.AppendUint32(append(dst, 2), uint32(len(v))), v...) //nolint:gosec // bounded by an entry
	}
	return append(dst, 0)
}

// add returns how many distinct values are new.
func (t *tally) add(o *tally, i *item) int {
	t.count += o.count
	if o.best != nil && (t.best == nil || better(o.best, t.best, i.of)) {
		t.best = o.best
	}
	if o.distinct == nil {
		return 0
	}
	if t.distinct == nil {
		t.distinct = map[string]bool{}
	}
	before := len(t.distinct)
	for v := range o.distinct {
		t.distinct[v] = true
	}
	return len(t.distinct) - before
}

func better(a, b any, of string) bool {
	c := compareCells(a, b, order{})
	return (of == "min" && c < 0) || (of == "max" && c > 0)
}

// rows returns the answer's rows.
func (t *totals) rows(want int) [][]any {
	var out []found
	for _, g := range t.groups {
		f := found{cells: make([]any, len(t.sel.items))}
		for i := range t.sel.items {
			f.cells[i] = t.value(g, i)
		}
		for _, k := range t.sel.order {
			f.keys = append(f.keys, f.cells[k.item])
		}
		f.keys = append(f.keys, g.keys...) // equal rows in one order, whatever the map's
		out = append(out, f)
	}
	keys := slices.Concat(t.sel.order, make([]order, len(t.sel.group)))
	rows := [][]any{}
	for _, f := range best(out, keys, want) {
		for i := range f.cells {
			f.cells[i] = query.Shown(f.cells[i], t.sel.items[i].kind())
		}
		rows = append(rows, f.cells)
	}
	return rows
}

func (t *totals) value(g *group, i int) any {
	x := &t.sel.items[i]
	switch {
	case x.of == "count" && x.distinct:
		return int64(len(g.items[i].distinct))
	case x.of == "count":
		return g.items[i].count
	case x.of != "":
		return g.items[i].best
	}
	return g.keys[slices.Index(t.sel.group, x.operand)]
}
