package query

import (
	"encoding/json"
	"strconv"
)

// Shown turns an engine's value, nil, an int64 or a text, into an answer's cell.
func Shown(v any, kind string) any {
	n, ok := v.(int64)
	switch {
	case !ok:
		return v
	case kind == Time:
		return Micros(n)
	}
	return json.Number(strconv.FormatInt(n, 10))
}

// Size is about what a row takes in an answer, in bytes.
func Size(row []any) int {
	n := 2
	for _, c := range row {
		switch c := c.(type) {
		case string:
			n += len(c) + 3
		default:
			n += 8
		}
	}
	return n
}

// Take makes rows the answer's, at most limit and at most MaxBytes of them.
func (a *Answer) Take(rows [][]any, limit int) {
	size := 0
	for i, row := range rows {
		if size += Size(row); i == limit || (size > MaxBytes && i > 0) {
			a.Cut = true
			return
		}
		a.Rows = append(a.Rows, row)
	}
}
