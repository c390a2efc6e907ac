package plain

import (
	"encoding/json"
	"errors"
	"os"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/greenlang/fournines/internal/journal/query"
	"github.com/greenlang/fournines/internal/journal/query/querytest"
)

// Any text is answered or refused, never a panic and never another kind of error.
func FuzzAnswer(f *testing.F) {
	b, err := os.ReadFile("../querytest/testdata/answers.txt")
	if err != nil {
		f.Fatal(err)
	}
	seeds := 0
	for _, part := range strings.Split(string(b), "\n\n") {
		if question, _, ok := strings.Cut(part, "\n----"); ok {
			_, sql, _ := strings.Cut(question, "\n")
			f.Add(sql)
			seeds++
		}
	}
	if seeds < 60 {
		f.Fatalf("only %d seeds", seeds)
	}
	s := querytest.New(f, 60).Snapshot(f)
	f.Fuzz(func(t *testing.T, sql string) {
		a, err := Engine{}.Answer(t.Context(), query.Question{SQL: sql}, s)
		if err != nil {
			if !errors.As(err, new(*query.RefusedError)) {
				t.Fatal(err)
			}
			return
		}
		for _, row := range a.Rows {
			if len(row) != len(a.Columns) {
				t.Fatalf("%d cells in %d columns", len(row), len(a.Columns))
			}
		}
		if _, err := json.Marshal(a); err != nil {
			t.Fatal(err)
		}
	})
}

// A field is what a whole JSON decoder finds, as far as that can tell.
func FuzzLookup(f *testing.F) {
	f.Add(`{"a":{"b":"c\"\u00e9"},"x":[1,{"a":2}],"n":null}`, "a", "b")
	f.Add(`{"a":"b"}`, "a", "")
	f.Add(`[{"a":1}]`, "a", "b")
	f.Fuzz(func(t *testing.T, data, first, second string) {
		path := []string{first}
		if second != "" {
			path = append(path, second)
		}
		if !utf8.ValidString(data) { // no table has such text
			return
		}
		if !json.Valid([]byte(data)) {
			_ = value(data, 0) // must return
			return
		}
		got, ok := lookup(strings.TrimSpace(data), path)
		var whole any
		if err := json.Unmarshal([]byte(data), &whole); err != nil {
			t.Skip()
		}
		for _, p := range path {
			m, is := whole.(map[string]any)
			if !is || strings.Count(data, ":") > len(m)+1 { // names may come twice: then the first counts here
				return
			}
			whole = m[p]
		}
		if want, text := whole.(string); text && (!ok || got != want) {
			t.Fatalf("%v of %s is %q, want %q", path, data, got, want)
		}
	})
}

func TestLike(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		text, pattern string
		want          bool
	}{
		{"", "", true}, {"", "%", true}, {"a", "", false}, {"abc", "a%c", true}, {"abc", "_b_", true}, {"abc", "%%%", true},
		{"日本", "__", true}, {"日本", "_", false}, {"日本x", "%x", true}, {"aXbXc", "a%X%c", true}, {"mississippi", "%iss%ip%", true}, {"abc", "abcd", false}, {"a%c", "a%", true},
	} {
		if got := matches(c.text, c.pattern); got != c.want {
			t.Errorf("%q like %q is %v", c.text, c.pattern, got)
		}
	}
}
