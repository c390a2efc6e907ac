package plain

import (
	"strconv"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/journal/query"
)

// layouts are how a time may be written; without an offset it is UTC.
func layouts() []string {
	return []string{"2006-01-02", "2006-01-02T15:04", "2006-01-02T15:04:05", "2006-01-02T15:04Z07:00", "2006-01-02T15:04:05Z07:00", "2006-01-02T15:04:05Z07"}
}

// parseTime reads a time literal, to the microsecond.
func parseTime(s string) (int64, error) {
	t := strings.TrimSpace(s)
	if len(t) > 10 && t[10] == ' ' {
		t = t[:10] + "T" + t[11:]
	}
	for _, layout := range layouts() {
		if at, err := time.Parse(layout, t); err == nil {
			if at.Nanosecond()%1000 != 0 {
				return 0, query.Refuse("the time %q is more exact than a microsecond, which the column time is not", s)
			}
			return at.UnixMicro(), nil
		}
	}
	return 0, query.Refuse("%q is not a time; write one as 2026-03-01 or 2026-03-01T12:00:00Z", s)
}

// literal reads what an operand is held against.
func (p *parser) literal(o operand) (literal, error) {
	t := p.take()
	if t.sort == word && (t.text == "timestamp" || t.text == "timestamptz" || t.text == "date") && p.peek().sort == text {
		if o.kind() != query.Time {
			return literal{}, query.Refuse("%s is compared with a time at byte %d; only the column time is one", o.column, t.at+1)
		}
		t = p.take()
	}
	negative := t.sort == symbol && t.text == "-"
	if negative {
		t = p.take()
	}
	switch {
	case t.sort == word && t.text == "null" && !negative:
		return literal{null: true}, nil
	case t.sort == text && !negative && o.kind() == query.Text:
		return literal{text: t.text}, nil
	case t.sort == text && !negative && o.kind() == query.Time:
		n, err := parseTime(t.text)
		return literal{number: n}, err
	case t.sort == number && o.kind() == query.Integer:
		n, err := strconv.ParseInt(t.text, 10, 64)
		if err != nil {
			return literal{}, query.Refuse("%s is compared with %q at byte %d, which is no whole number", o.column, t.text, t.at+1)
		}
		if negative {
			n = -n
		}
		return literal{number: n}, nil
	case t.sort == number || t.sort == text:
		return literal{}, query.Refuse("%s holds %s, and %q at byte %d is not that", o.column, wanted(o.kind()), t.text, t.at+1)
	}
	return literal{}, p.unknown(t, "a literal")
}

func wanted(kind string) string {
	switch kind {
	case query.Integer:
		return "whole numbers such as 42"
	case query.Time:
		return "times such as '2026-03-01T12:00:00Z'"
	}
	return "text such as 'postgres'"
}
