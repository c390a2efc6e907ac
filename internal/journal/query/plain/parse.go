package plain

import (
	"strconv"
	"strings"

	"github.com/greenlang/fournines/internal/journal/query"
	"github.com/greenlang/fournines/internal/journal/table"
)

// parser reads tokens from the left.
type parser struct {
	sql    string
	tokens []token
	at     int
	depth  int // of brackets and NOTs
}

// deepest bounds how far conditions are nested.
const deepest = 100

// parse reads a question. Its error says what it does not know.
func parse(sql string) (*selection, error) {
	tokens, err := lex(sql)
	if err != nil {
		return nil, err
	}
	p := &parser{sql: sql, tokens: tokens}
	s := &selection{limit: -1}
	if err := p.selection(s); err != nil {
		return nil, err
	}
	p.symbol(";")
	if t := p.peek(); t.sort != end {
		return nil, p.unknown(t, "the end")
	}
	return s, s.check()
}

func (p *parser) peek() token { return p.tokens[p.at] }

func (p *parser) take() token {
	t := p.tokens[p.at]
	if t.sort != end {
		p.at++
	}
	return t
}

// word takes the next token if it is the keyword.
func (p *parser) word(w string) bool {
	if t := p.peek(); t.sort == word && t.text == w {
		p.at++
		return true
	}
	return false
}

func (p *parser) symbol(s string) bool {
	if t := p.peek(); t.sort == symbol && t.text == s {
		p.at++
		return true
	}
	return false
}

// unknown refuses a token.
func (p *parser) unknown(t token, wanted string) error {
	return query.Refuse("%q at byte %d: the plain engine looks for %s there; other SQL needs the DuckDB worker, which is built where a C++ compiler is", t.text, t.at+1, wanted)
}

func (p *parser) need(ok bool, wanted string) error {
	if ok {
		return nil
	}
	return p.unknown(p.peek(), wanted)
}

func (p *parser) selection(s *selection) (err error) {
	if err := p.need(p.word("select"), "SELECT"); err != nil {
		return err
	}
	if t := p.peek(); t.sort == word && t.text == "distinct" {
		return p.unknown(t, "columns (GROUP BY does what SELECT DISTINCT does)")
	}
	if err := p.items(s); err != nil {
		return err
	}
	if err := p.need(p.word("from"), "a comma or FROM"); err != nil {
		return err
	}
	if t := p.take(); (t.sort != word && t.sort != name) || !strings.EqualFold(t.text, "entries") {
		return p.unknown(t, "entries, the only relation there is")
	}
	if p.word("where") {
		if s.where, err = p.condition(); err != nil {
			return err
		}
	}
	if p.word("group") {
		if err := p.groupBy(s); err != nil {
			return err
		}
	}
	if p.word("order") {
		if err := p.orderBy(s); err != nil {
			return err
		}
	}
	if p.word("limit") {
		t := p.take()
		if s.limit, err = strconv.Atoi(t.text); t.sort != number || err != nil {
			return p.unknown(t, "a whole number")
		}
	}
	return nil
}

func (p *parser) items(s *selection) error {
	for {
		if p.symbol("*") {
			for _, c := range table.Columns() {
				s.items = append(s.items, item{operand: operand{column: c}, name: c.String()})
			}
		} else {
			i, err := p.item()
			if err != nil {
				return err
			}
			s.items = append(s.items, i)
		}
		if !p.symbol(",") {
			return nil
		}
	}
}

func (p *parser) item() (item, error) {
	i, err := p.value()
	if err != nil {
		return i, err
	}
	as := p.word("as")
	switch t := p.peek(); {
	case t.sort == name:
		i.name = p.take().text
	case t.sort == word && (as || t.text != "from"):
		i.name = p.sql[t.at:][:len(p.take().text)] // as it was written
	case as:
		return i, p.unknown(t, "a name")
	}
	return i, nil
}

// value reads an operand or an aggregate.
func (p *parser) value() (item, error) {
	of := p.peek()
	if following := p.tokens[min(p.at+1, len(p.tokens)-1)]; of.sort != word || following.sort != symbol || following.text != "(" {
		o, err := p.operand()
		return item{operand: o, name: o.name()}, err
	}
	if of.text != "count" && of.text != "min" && of.text != "max" {
		return item{}, p.unknown(of, "count, min, max or a column")
	}
	p.at += 2
	i := item{of: of.text}
	var err error
	switch {
	case of.text == "count" && p.symbol("*"):
		i.star, i.name = true, "count_star()"
	default:
		i.distinct = of.text == "count" && p.word("distinct")
		if i.operand, err = p.operand(); err != nil {
			return i, err
		}
		i.name = of.text + "(" + i.operand.name() + ")"
		if i.distinct {
			i.name = of.text + "(DISTINCT " + i.operand.name() + ")"
		}
	}
	return i, p.need(p.symbol(")"), "a closing bracket")
}

func (o operand) name() string {
	if o.path == "" {
		return o.column.String()
	}
	return "(" + o.column.String() + " ->> '$." + strings.ReplaceAll(o.path, "\x00", ".") + "')"
}
