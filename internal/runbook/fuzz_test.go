package runbook

import (
	"encoding/json"
	"errors"
	"os"
	"reflect"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/spec"
)

// FuzzRead: whatever a file says, it is usable, or every error points into it. What is usable
// reads back from the journal as it was.
func FuzzRead(f *testing.F) {
	b, err := os.ReadFile("testdata/sample.yaml")
	if err != nil {
		f.Fatal(err)
	}
	text := string(b)
	f.Add(text)
	for _, old := range []string{"steps.look.result.full", "disk.look", "[dba]", "1h", "need: 2", "${inputs.disk}", "retries", "  steps:"} {
		for _, with := range []string{"", "${", "&a", "[[", "has(steps.a)", "steps[\"look\"]", "inputs.x ? 1 : ", "99999999999999999999", "é\t", "'"} {
			f.Add(strings.Replace(text, old, with, 1))
		}
	}
	contacts, err := os.ReadFile("testdata/contacts.yaml")
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ReadContacts("c.yaml", contacts, noon)
		if err != nil {
			t.Fatal(err)
		}
		a := Around{Actions: sampleActions(nil), Contacts: c, Now: noon}
		r, err := Read("f.yaml", []byte(text), a)
		if err != nil {
			pointed(t, text, err)
			return
		}
		if again := Lint(r, a); len(again) > 0 {
			t.Errorf("a usable runbook is not: %v", again)
		}
		kept, err := json.Marshal(r)
		if err != nil {
			t.Fatal(err)
		}
		var back Runbook
		if err := json.Unmarshal(kept, &back); err != nil {
			t.Fatal(err)
		}
		if one, _ := r.Digest(); one == "" {
			t.Error("no digest")
		} else if two, _ := back.Digest(); one != two {
			t.Errorf("it does not read back the same:\n%s", kept)
		}
		if out := TextOf(r, a); !strings.Contains(out, "STEPS") {
			t.Error(out)
		}
	})
}

// FuzzReadContacts is FuzzRead for contacts.
func FuzzReadContacts(f *testing.F) {
	b, err := os.ReadFile("testdata/contacts.yaml")
	if err != nil {
		f.Fatal(err)
	}
	text := string(b)
	f.Add(text)
	for _, old := range []string{"2026-11-02T08:00:00Z", "7d", "[amina, bo]", "0s", "rotations: [primary]"} {
		for _, with := range []string{"", "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z", "1ns", "106751d", "[]", "[x]"} {
			f.Add(strings.Replace(text, old, with, 1))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		c, err := ReadContacts("f.yaml", []byte(text), noon)
		if err != nil {
			pointed(t, text, err)
			return
		}
		for _, e := range c.Spec.Escalations {
			if len(c.Call(e, noon)) == 0 {
				t.Errorf("nobody is called for %s", e.Name)
			}
		}
	})
}

// FuzzFill: a text with expressions has a value or an error, and ends.
func FuzzFill(f *testing.F) {
	for _, s := range []string{"${inputs.disk}", "a ${inputs.size * 2} b", "${steps.look.result.full ? 'x' : 'y'}", "${", "${}", "${[1,2,3].map(x, x*x)}", "${'a'.matches('(a+)+$')}", "${inputs}"} {
		f.Add(s)
	}
	over := scope{inputs: map[string]any{"disk": "d1", "size": int64(3)}, steps: map[string]any{"look": map[string]any{"result": map[string]any{"full": true}}}}
	f.Fuzz(func(t *testing.T, s string) {
		out, err := fill(s, over)
		if err == nil && !strings.Contains(s, "${") && out != s {
			t.Errorf("%q became %q", s, out)
		}
	})
}

func pointed(t *testing.T, text string, err error) {
	t.Helper()
	all, ok := errors.AsType[spec.Errors](err)
	if !ok || len(all) == 0 {
		t.Fatalf("%s is not a list of errors", reflect.TypeOf(err))
	}
	lines := strings.Count(text, "\n") + 1
	for _, e := range all {
		if e.Line < 1 || e.Line > lines+1 || e.Column < 1 || e.Text == "" {
			t.Errorf("%d:%d %q does not point into the text", e.Line, e.Column, e.Text)
		}
	}
}
