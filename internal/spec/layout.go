package spec

import (
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml/token"
)

// maxDepth bounds how deep things may be inside each other; a platform file needs six.
const maxDepth = 32

// maxTokens bounds the work of the YAML parser, which grows with the square of a
// mapping's length; the 200 regions that addresses leave room for take a quarter of it.
const maxTokens = 40000

// lines finds what no file of ours has, before any parser sees the text: tabs that
// indent and control characters. It returns an empty text when all is well.
func (s source) lines() (at position, text, hint string) {
	for i, line := range strings.Split(string(s.text), "\n") {
		body := strings.TrimLeft(line, " ")
		if strings.HasPrefix(body, "\t") && strings.TrimSpace(body) != "" {
			return position{i + 1, len(line) - len(body) + 1}, "a tab indents this line", "yaml indents with spaces only"
		}
		if n := control(line); n >= 0 {
			return position{i + 1, utf8.RuneCountInString(line[:n]) + 1}, "this is a control character", "delete it; a " + s.form.File + " is plain text"
		}
	}
	return at, "", ""
}

// control returns the offset of the first control character that is neither a tab nor
// the carriage return at a line's end, or -1.
func control(line string) int {
	for n, c := range line {
		if (c < ' ' && c != '\t' && (c != '\r' || n != len(line)-1)) || c == 0x7f {
			return n
		}
	}
	return -1
}

// refuse finds what would let a short text grow or a parser recurse without end. Every
// value of a platform is written where it is used, so that a line can be trusted to
// say all there is to know about it; that alone defuses documents that expand.
func (s source) refuse(tokens token.Tokens) *Error {
	flow, row, line := 0, 0, 0
	for i, t := range tokens {
		at := position{max(1, t.Position.Line), max(1, t.Position.Column)}
		if at.line != line {
			row, line = 0, at.line
		}
		text := ""
		switch t.Type {
		case token.SequenceStartType, token.MappingStartType:
			flow++
		case token.SequenceEndType, token.MappingEndType:
			flow--
		case token.SequenceEntryType, token.MappingKeyType, token.MappingValueType:
			row++
		case token.CollectEntryType:
			row = 0
		case token.AnchorType, token.AliasType, token.MergeKeyType:
			text = "anchors, aliases and merges are not part of a " + s.form.File
		case token.TagType, token.DirectiveType:
			text = "tags and directives are not part of a " + s.form.File
		}
		if flow > maxDepth || row > maxDepth {
			text = "things are too deep inside each other here"
		}
		if i == maxTokens {
			text = "this is more than a " + s.form.File + " holds"
		}
		if text != "" {
			e := s.fail(at, 1, "", text, "write each value out where it belongs")
			return &e
		}
	}
	return nil
}
