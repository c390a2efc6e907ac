package pgbackrest

import (
	"strconv"
	"strings"
	"unicode"
)

// message is one entry of pgBackRest's log, as it writes it to standard error.
type message struct {
	level string // ERROR, WARN, INFO, DETAIL
	code  int    // of an error
	text  string // lines after the first are its details
}

// The bounds of what is kept of a log. A wrong passphrase makes a message of noise.
const (
	mostText  = 4 << 10
	mostLines = 64
)

var levels = []string{"ERROR", "WARN", "INFO", "DETAIL", "DEBUG", "TRACE"}

// parseMessage reads the line that begins an entry: "ERROR: [055]: text", "INFO: text". A line
// that begins none belongs to the one before.
func parseMessage(line string) (m message, begins bool) {
	for _, level := range levels {
		rest, ok := strings.CutPrefix(line, level+": ")
		if !ok {
			continue
		}
		m = message{level: level, text: printable(rest)}
		if inner, ok := strings.CutPrefix(rest, "["); ok && level == "ERROR" {
			digits, text, ok := strings.Cut(inner, "]: ")
			if code, err := strconv.Atoi(digits); ok && err == nil && code > 0 && code < 256 {
				m.code, m.text = code, printable(text)
			}
		}
		return m, true
	}
	return message{}, false
}

// printable keeps what a person can read, within the bound.
func printable(s string) string {
	s = strings.TrimSpace(strings.Map(func(r rune) rune {
		if r == unicode.ReplacementChar || !unicode.IsPrint(r) {
			return -1
		}
		return r
	}, strings.ToValidUTF8(s, "")))
	for i := range s {
		if i > mostText {
			return s[:i] + "…"
		}
	}
	return s
}

// record reads what a verb says entry by entry, hands each to whoever follows, and keeps the
// first error, which caused the others.
type record struct {
	follow func(message) // may be nil
	first  message
	open   message
}

func (r *record) line(line string) {
	if m, begins := parseMessage(line); begins {
		r.end()
		r.open = m
		return
	}
	if text := printable(line); r.open.level != "" && text != "" && len(r.open.text)+len(text) < mostText {
		r.open.text += "\n" + text
	}
}

// end closes the entry that is open.
func (r *record) end() {
	m := r.open
	r.open = message{}
	if m.level == "ERROR" && r.first.level == "" {
		r.first = m
	}
	if m.level != "" && r.follow != nil {
		r.follow(m)
	}
}

// printableLines is printable of each line.
func printableLines(s string) string {
	var out []string
	for line := range strings.Lines(s) {
		if line = printable(line); line != "" && len(out) < mostLines {
			out = append(out, line)
		}
	}
	return strings.Join(out, "\n")
}
