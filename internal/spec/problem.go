package spec

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// Problem is a value that a platform must not have, whatever file it came from.
type Problem struct {
	Path  string   // of the offending value, for example spec.health.fall
	Text  string   // what is wrong
	Hint  string   // what to do; may be empty
	Rests []string // other paths the judgement rests on; may be empty
}

// Error is one thing that is wrong with a platform file, and where.
type Error struct {
	File    string `json:"file"`
	Line    int    `json:"line"`   // from 1
	Column  int    `json:"column"` // from 1, in characters
	Path    string `json:"path,omitempty"`
	Text    string `json:"text"`
	Hint    string `json:"hint,omitempty"`
	Excerpt string `json:"excerpt,omitempty"` // the lines around it, with a caret
}

// Error prints FILE:LINE:COLUMN, what is wrong, what to do, and the excerpt.
func (e Error) Error() string {
	s := fmt.Sprintf("%s:%d:%d: %s", e.File, e.Line, e.Column, e.Text)
	if e.Hint != "" {
		s += "; " + e.Hint
	}
	if e.Excerpt != "" {
		s += "\n" + e.Excerpt
	}
	return s
}

// Errors is everything that is wrong with a platform file, in the file's order.
type Errors []Error

// Error prints how many there are, and each of them.
func (e Errors) Error() string {
	if len(e) == 1 {
		return e[0].Error()
	}
	var b strings.Builder
	for i, x := range e {
		if i == 0 {
			fmt.Fprintf(&b, "%s is not usable: %d errors", x.File, len(e))
		}
		b.WriteString("\n\n" + x.Error())
	}
	return b.String()
}

func (e Errors) sorted() Errors {
	slices.SortStableFunc(e, func(a, b Error) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return e
}
