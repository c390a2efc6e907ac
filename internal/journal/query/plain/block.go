package plain

import (
	"github.com/greenlang/fournines/internal/journal/table"
)

// block is adjacent rows of one row group, with the columns that were asked for.
type block struct {
	group    *table.Group
	from, to int // rows of the group
	vectors  map[operand]*table.Vector
}

func (b *block) rows() int { return b.to - b.from }

// vector reads an operand over the block's rows, once.
func (b *block) vector(o operand) (*table.Vector, error) {
	if v := b.vectors[o]; v != nil {
		return v, nil
	}
	var v *table.Vector
	var err error
	if o.path == "" {
		v, err = b.group.Read(o.column, b.from, b.to)
	} else if v, err = b.vector(operand{column: o.column}); err == nil {
		v = fields(v, o.fields())
	}
	if err != nil {
		return nil, err
	}
	b.vectors[o] = v
	return v, nil
}

// fields looks a path up in each JSON of a vector.
func fields(v *table.Vector, path []string) *table.Vector {
	out := &table.Vector{Words: make([]string, len(v.Words)), Codes: make([]int32, len(v.Codes))}
	there := make([]bool, len(v.Words))
	for i, w := range v.Words {
		out.Words[i], there[i] = lookup(w, path)
	}
	for i, c := range v.Codes {
		out.Codes[i] = table.Null
		if c != table.Null && there[c] {
			out.Codes[i] = c
		}
	}
	return out
}

// narrow returns the block that holds only the rows from the first to the last of those,
// and where they are in it. What was read already is kept.
func (b *block) narrow(rows []int32) (*block, []int32) {
	if len(rows) == 0 {
		return b, rows
	}
	first, last := rows[0], rows[0]
	for _, r := range rows {
		first, last = min(first, r), max(last, r)
	}
	out := &block{group: b.group, from: b.from + int(first), to: b.from + int(last) + 1, vectors: map[operand]*table.Vector{}}
	for o, v := range b.vectors {
		x := &table.Vector{Words: v.Words}
		if v.Ints != nil {
			x.Ints = v.Ints[first : last+1]
		} else {
			x.Codes = v.Codes[first : last+1]
		}
		out.vectors[o] = x
	}
	moved := make([]int32, len(rows))
	for i, r := range rows {
		moved[i] = r - first
	}
	return out, moved
}

// cell is the value of an operand in a row: nil, an int64 or a string.
func cell(o operand, v *table.Vector, row int) any {
	if o.column.Number() {
		return v.Ints[row]
	}
	if text, ok := v.Text(row); ok {
		return text
	}
	return nil
}
