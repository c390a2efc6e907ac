package plain

import (
	"strings"

	"github.com/greenlang/fournines/internal/journal/query"
	"github.com/greenlang/fournines/internal/journal/table"
)

// operand reads a column, or a field of its JSON.
func (p *parser) operand() (operand, error) {
	t := p.take()
	if t.sort != word && t.sort != name {
		return operand{}, p.unknown(t, "a column")
	}
	c, ok := table.Named(strings.ToLower(t.text))
	if !ok {
		return operand{}, query.Refuse("%q at byte %d is no column the plain engine knows; entries has index, time, nanos, kind, subject, operation, actor, reason, trace, approval, data and hash", t.text, t.at+1)
	}
	o := operand{column: c}
	if !p.symbol("->>") {
		return o, nil
	}
	path := p.take()
	if path.sort != text || c != table.Data {
		return o, p.unknown(path, "data->>'$.field'")
	}
	rest, rooted := strings.CutPrefix(path.text, "$.")
	if !rooted && strings.ContainsAny(path.text, ".$/") {
		return o, p.unknown(path, "a path such as '$.field' or '$.field.inner'")
	}
	for _, field := range strings.Split(rest, ".") {
		if field == "" || strings.ContainsAny(field, "\x00[]*\"\\") {
			return o, p.unknown(path, "a path such as '$.field' or '$.field.inner'")
		}
	}
	o.path = strings.ReplaceAll(rest, ".", "\x00")
	return o, nil
}

// condition reads conditions joined by OR.
func (p *parser) condition() (condition, error) {
	p.depth++
	defer func() { p.depth-- }()
	if p.depth > deepest {
		return nil, query.Refuse("conditions are nested more than %d deep", deepest)
	}
	left, err := p.conjunction()
	for err == nil && p.word("or") {
		var right condition
		right, err = p.conjunction()
		left = either{left, right}
	}
	return left, err
}

func (p *parser) conjunction() (condition, error) {
	left, err := p.negation()
	for err == nil && p.word("and") {
		var right condition
		right, err = p.negation()
		left = both{left, right}
	}
	return left, err
}

func (p *parser) negation() (condition, error) {
	negated := false
	for p.word("not") {
		negated = !negated
	}
	c, err := p.primary()
	if negated {
		c = not{c}
	}
	return c, err
}

func (p *parser) primary() (condition, error) {
	if p.symbol("(") {
		c, err := p.condition()
		if err != nil {
			return nil, err
		}
		return c, p.need(p.symbol(")"), "a closing bracket")
	}
	if t := p.peek(); t.sort == text || t.sort == number || (t.sort == symbol && t.text == "-") {
		return p.turned()
	}
	o, err := p.operand()
	if err != nil {
		return nil, err
	}
	return p.predicate(o)
}

// turned reads a comparison whose literal comes first.
func (p *parser) turned() (condition, error) {
	start := p.at
	p.symbol("-")
	p.take()
	op := p.take()
	flipped, ok := map[string]string{"=": "=", "!=": "!=", "<>": "!=", "<": ">", "<=": ">=", ">": "<", ">=": "<="}[op.text]
	if op.sort != symbol || !ok {
		return nil, p.unknown(op, "a comparison")
	}
	o, err := p.operand()
	if err != nil {
		return nil, err
	}
	behind := p.at
	p.at = start
	value, err := p.literal(o)
	p.at = behind
	return compare{o, flipped, value}, err
}

func (p *parser) predicate(o operand) (condition, error) {
	t := p.take()
	if t.sort == symbol {
		op := map[string]string{"<>": "!="}[t.text]
		if op == "" {
			op = t.text
		}
		if !strings.Contains(" = != < <= > >= ", " "+op+" ") {
			return nil, p.unknown(t, "a comparison")
		}
		value, err := p.literal(o)
		return compare{o, op, value}, err
	}
	if t.sort == word && t.text == "is" {
		negated := p.word("not")
		err := p.need(p.word("null"), "NULL")
		if negated {
			return not{isNull{o}}, err
		}
		return isNull{o}, err
	}
	negated := t.sort == word && t.text == "not"
	if negated {
		t = p.take()
	}
	c, err := p.set(o, t)
	if negated {
		c = not{c}
	}
	return c, err
}

// set reads IN, LIKE or BETWEEN.
func (p *parser) set(o operand, t token) (condition, error) {
	switch {
	case t.sort == word && t.text == "in":
		return p.among(o)
	case t.sort == word && t.text == "like":
		pattern := p.take()
		if pattern.sort != text || o.kind() != query.Text {
			return nil, p.unknown(pattern, "a pattern for a column of text")
		}
		return like{o, pattern.text}, nil
	case t.sort == word && t.text == "between":
		low, err := p.literal(o)
		if err != nil {
			return nil, err
		}
		if err := p.need(p.word("and"), "AND"); err != nil {
			return nil, err
		}
		high, err := p.literal(o)
		return both{compare{o, ">=", low}, compare{o, "<=", high}}, err
	}
	return nil, p.unknown(t, "a comparison, IS NULL, IN, LIKE or BETWEEN")
}

func (p *parser) among(o operand) (condition, error) {
	if err := p.need(p.symbol("("), "an opening bracket"); err != nil {
		return nil, err
	}
	out := among{operand: o}
	for {
		v, err := p.literal(o)
		if err != nil {
			return nil, err
		}
		out.values = append(out.values, v)
		if !p.symbol(",") {
			return out, p.need(p.symbol(")"), "a comma or a closing bracket")
		}
	}
}
