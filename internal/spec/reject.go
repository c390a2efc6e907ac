package spec

import (
	"fmt"
	"strings"
)

// maxErrors bounds what one run shows: whoever gave the wrong file sees it in the first
// few, and a large one must not cost more than a small one.
const maxErrors = 20

// fail records an error at the value of a path.
func (d *decoder) fail(path, text, hint string) {
	d.failAt(path, d.at.near(path), d.widths[path], text, hint)
}

func (d *decoder) failAt(path string, at position, width int, text, hint string) {
	if d.failed == nil {
		d.failed = map[string]bool{}
	}
	d.failed[path] = true
	d.add(at, width, path, text, hint)
}

func (d *decoder) add(at position, width int, path, text, hint string) {
	if len(d.errs) == maxErrors {
		d.more++
		return
	}
	d.errs = append(d.errs, d.src.fail(at, width, path, text, hint))
}

// all returns the errors in the file's order, and says how many more there are.
func (d *decoder) all() Errors {
	out := d.errs.sorted()
	if d.more > 0 {
		last := out[len(out)-1]
		out = append(out, Error{File: last.File, Line: last.Line, Column: last.Column, Text: fmt.Sprintf("and %s", count(d.more, "more error")), Hint: "mend these first"})
	}
	return out
}

// reject records a problem, unless it only follows from an error already recorded.
func (d *decoder) reject(p Problem) {
	for _, path := range append([]string{p.Path}, p.Rests...) {
		for f := range d.failed {
			if f == path || strings.HasPrefix(path, f+".") || strings.HasPrefix(path, f+"[") {
				return
			}
		}
	}
	d.add(d.at.near(p.Path), d.widths[p.Path], p.Path, p.Text, p.Hint)
}
