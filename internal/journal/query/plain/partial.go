package plain

import (
	"github.com/greenlang/fournines/internal/journal/table"
)

// partial puts the rows of one block into groups. Groups with equal keys may come twice:
// one word may have several codes.
func partial(sel *selection, b *block) ([]*group, error) {
	rows, err := chosen(sel, b)
	if err != nil || len(rows) == 0 {
		return nil, err
	}
	ids, first, err := grouped(sel, b, rows)
	if err != nil {
		return nil, err
	}
	out := make([]*group, len(first))
	for g, row := range first {
		out[g] = &group{items: make([]tally, len(sel.items))}
		for _, o := range sel.group {
			out[g].keys = append(out[g].keys, cell(o, b.vectors[o], int(row)))
		}
	}
	for i := range sel.items {
		if err := tallied(sel, i, b, rows, ids, out); err != nil {
			return nil, err
		}
	}
	return out, nil
}

// grouped numbers the groups of some rows. first is a row of each.
func grouped(sel *selection, b *block, rows []int32) (ids, first []int32, err error) {
	ids = make([]int32, len(rows))
	first = rows[:1]
	for _, o := range sel.group {
		v, err := b.vector(o)
		if err != nil {
			return nil, nil, err
		}
		if len(first) == 1 && v.Codes != nil {
			first = byCode(v, rows, ids)
			continue
		}
		if v.Codes != nil && len(first)*(len(v.Words)+1) <= maxPairs {
			first = byPair(v, rows, ids, len(first))
			continue
		}
		seen := map[[2]int64]int32{}
		var next []int32
		for i, row := range rows {
			pair := [2]int64{int64(ids[i]), code(v, row)}
			id, ok := seen[pair]
			if !ok {
				id = int32(len(next)) //nolint:gosec // a block is small
				seen[pair], next = id, append(next, row)
			}
			ids[i] = id
		}
		first = next
	}
	return ids, first, nil
}

// byCode numbers the groups of one column of text without a map.
func byCode(v *table.Vector, rows, ids []int32) (first []int32) {
	id := make([]int32, len(v.Words)+1) // of each code, and of null; 0: none yet
	for i, row := range rows {
		c := v.Codes[row] + 1
		if id[c] == 0 {
			first = append(first, row)
			id[c] = int32(len(first)) //nolint:gosec // a block is small
		}
		ids[i] = id[c] - 1
	}
	return first
}

// maxPairs bounds the table of pairs that byPair makes, in elements.
const maxPairs = 1 << 18

// byPair splits groups by one more column of text, without a map.
func byPair(v *table.Vector, rows, ids []int32, groups int) (first []int32) {
	width := len(v.Words) + 1
	id := make([]int32, groups*width) // of each pair of group and code; 0: none yet
	for i, row := range rows {
		p := int(ids[i])*width + int(v.Codes[row]) + 1
		if id[p] == 0 {
			first = append(first, row)
			id[p] = int32(len(first)) //nolint:gosec // a block is small
		}
		ids[i] = id[p] - 1
	}
	return first
}

func code(v *table.Vector, row int32) int64 {
	if v.Codes != nil {
		return int64(v.Codes[row])
	}
	return v.Ints[row]
}

// tallied counts one item in each group.
func tallied(sel *selection, i int, b *block, rows, ids []int32, out []*group) error {
	x := &sel.items[i]
	if x.of == "" {
		return nil
	}
	if x.star {
		for _, id := range ids {
			out[id].items[i].count++
		}
		return nil
	}
	v, err := b.vector(x.operand)
	if err != nil {
		return err
	}
	if v.Codes == nil && (x.of == "min" || x.of == "max") {
		bestNumber(x.of, v.Ints, rows, ids, i, out)
		return nil
	}
	seen := map[[2]int64]bool{} // group and code: each once is enough for all but count
	var key []byte
	for k, row := range rows {
		t := &out[ids[k]].items[i]
		c := code(v, row)
		if v.Codes != nil && c == table.Null {
			continue
		}
		if x.of == "count" && !x.distinct {
			t.count++
			continue
		}
		if x.distinct || v.Codes != nil {
			pair := [2]int64{int64(ids[k]), c}
			if seen[pair] {
				continue
			}
			seen[pair] = true
		}
		value := cell(x.operand, v, int(row))
		if !x.distinct {
			if t.best == nil || better(value, t.best, x.of) {
				t.best = value
			}
			continue
		}
		if t.distinct == nil {
			t.distinct = map[string]bool{}
		}
		key = appendKey(key[:0], value)
		t.distinct[string(key)] = true
	}
	return nil
}

// bestNumber takes the least or greatest integer of each group. Every row has one.
func bestNumber(of string, ints []int64, rows, ids []int32, item int, out []*group) {
	best, some := make([]int64, len(out)), make([]bool, len(out))
	for k, row := range rows {
		id, n := ids[k], ints[row]
		if !some[id] || (of == "min" && n < best[id]) || (of == "max" && n > best[id]) {
			best[id], some[id] = n, true
		}
	}
	for id, g := range out {
		if some[id] {
			g.items[item].best = best[id]
		}
	}
}
