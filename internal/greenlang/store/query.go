package store

import (
	"strconv"
	"strings"
)

// query collects the conditions of a list. Conditions are constants of this
// package with a ? for each value; values are always bound, never written in.
type query struct {
	conditions []string
	args       []any
}

func (q *query) where(condition string, values ...any) {
	var b strings.Builder
	for i, part := range strings.Split(condition, "?") {
		if i > 0 {
			q.args = append(q.args, values[i-1]) //nolint:gosec // a value for each ?, by the callers of this package
			b.WriteString("$" + strconv.Itoa(len(q.args)))
		}
		b.WriteString(part)
	}
	q.conditions = append(q.conditions, b.String())
}

func (q *query) sql(head, order string, limit int) string {
	if len(q.conditions) > 0 {
		head += " WHERE " + strings.Join(q.conditions, " AND ")
	}
	return head + " " + order + " LIMIT " + strconv.Itoa(limit)
}
