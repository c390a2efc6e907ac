package spec_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/spec"
)

// FuzzParse: whatever the text, there is a valid platform or errors that point into the text.
func FuzzParse(f *testing.F) {
	text := string(spec.BuiltInYAML())
	f.Add(text)
	for _, old := range []string{"10s", "3", "[a, b, c]", "metadata:", "10%", "true", "greenlang", "{", "\n  "} {
		for _, with := range []string{"", "-1", "[", "{}", "&a", "*a", "\"", "|", "? ", "!!x", "- ", "99999999999999999999", "106751d", "é\t"} {
			f.Add(strings.Replace(text, old, with, 1))
		}
	}
	f.Fuzz(func(t *testing.T, text string) {
		d, err := spec.Read("f.yaml", []byte(text))
		if err == nil {
			usable(t, d)
			return
		}
		var all spec.Errors
		if !errors.As(err, &all) || len(all) == 0 || err.Error() == "" {
			t.Fatalf("%v is not a list of errors", err)
		}
		lines := strings.Count(text, "\n") + 1
		for _, e := range all {
			if e.Line < 1 || e.Line > lines+1 || e.Column < 1 || e.Text == "" {
				t.Errorf("%d:%d %q does not point into the text", e.Line, e.Column, e.Text)
			}
		}
	})
}

// usable holds what a parsed platform promises.
func usable(t *testing.T, d *spec.Document) {
	t.Helper()
	if bad := spec.Validate(d.Platform); len(bad) != 0 {
		t.Errorf("a parsed platform is not valid: %v", bad)
	}
	for _, c := range d.CheckTargets() {
		if c.Code == "" || c.Title == "" || len(c.Arithmetic) == 0 || len(c.Lines) != len(c.Paths) || len(c.Paths) == 0 {
			t.Errorf("%+v is not complete", c)
		}
	}
	if s := spec.Diff(d.Platform, d.Platform); len(s) != 0 {
		t.Errorf("a platform differs from itself: %v", s)
	}
}

// FuzzDuration: what is read prints as something that reads back the same.
func FuzzDuration(f *testing.F) {
	for _, s := range []string{"0s", "10s", "1500ms", "1h", "30d", "1h0m1s", "1.5d", "106751d", "10", "-1s", "5m3d", "1µs", "1h1h", "9999999h", "0d"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		d, err := spec.ParseDuration(s)
		if err != nil {
			return
		}
		again, err := spec.ParseDuration(d.String())
		if err != nil || again != d || d < 0 {
			t.Errorf("%q is %d, prints as %q, reads back as %d, %v", s, d, d.String(), again, err)
		}
	})
}

// FuzzRatio: what is read lies between 0 and 1, and prints as something that reads back nearly the same.
func FuzzRatio(f *testing.F) {
	for _, s := range []string{"99.99%", "0.9999", "1", "0", "100%", "101%", "1e-3", "0x1p-2", "NaN", "-1%", "10 %", "1_0%", "0.00000000001%"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		r, err := spec.ParseRatio(s)
		if err != nil {
			return
		}
		again, err := spec.ParseRatio(r.String())
		if diff := float64(again - r); err != nil || r < 0 || r > 1 || diff > 1e-8 || diff < -1e-8 {
			t.Errorf("%q is %g, prints as %q, reads back as %g, %v", s, float64(r), r, float64(again), err)
		}
	})
}
