package spec

import (
	"fmt"
	"strings"
)

// excerptWidth bounds a line of an excerpt, so that a caret is never out of sight.
const excerptWidth = 100

// excerpt shows the line with a caret of the given width below the column, and the line before it.
func excerpt(text []byte, at position, width int) string {
	lines := strings.Split(string(text), "\n")
	if at.line < 1 || at.line > len(lines) {
		return ""
	}
	var b strings.Builder
	if at.line > 1 {
		fmt.Fprintf(&b, "%6d | %s\n", at.line-1, printable(lines[at.line-2], excerptWidth))
	}
	line, column := window(strings.TrimRight(lines[at.line-1], "\r"), at.column)
	fmt.Fprintf(&b, "%6d | %s\n", at.line, printable(line, excerptWidth))
	b.WriteString("       | ")
	b.WriteString(strings.Repeat(" ", max(0, column-1)) + "^" + strings.Repeat("~", max(0, min(width, excerptWidth-column)-1)))
	return b.String()
}

// window cuts a long line so that the column stays in sight; it returns the column in what is left.
func window(line string, column int) (string, int) {
	r := []rune(line)
	if column <= excerptWidth-20 { // some of what follows stays in sight as well
		return line, column
	}
	from := min(column-60, len(r))
	return "…" + string(r[from:]), column - from + 1
}

// printable keeps one column per character, and control characters away from the terminal.
func printable(s string, most int) string {
	out := make([]rune, 0, most)
	for _, c := range s {
		if len(out) == most {
			return string(out) + "…"
		}
		switch {
		case c == '\t':
			c = ' '
		case c < ' ' || c == 0x7f || (c >= 0x80 && c < 0xa0) || c == '\uFFFD':
			c = '?'
		}
		out = append(out, c)
	}
	return strings.TrimRight(string(out), " ")
}
