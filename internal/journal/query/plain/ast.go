package plain

import (
	"strings"

	"github.com/greenlang/fournines/internal/journal/query"
	"github.com/greenlang/fournines/internal/journal/table"
)

// selection is a question as it was understood.
type selection struct {
	items []item
	where condition // nil: every row
	group []operand
	order []order
	limit int // -1: none
}

// aggregates tells whether rows are put together.
func (s *selection) aggregates() bool {
	for _, i := range s.items {
		if i.of != "" {
			return true
		}
	}
	return len(s.group) > 0
}

// operand is a column, or a field of its JSON.
type operand struct {
	column table.Column
	path   string // joined by NUL bytes; "": the column itself
}

func (o operand) kind() string {
	switch {
	case o.column == table.Time:
		return query.Time
	case o.column.Number():
		return query.Integer
	}
	return query.Text
}

func (o operand) fields() []string { return strings.Split(o.path, "\x00") }

// item is one column of the answer.
type item struct {
	operand
	name     string
	of       string // count, min or max; "": the operand's own value
	distinct bool
	star     bool // count(*)
}

func (i *item) kind() string {
	if i.of == "count" {
		return query.Integer
	}
	return i.operand.kind()
}

// order is one key of the answer's order: an item, or an operand that is not shown.
type order struct {
	item       int // -1: operand
	operand    operand
	descending bool
	nullsFirst bool
}

// condition is what a row must fulfil.
type condition interface{ isCondition() }

type (
	both   struct{ left, right condition }
	either struct{ left, right condition }
	not    struct{ inner condition }
	// compare holds an operand against a literal.
	compare struct {
		operand
		op    string // = != < <= > >=
		value literal
	}
	among struct {
		operand
		values []literal
	}
	like struct {
		operand
		pattern string
	}
	isNull struct{ operand }
)

func (both) isCondition()    {}
func (either) isCondition()  {}
func (not) isCondition()     {}
func (compare) isCondition() {}
func (among) isCondition()   {}
func (like) isCondition()    {}
func (isNull) isCondition()  {}

// literal is an integer, a time in microseconds, or a text, as its operand needs it; or null.
type literal struct {
	null   bool
	number int64
	text   string
}
