package plain

import (
	"cmp"
	"context"
	"slices"

	"github.com/greenlang/fournines/internal/journal/query"
	"github.com/greenlang/fournines/internal/journal/table"
)

// found is a row of the answer with what it is ordered by.
type found struct {
	keys  []any
	cells []any
}

// list answers a question whose rows are entries.
func list(ctx context.Context, sel *selection, s *table.Snapshot, want int) ([][]any, error) {
	if want == 0 {
		return nil, nil
	}
	keys := keysOf(sel)
	inOrder := len(keys) == 0 || keys[0].operand == operand{column: table.Index} // no two entries have one index
	backwards := inOrder && len(keys) > 0 && keys[0].descending
	var out []found
	size := 0
	err := sweep(ctx, sel, s, backwards, func(b *block) ([]found, error) { return pick(sel, keys, b, want) }, func(rows []found) bool {
		out = append(out, rows...)
		for _, r := range rows {
			size += query.Size(r.cells)
		}
		if inOrder {
			return len(out) < want && size <= query.MaxBytes
		}
		if len(out) > 2*want+table.GroupRows || size > 2*query.MaxBytes {
			out, size = best(out, keys, want), 0
			for _, r := range out {
				size += query.Size(r.cells)
			}
		}
		return true
	})
	rows := [][]any{}
	for _, f := range best(out, keys, want) {
		for i := range f.cells {
			f.cells[i] = query.Shown(f.cells[i], sel.items[i].kind())
		}
		rows = append(rows, f.cells)
	}
	return rows, err
}

// keysOf returns what rows are ordered by, as operands.
func keysOf(sel *selection) []order {
	keys := slices.Clone(sel.order)
	for i, k := range keys {
		if k.item >= 0 {
			keys[i].operand = sel.items[k.item].operand
		}
	}
	return keys
}

// best returns the first rows by their keys. Rows with equal keys stay in the log's order.
func best(rows []found, keys []order, want int) []found {
	if len(keys) > 0 {
		slices.SortStableFunc(rows, func(a, b found) int { return compareKeys(a.keys, b.keys, keys) })
	}
	return rows[:min(want, len(rows))]
}

func compareKeys(a, b []any, keys []order) int {
	for i, k := range keys {
		if c := compareCells(a[i], b[i], k); c != 0 {
			return c
		}
	}
	return 0
}

// compareCells puts nulls last in both directions, as DuckDB does, unless asked otherwise.
func compareCells(a, b any, k order) int {
	if a == nil || b == nil {
		c := 0
		if a == nil {
			c++
		}
		if b == nil {
			c--
		}
		if k.nullsFirst {
			return -c
		}
		return c
	}
	c := 0
	switch x := a.(type) {
	case int64:
		c = cmp.Compare(x, b.(int64)) //nolint:forcetypeassert // one column, one type
	case string:
		c = cmp.Compare(x, b.(string)) //nolint:forcetypeassert // one column, one type
	}
	if k.descending {
		return -c
	}
	return c
}

// pick returns a block's rows of the answer, at most want. Only of those it reads what is
// shown.
func pick(sel *selection, keys []order, b *block, want int) ([]found, error) {
	rows, err := chosen(sel, b)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	if len(keys) == 0 {
		rows = rows[:min(want, len(rows))]
	}
	out := make([]found, len(rows))
	if err := fill(b, rows, len(keys), func(i int) operand { return keys[i].operand }, func(i int) *[]any { return &out[i].keys }); err != nil {
		return nil, err
	}
	if len(keys) > 0 {
		place := make([]int, len(rows))
		for i := range place {
			place[i] = i
		}
		slices.SortStableFunc(place, func(x, y int) int { return compareKeys(out[x].keys, out[y].keys, keys) })
		place = place[:min(want, len(place))]
		first, chosen := make([]found, len(place)), make([]int32, len(place))
		for i, p := range place {
			first[i], chosen[i] = out[p], rows[p]
		}
		out, rows = first, chosen
	}
	b, rows = b.narrow(rows)
	err = fill(b, rows, len(sel.items), func(i int) operand { return sel.items[i].operand }, func(i int) *[]any { return &out[i].cells })
	return out, err
}

// fill reads n operands in some rows into the lists that to gives.
func fill(b *block, rows []int32, n int, of func(int) operand, to func(int) *[]any) error {
	for i := range n {
		v, err := b.vector(of(i))
		if err != nil {
			return err
		}
		for k, row := range rows {
			list := to(k)
			*list = append(*list, cell(of(i), v, int(row)))
		}
	}
	return nil
}
