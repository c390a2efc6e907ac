package plain

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/greenlang/fournines/internal/journal/query"
)

type sort int

const (
	end  sort = iota
	word      // a name or keyword, in lower case
	name      // a "quoted" name
	text      // a 'string'
	number
	symbol
)

type token struct {
	sort sort
	text string
	at   int // byte of the question
}

// lex splits a question into tokens; the last one is end.
func lex(s string) ([]token, error) {
	if !utf8.ValidString(s) {
		return nil, query.Refuse("the question is not UTF-8")
	}
	var out []token
	for i := 0; ; {
		i = space(s, i)
		if i >= len(s) {
			return append(out, token{end, "the end", len(s)}), nil
		}
		t, n, err := next(s, i)
		if err != nil {
			return nil, err
		}
		out, i = append(out, t), n
	}
}

// space skips white space and comments.
func space(s string, i int) int {
	for i < len(s) {
		switch {
		case strings.HasPrefix(s[i:], "--"):
			n := strings.IndexByte(s[i:], '\n')
			if n < 0 {
				return len(s)
			}
			i += n + 1
		case s[i] == ' ' || s[i] == '\t' || s[i] == '\n' || s[i] == '\r':
			i++
		default:
			return i
		}
	}
	return i
}

func next(s string, i int) (token, int, error) {
	switch c := s[i]; {
	case c == '\'' || c == '"':
		return quoted(s, i)
	case c >= '0' && c <= '9':
		n := i
		for n < len(s) && (s[n] >= '0' && s[n] <= '9' || letter(rune(s[n])) || s[n] == '.') {
			n++
		}
		return token{number, s[i:n], i}, n, nil
	case letter(rune(c)) || c >= utf8.RuneSelf:
		n := i
		for n < len(s) {
			r, size := utf8.DecodeRuneInString(s[n:])
			if !letter(r) && (r < '0' || r > '9') {
				break
			}
			n += size
		}
		if n == i {
			return token{}, 0, query.Refuse("character %q at byte %d is not understood", s[i:i+1], i+1)
		}
		return token{word, lower(s[i:n]), i}, n, nil
	}
	for _, op := range []string{"->>", "<=", ">=", "<>", "!="} {
		if strings.HasPrefix(s[i:], op) {
			return token{symbol, op, i}, i + len(op), nil
		}
	}
	if strings.ContainsRune("(),*=<>;-.+", rune(s[i])) {
		return token{symbol, s[i : i+1], i}, i + 1, nil
	}
	return token{}, 0, query.Refuse("character %q at byte %d is not one that the plain engine knows; the DuckDB worker knows more, where it was built", s[i:i+1], i+1)
}

func letter(r rune) bool { return r == '_' || unicode.IsLetter(r) }

// quoted reads a string or a quoted name; a doubled quote stands for itself.
func quoted(s string, i int) (token, int, error) {
	q, kind := s[i], text
	if q == '"' {
		kind = name
	}
	var b strings.Builder
	for n := i + 1; n < len(s); n++ {
		if s[n] != q {
			b.WriteByte(s[n])
			continue
		}
		if n+1 < len(s) && s[n+1] == q {
			b.WriteByte(q)
			n++
			continue
		}
		return token{kind, b.String(), i}, n + 1, nil
	}
	return token{}, 0, query.Refuse("the quote at byte %d is never closed", i+1)
}

// lower puts ASCII letters into lower case; the length stays.
func lower(s string) string {
	return strings.Map(func(r rune) rune {
		if r >= 'A' && r <= 'Z' {
			return r + 'a' - 'A'
		}
		return r
	}, s)
}
