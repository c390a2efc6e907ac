package query

import (
	"bytes"
	"encoding/json"
	"fmt"

	"github.com/greenlang/fournines/internal/journal"
)

// Bounds of an answer.
const (
	DefaultLimit = 1_000
	MaxLimit     = 100_000
	MaxProofs    = 1_000    // rows that are proved at once
	MaxBytes     = 64 << 20 // of an answer's cells
	MaxSQL       = 16 << 10 // bytes of a question
)

// Question is one SELECT over entries.
type Question struct {
	SQL   string
	Limit int // rows; 0: DefaultLimit
}

// Checked returns the question with its defaults, or says what is wrong with it.
func (q Question) Checked() (Question, error) {
	if q.Limit == 0 {
		q.Limit = DefaultLimit
	}
	switch {
	case q.Limit < 1 || q.Limit > MaxLimit:
		return q, Refuse("the limit is %d; an answer has 1 to %d rows", q.Limit, MaxLimit)
	case q.SQL == "":
		return q, Refuse("the question is empty; ask for example: select kind, count(*) from entries group by kind")
	case len(q.SQL) > MaxSQL:
		return q, Refuse("the question has %d bytes, the bound is %d", len(q.SQL), MaxSQL)
	}
	return q, nil
}

// The types of columns. In JSON an integer and a number are numbers, a time is RFC 3339 in
// UTC with microseconds, everything else is text; null is null.
const (
	Integer = "integer"
	Number  = "number"
	Boolean = "boolean"
	Time    = "time"
	Text    = "text"
)

// TimeFormat is how an answer writes times.
const TimeFormat = "2006-01-02T15:04:05.000000Z"

// Column is a column of an answer.
type Column struct {
	Name string `json:"name"`
	Type string `json:"type" enum:"integer,number,boolean,time,text"`
}

// Answer is what was found.
type Answer struct {
	Engine  string          `json:"engine"` // always duckdb, the only one
	Columns []Column        `json:"columns"`
	Rows    [][]any         `json:"rows"` // nil, json.Number, bool or string
	Cut     bool            `json:"cut"`  // there are more rows
	Seconds float64         `json:"seconds"`
	Head    uint64          `json:"head"`             // entries that it covers
	Proofs  []journal.Proof `json:"proofs,omitempty"` // of the row at the same place
}

// UnmarshalJSON keeps numbers as they are written: an integer may be larger than a float64
// can tell.
func (a *Answer) UnmarshalJSON(b []byte) error {
	type bare Answer
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	return d.Decode((*bare)(a))
}

// RefusedError says what is wrong with a question.
type RefusedError struct{ Reason string }

func (e *RefusedError) Error() string { return e.Reason }

// Refuse returns a [RefusedError].
func Refuse(format string, args ...any) error {
	return &RefusedError{fmt.Sprintf(format, args...)}
}
