package app

import (
	"bytes"
	"encoding/json"
	"flag"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"slices"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/platformtest/strict"
)

const (
	golden = "testdata/openapi.json"
	meant  = "testdata/narrowed.txt" // what was taken away on purpose, a line each
)

var update = flag.Bool("update", false, "rewrite "+golden)

// What programs are promised is in one file, in which a reviewer sees every change of it.
func TestOpenAPI(t *testing.T) {
	t.Parallel()
	mux := http.NewServeMux()
	var s ServerApp // nothing is asked of it: only the document is read
	routes, _ := s.opened()
	api.Mount(mux, "test", routes...)
	answer := httptest.NewRecorder()
	mux.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/openapi.json", nil))
	var got bytes.Buffer
	if err := json.Indent(&got, answer.Body.Bytes(), "", "  "); err != nil {
		t.Fatalf("%d: %v", answer.Code, err)
	}
	got.WriteByte('\n')
	if *update {
		if err := os.WriteFile(golden, got.Bytes(), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got.Bytes(), want) {
		t.Errorf("the API is not what %s says: go test ./internal/app -run OpenAPI -update, and read the difference. It breaks at:\n%s", golden, strings.Join(narrowed("", document(t, want), document(t, got.Bytes())), "\n"))
	}
}

// Programs that were written for the commit before go on working with this one.
func TestOpenAPIOnlyGrows(t *testing.T) {
	t.Parallel()
	now, err := os.ReadFile(golden)
	if err != nil {
		t.Fatal(err)
	}
	before, err := committed(t, "HEAD")
	if err == nil && bytes.Equal(before, now) { // it is committed: compare with what was
		before, err = committed(t, "HEAD~1")
	}
	if err != nil {
		strict.Skip(t, "that the API takes nothing away from programs", fmt.Errorf("cannot compare with the commit before, outside git or in a clone too shallow (fetch two commits): %w", err))
	}
	if before == nil {
		return // the commit before has no such file
	}
	purpose, err := os.ReadFile(meant)
	if err != nil {
		t.Fatal(err)
	}
	for _, what := range narrowed("", document(t, before), document(t, now)) {
		if !strings.Contains("\n"+string(purpose), "\n"+what+": ") {
			t.Errorf("%s. Programs rely on it. If it is meant, write into internal/app/%s the line\n%s: WHY, AND WHAT PROGRAMS DO INSTEAD", what, meant, what)
		}
	}
}

// committed returns the golden of a commit; nil if the commit is there and the file is not.
func committed(t *testing.T, commit string) ([]byte, error) {
	t.Helper()
	if out, err := exec.CommandContext(t.Context(), "git", "cat-file", "-e", commit+"^{commit}").CombinedOutput(); err != nil {
		return nil, fmt.Errorf("git has no %s: %w %s", commit, err, bytes.TrimSpace(out))
	}
	out, err := exec.CommandContext(t.Context(), "git", "show", commit+":./"+golden).Output() //nolint:gosec // ours
	if err != nil {
		return nil, nil //nolint:nilerr // see above
	}
	return out, nil
}

func document(t *testing.T, b []byte) map[string]any {
	t.Helper()
	var d map[string]any
	if err := json.Unmarshal(b, &d); err != nil {
		t.Fatal(err)
	}
	return d
}

var (
	words  = []string{"description", "title", "summary", "operationId", "examples", "example", "info", "tags", "servers", "deprecated"} // for readers
	limits = []string{"minimum", "maximum", "minLength", "maxLength", "minItems", "maxItems", "pattern", "additionalProperties", "exclusiveMinimum", "exclusiveMaximum"}
)

// narrowed lists what a document takes away from programs that know the one before.
func narrowed(at string, before, now map[string]any) (out []string) {
	say := func(format string, args ...any) { out = append(out, at+" "+fmt.Sprintf(format, args...)) }
	named := strings.HasSuffix(at, "/properties") || strings.HasSuffix(at, "/schemas") // the keys are names of fields, not words of OpenAPI
	for _, key := range keys(before) {
		was, is := before[key], now[key]
		switch {
		case !named && (slices.Contains(words, key) || key == "required" || slices.Contains(limits, key)):
		case is == nil:
			say("has no %s now", key)
		case !named && key == "parameters":
			out = append(out, narrowed(at+"/parameters", byName(was), byName(is))...)
		default:
			out = append(out, compared(at+"/"+key, was, is)...)
		}
	}
	if named {
		return out
	}
	for _, limit := range limits {
		if now[limit] != nil && fmt.Sprint(before[limit]) != fmt.Sprint(now[limit]) {
			say("has %s %v now", limit, now[limit])
		}
	}
	if strings.HasSuffix(at, "/parameters") {
		for _, key := range keys(now) {
			if p, _ := now[key].(map[string]any); before[key] == nil && p["required"] == true {
				say("needs %s now", key)
			}
		}
	}
	return append(out, required(at, before, now)...)
}

// required compares what must be there: a flag of a parameter, a list of a schema.
func required(at string, before, now map[string]any) (out []string) {
	if now["required"] == true && before["required"] != true {
		out = append(out, at+" is required now")
	}
	was, _ := before["required"].([]any)
	is, _ := now["required"].([]any)
	known, _ := before["properties"].(map[string]any)
	for _, name := range was {
		if !slices.Contains(is, name) {
			out = append(out, fmt.Sprintf("%s may lack %v now", at, name))
		}
	}
	for _, name := range is {
		if known[fmt.Sprint(name)] != nil && !slices.Contains(was, name) {
			out = append(out, fmt.Sprintf("%s needs %v now", at, name))
		}
	}
	return out
}

func compared(at string, was, is any) (out []string) {
	switch was := was.(type) {
	case map[string]any:
		if is, ok := is.(map[string]any); ok {
			return narrowed(at, was, is)
		}
	case []any: // an enumeration, types, or what is allowed
		if is, ok := is.([]any); ok {
			for _, v := range was {
				if !slices.ContainsFunc(is, func(x any) bool { return fmt.Sprint(x) == fmt.Sprint(v) }) {
					out = append(out, fmt.Sprintf("%s has no %v now", at, v))
				}
			}
			return out
		}
	default:
		if was == is {
			return nil
		}
	}
	return []string{fmt.Sprintf("%s is %v now", at, is)}
}

// byName makes a map of a list of parameters.
func byName(list any) map[string]any {
	m := map[string]any{}
	all, _ := list.([]any)
	for _, p := range all {
		if p, ok := p.(map[string]any); ok {
			m[fmt.Sprintf("%v %v", p["in"], p["name"])] = p
		}
	}
	return m
}

func keys(m map[string]any) []string {
	out := make([]string, 0, len(m))
	for k := range m {
		out = append(out, k)
	}
	slices.Sort(out)
	return out
}

func TestNarrowed(t *testing.T) {
	t.Parallel()
	const base = `{"paths": {"/v1/x": {"get": {"summary": "s", "parameters": [{"in": "query", "name": "state", "schema": {"type": "string", "enum": ["a", "b"]}}]}}},
		"components": {"schemas": {"X": {"type": "object", "properties": {"id": {"type": "string"}, "title": {"type": "string"}}, "required": ["id"]}}}}`
	for _, c := range []struct{ from, to, want string }{
		{`"s"`, `"other words"`, ""},
		{`["a", "b"]`, `["a", "b", "c"]`, ""},
		{`{"id": {`, `{"more": {"type": "string"}, "id": {`, ""},
		{`/v1/x`, `/v1/y`, "/paths has no /v1/x now"},
		{`"get"`, `"post"`, "/paths//v1/x has no get now"},
		{`"state"`, `"other"`, "/paths//v1/x/get/parameters has no query state now"},
		{`["a", "b"]`, `["a"]`, "/paths//v1/x/get/parameters/query state/schema/enum has no b now"},
		{`"title": {"type": "string"}`, `"name": {"type": "string"}`, "/components/schemas/X/properties has no title now"},
		{`"id": {"type": "string"}`, `"id": {"type": "integer"}`, "/components/schemas/X/properties/id/type is integer now"},
		{`"id": {"type": "string"}`, `"id": {"type": "string", "maxLength": 5}`, "/components/schemas/X/properties/id has maxLength 5 now"},
		{`["id"]`, `["id", "title"]`, "/components/schemas/X needs title now"},
		{`["id"]`, `[]`, "/components/schemas/X may lack id now"},
		{`[{"in"`, `[{"in": "query", "name": "new", "required": true}, {"in"`, "/paths//v1/x/get/parameters needs query new now"},
		{`"name": "state"`, `"name": "state", "required": true`, "/paths//v1/x/get/parameters/query state is required now"},
	} {
		changed := strings.Replace(base, c.from, c.to, 1)
		if got := strings.Join(narrowed("", document(t, []byte(base)), document(t, []byte(changed))), "; "); got != c.want {
			t.Errorf("%s → %s: %q, want %q", c.from, c.to, got, c.want)
		}
	}
}
