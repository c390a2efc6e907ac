package spec

import (
	"bytes"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/lexer"
	"github.com/goccy/go-yaml/parser"
)

// source is the text of a file of ours.
type source struct {
	form Form
	name string
	text []byte
}

func newSource(f Form, name string, b []byte) source {
	// Some editors mark UTF-8 with three bytes of their own; they are no part of the text.
	return source{form: f, name: name, text: bytes.TrimPrefix(b, []byte("\ufeff"))}
}

// fail describes something wrong at a place of the file; width is the caret's.
func (s source) fail(at position, width int, path, text, hint string) Error {
	return Error{File: s.name, Line: at.line, Column: at.column, Path: path, Text: text, Hint: hint, Excerpt: excerpt(s.text, at, width)}
}

// parse returns the root of the only document in the text.
func (s source) parse() (root ast.Node, bad *Error) {
	if bad = s.check(); bad != nil {
		return nil, bad
	}
	defer func() {
		// The YAML parser is not ours; text it trips over is the text's fault to the user.
		if r := recover(); r != nil {
			e := s.fail(position{1, 1}, 1, "", "this is not YAML that can be read", "simplify it until it can; "+s.form.Shown)
			root, bad = nil, &e
		}
	}()
	tokens := lexer.Tokenize(string(s.text))
	if bad = s.refuse(tokens); bad != nil {
		return nil, bad
	}
	f, err := parser.Parse(tokens, 0, parser.AllowDuplicateMapKey())
	if err != nil {
		return nil, s.syntax(err)
	}
	return s.only(f)
}

// only returns the root of the file's single document.
func (s source) only(f *ast.File) (ast.Node, *Error) {
	var root ast.Node
	for _, d := range f.Docs {
		if d.Body == nil || d.Body.Type() == ast.NullType || d.Body.Type() == ast.CommentType {
			continue
		}
		if root != nil {
			e := s.fail(place(d.Body), 1, "", "a second document begins here; a "+s.form.File+" holds one", "split the file")
			return nil, &e
		}
		root = d.Body
	}
	if root == nil {
		e := s.fail(position{1, 1}, 0, "", "the document is empty", fmt.Sprintf("a %s begins with apiVersion: %s and kind: %s", s.form.File, APIVersion, s.form.Kind))
		e.Excerpt = ""
		return nil, &e
	}
	return root, nil
}

// syntax turns an error of the YAML parser into ours.
func (s source) syntax(err error) *Error {
	at, text := position{1, 1}, err.Error()
	if y, ok := errors.AsType[yaml.Error](err); ok {
		text = y.GetMessage()
		if t := y.GetToken(); t != nil && t.Position != nil {
			at = position{max(1, t.Position.Line), max(1, t.Position.Column)}
		}
	}
	e := s.fail(at, 1, "", "cannot read as yaml: "+strings.ToLower(strings.TrimSpace(text)), "")
	return &e
}

// check refuses, before any parser sees it, text that is none of our files or
// would make a parser run for long.
func (s source) check() *Error {
	var at position
	var text, hint string
	switch {
	case len(s.text) > MaxBytes:
		e := Error{File: s.name, Line: 1, Column: 1, Text: fmt.Sprintf("the file is larger than %d KiB", MaxBytes>>10), Hint: s.form.Size + "; is this the right file?"}
		return &e
	case !utf8.Valid(s.text):
		at, text, hint = s.where(invalid(s.text)), "this is not valid UTF-8", "save the file as UTF-8"
	default:
		at, text, hint = s.lines()
	}
	if text == "" {
		return nil
	}
	e := s.fail(at, 1, "", text, hint)
	return &e
}

// invalid returns the offset of the first byte that is not UTF-8.
func invalid(b []byte) int {
	n := 0
	for n < len(b) {
		r, size := utf8.DecodeRune(b[n:])
		if r == utf8.RuneError && size == 1 {
			return n
		}
		n += size
	}
	return n
}

// where returns the place of a byte.
func (s source) where(offset int) position {
	before := s.text[:offset]
	start := bytes.LastIndexByte(before, '\n') + 1
	return position{bytes.Count(before, []byte{'\n'}) + 1, utf8.RuneCount(before[start:]) + 1}
}
