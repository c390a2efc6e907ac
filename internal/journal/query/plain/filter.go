package plain

import (
	"cmp"
	"slices"

	"github.com/greenlang/fournines/internal/journal/table"
)

// truth is what a condition is in a row; SQL has three kinds.
type truth int8

const (
	no truth = iota
	yes
	unknown
)

// holds evaluates a condition over a block.
func holds(c condition, b *block) ([]truth, error) {
	switch c := c.(type) {
	case both:
		return joined(c.left, c.right, b, no)
	case either:
		return joined(c.left, c.right, b, yes)
	case not:
		out, err := holds(c.inner, b)
		for i, t := range out {
			if t != unknown {
				out[i] = 1 - t
			}
		}
		return out, err
	case compare:
		return each(c.operand, b, func(n int64) truth { return c.number(n) }, func(s string) truth { return c.word(s) }, unknown)
	case among:
		return each(c.operand, b, c.number, c.word, unknown)
	case like:
		match := pattern(c.pattern)
		return each(c.operand, b, nil, func(s string) truth { return truthOf(match(s)) }, unknown)
	case isNull:
		never := func(int64) truth { return no }
		return each(c.operand, b, never, func(string) truth { return no }, yes)
	}
	panic("a condition that the parser does not make")
}

func truthOf(b bool) truth {
	if b {
		return yes
	}
	return no
}

// joined evaluates AND and OR: one side that is strong decides.
func joined(left, right condition, b *block, strong truth) ([]truth, error) {
	l, err := holds(left, b)
	if err != nil || !slices.ContainsFunc(l, func(t truth) bool { return t != strong }) {
		return l, err
	}
	r, err := holds(right, b)
	for i := range r {
		switch {
		case l[i] == strong || r[i] == strong:
			l[i] = strong
		case r[i] == unknown:
			l[i] = unknown
		}
	}
	return l, err
}

// each evaluates a test over an operand, of text once for each word.
func each(o operand, b *block, number func(int64) truth, word func(string) truth, null truth) ([]truth, error) {
	v, err := b.vector(o)
	if err != nil {
		return nil, err
	}
	out := make([]truth, b.rows())
	if o.column.Number() {
		for i, n := range v.Ints {
			out[i] = number(n)
		}
		return out, nil
	}
	known := make([]truth, len(v.Words))
	for i, w := range v.Words {
		known[i] = word(w)
	}
	for i, c := range v.Codes {
		if out[i] = null; c != table.Null {
			out[i] = known[c]
		}
	}
	return out, nil
}

func (c compare) number(n int64) truth { return c.judge(cmp.Compare(n, c.value.number)) }

func (c compare) word(s string) truth { return c.judge(cmp.Compare(s, c.value.text)) }

func (c compare) judge(order int) truth {
	if c.value.null {
		return unknown
	}
	switch c.op {
	case "=":
		return truthOf(order == 0)
	case "!=":
		return truthOf(order != 0)
	case "<":
		return truthOf(order < 0)
	case "<=":
		return truthOf(order <= 0)
	case ">":
		return truthOf(order > 0)
	}
	return truthOf(order >= 0)
}

func (c among) number(n int64) truth {
	return c.any(func(l literal) bool { return l.number == n })
}

func (c among) word(s string) truth {
	return c.any(func(l literal) bool { return l.text == s })
}

func (c among) any(same func(literal) bool) truth {
	out := no
	for _, l := range c.values {
		switch {
		case l.null:
			out = unknown
		case same(l):
			return yes
		}
	}
	return out
}
