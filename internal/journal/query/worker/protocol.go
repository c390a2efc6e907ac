package worker

import "github.com/greenlang/fournines/internal/journal/query"

// Ask is one question to the worker.
type Ask struct {
	Files   []string `json:"files"` // tables in order
	SQL     string   `json:"sql"`
	Limit   int      `json:"limit"`   // rows
	Seconds float64  `json:"seconds"` // after which it gives up
}

// Reply is the worker's answer: rows, or what is wrong.
type Reply struct {
	Columns []query.Column `json:"columns,omitempty"`
	Rows    [][]any        `json:"rows,omitempty"`
	Cut     bool           `json:"cut,omitempty"`
	Refused string         `json:"refused,omitempty"` // the question is at fault
	Failed  string         `json:"failed,omitempty"`  // the worker or its files are
}
