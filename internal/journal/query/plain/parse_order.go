package plain

import (
	"strconv"
	"strings"

	"github.com/greenlang/fournines/internal/journal/query"
	"github.com/greenlang/fournines/internal/journal/table"
)

// groupBy reads names, positions and names that items were given.
func (p *parser) groupBy(s *selection) error {
	if err := p.need(p.word("by"), "BY"); err != nil {
		return err
	}
	for {
		at, err := p.position(s, true)
		if err != nil {
			return err
		}
		switch {
		case at >= 0 && s.items[at].of != "":
			return query.Refuse("GROUP BY cannot use %s: it is made of the groups", s.items[at].name)
		case at >= 0:
			s.group = append(s.group, s.items[at].operand)
		default:
			o, err := p.operand()
			if err != nil {
				return err
			}
			s.group = append(s.group, o)
		}
		if !p.symbol(",") {
			return nil
		}
	}
}

// position takes an item by its place or by the name that it was given; -1 for neither.
// With columns, a column of that name goes before.
func (p *parser) position(s *selection, columns bool) (int, error) {
	t := p.peek()
	if t.sort == number {
		p.at++
		n, err := strconv.Atoi(t.text)
		if err != nil || n < 1 || n > len(s.items) {
			return -1, query.Refuse("%q at byte %d is not the place of a column: there are %d", t.text, t.at+1, len(s.items))
		}
		return n - 1, nil
	}
	following := p.tokens[min(p.at+1, len(p.tokens)-1)]
	if (t.sort != word && t.sort != name) || (following.sort == symbol && (following.text == "(" || following.text == "->>")) {
		return -1, nil
	}
	if _, own := table.Named(t.text); own && columns {
		return -1, nil
	}
	for i, x := range s.items {
		if strings.EqualFold(x.name, t.text) {
			p.at++
			return i, nil
		}
	}
	return -1, nil
}

func (p *parser) orderBy(s *selection) error {
	if err := p.need(p.word("by"), "BY"); err != nil {
		return err
	}
	for {
		o, err := p.key(s)
		if err != nil {
			return err
		}
		if !p.word("asc") {
			o.descending = p.word("desc")
		}
		if p.word("nulls") {
			o.nullsFirst = p.word("first")
			if !o.nullsFirst {
				if err := p.need(p.word("last"), "FIRST or LAST"); err != nil {
					return err
				}
			}
		}
		s.order = append(s.order, o)
		if !p.symbol(",") {
			return nil
		}
	}
}

func (p *parser) key(s *selection) (order, error) {
	at, err := p.position(s, false)
	if err != nil || at >= 0 {
		return order{item: at}, err
	}
	v, err := p.value()
	if err != nil {
		return order{}, err
	}
	for i, x := range s.items {
		if x.operand == v.operand && x.of == v.of && x.distinct == v.distinct && x.star == v.star {
			return order{item: i}, nil
		}
	}
	if v.of != "" {
		return order{}, query.Refuse("ORDER BY %s needs that it is selected too", v.name)
	}
	return order{item: -1, operand: v.operand}, nil
}

// check refuses columns that are neither grouped by nor put together.
func (s *selection) check() error {
	if !s.aggregates() {
		return nil
	}
	grouped := map[operand]bool{}
	for _, o := range s.group {
		grouped[o] = true
	}
	for _, i := range s.items {
		if i.of == "" && !grouped[i.operand] {
			return query.Refuse("%s is neither in GROUP BY nor inside count, min or max", i.name)
		}
	}
	for _, o := range s.order {
		if o.item < 0 {
			return query.Refuse("ORDER BY %s needs that it is selected too", o.operand.name())
		}
	}
	return nil
}
