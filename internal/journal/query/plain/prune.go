package plain

import (
	"math"

	"github.com/greenlang/fournines/internal/journal/table"
)

// bounds are what every row of the answer fulfils, as far as row groups can be passed over
// by it.
type bounds struct {
	index, time between
	words       map[table.Column][]string // one of them
}

// between is a range of integers, both ends included.
type between struct{ low, high int64 }

// boundsOf collects them from the conditions that are joined by AND.
func boundsOf(c condition) bounds {
	b := bounds{between{math.MinInt64, math.MaxInt64}, between{math.MinInt64, math.MaxInt64}, map[table.Column][]string{}}
	b.add(c)
	return b
}

func (b *bounds) add(c condition) {
	switch c := c.(type) {
	case both:
		b.add(c.left)
		b.add(c.right)
	case compare:
		switch {
		case c.value.null:
			b.index = between{1, 0} // nothing is true of null
		case c.path != "":
		case c.column == table.Index:
			b.index.cut(c.op, c.value.number)
		case c.column == table.Time:
			b.time.cut(c.op, c.value.number)
		case c.op == "=" && c.column.Filtered():
			b.words[c.column] = []string{c.value.text}
		}
	case among:
		b.among(c)
	}
}

func (b *bounds) among(c among) {
	var words []string
	least, most := int64(math.MaxInt64), int64(math.MinInt64)
	for _, v := range c.values {
		if !v.null {
			words = append(words, v.text)
			least, most = min(least, v.number), max(most, v.number)
		}
	}
	switch {
	case c.path != "":
	case c.column == table.Index:
		b.index.cut(">=", least)
		b.index.cut("<=", most)
	case c.column == table.Time:
		b.time.cut(">=", least)
		b.time.cut("<=", most)
	case c.column.Filtered():
		b.words[c.column] = words
	}
}

func (r *between) cut(op string, n int64) {
	switch op {
	case "=":
		r.low, r.high = max(r.low, n), min(r.high, n)
	case ">=":
		r.low = max(r.low, n)
	case "<=":
		r.high = min(r.high, n)
	case ">":
		if n == math.MaxInt64 {
			r.low, r.high = 1, 0
			return
		}
		r.low = max(r.low, n+1)
	case "<":
		if n == math.MinInt64 {
			r.low, r.high = 1, 0
			return
		}
		r.high = min(r.high, n-1)
	}
}

// block returns the rows of a group that may be in the answer; nil for none.
func (b *bounds) block(g *table.Group) (*block, error) {
	low, high := max(b.index.low, int64(g.First)), min(b.index.high, int64(g.Next)-1) //nolint:gosec // an index is below 2^63
	earliest, latest := g.Times()
	if low > high || earliest > b.time.high || latest < b.time.low {
		return nil, nil //nolint:nilnil // as it says
	}
	for c, words := range b.words {
		any := false
		for _, w := range words {
			may, err := g.MayHold(c, w)
			if err != nil {
				return nil, err
			}
			any = any || may
		}
		if !any {
			return nil, nil //nolint:nilnil // as it says
		}
	}
	first := int64(g.First) //nolint:gosec // an index is below 2^63
	return &block{group: g, from: int(low - first), to: int(high-first) + 1, vectors: map[operand]*table.Vector{}}, nil
}
