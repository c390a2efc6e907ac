package spec_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/spec"
)

func TestParseRefusesWhatIsNoPlatformFile(t *testing.T) {
	t.Parallel()
	head := "apiVersion: fournines.dev/v1\nkind: Platform\n"
	for name, c := range map[string]struct {
		text, want   string
		line, column int
	}{
		"tab":               {head + "metadata:\n\tname: x\n", "a tab indents this line", 4, 1},
		"not UTF-8":         {head + "# caf\xe9\n", "not valid UTF-8", 3, 6},
		"control character": {head + "metadata: {name: \"x\x1b[31m\"}\n", "control character", 3, 20},
		"too large":         {head + strings.Repeat("# padding\n", spec.MaxBytes/10), "larger than 1024 KiB", 1, 1},
		"bomb": {"a: &a [x,x,x,x,x,x,x,x,x]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a]\nc: &c [*b,*b,*b,*b,*b,*b,*b,*b,*b]\nd: &d [*c,*c,*c,*c,*c,*c,*c,*c,*c]\n" +
			"e: &e [*d,*d,*d,*d,*d,*d,*d,*d,*d]\nf: &f [*e,*e,*e,*e,*e,*e,*e,*e,*e]\ng: &g [*f,*f,*f,*f,*f,*f,*f,*f,*f]\n", "anchors, aliases and merges", 1, 4},
		"merge":        {head + "metadata: {<<: {name: x}}\n", "anchors, aliases and merges", 3, 12},
		"deep flow":    {strings.Repeat("[", 100000), "too deep inside each other", 1, 33},
		"deep flow ln": {"a: " + strings.Repeat("[\n", 100000), "too deep inside each other", 33, 1},
		"deep map":     {strings.Repeat("{a: ", 100000), "too deep inside each other", 1, 129},
		"deep list":    {strings.Repeat("- ", 100000), "too deep inside each other", 1, 65},
		"large map":    {head + "metadata:\n  labels:\n" + strings.Repeat("    a: b\n", 100000), "more than a platform file holds", 13335, 5},
		"deep keys":    {strings.Repeat("? ", 100000), "too deep inside each other", 1, 65},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			_, err := spec.Parse("f.yaml", []byte(c.text))
			var all spec.Errors
			if !errors.As(err, &all) || len(all) != 1 {
				t.Fatalf("got %v, want one error", err)
			}
			if e := all[0]; !strings.Contains(e.Text, c.want) || e.Line != c.line || e.Column != c.column {
				t.Errorf("got %d:%d %s; want %d:%d %s", e.Line, e.Column, e.Text, c.line, c.column, c.want)
			}
			if len(err.Error()) > 1000 {
				t.Errorf("the message is %d bytes long", len(err.Error()))
			}
		})
	}
}

func TestLoad(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	file := filepath.Join(dir, "platform.yaml")
	if err := os.WriteFile(file, spec.BuiltInYAML(), 0o600); err != nil {
		t.Fatal(err)
	}
	p, err := spec.Load(file)
	if err != nil {
		t.Fatal(err)
	}
	builtIn, err := spec.Load("")
	if err != nil {
		t.Fatal(err)
	}
	if d := spec.Diff(builtIn, p); len(d) != 0 {
		t.Errorf("the same file differs: %v", d)
	}
	if _, err := spec.Load(filepath.Join(dir, "none.yaml")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("got %v, want that there is no such file", err)
	}
	if _, err := spec.Load(dir); err == nil {
		t.Error("a directory was read as a platform file")
	}
}

// A carriage return at each line's end and a mark before the first line are habits of
// editors, and no errors.
func TestParseReadsLinesOfOtherSystems(t *testing.T) {
	t.Parallel()
	text := "\ufeff" + strings.ReplaceAll(string(spec.BuiltInYAML()), "\n", "\r\n")
	if _, err := spec.Parse("f.yaml", []byte(text)); err != nil {
		t.Fatal(err)
	}
}

// A file with an error on each line says the first of them, and how many there are.
func TestParseBoundsWhatItSays(t *testing.T) {
	t.Parallel()
	text := "apiVersion: fournines.dev/v1\nkind: Platform\n" + strings.Repeat("x: 1\n", 500)
	_, err := spec.Parse("f.yaml", []byte(text))
	var all spec.Errors
	if !errors.As(err, &all) || len(all) != 21 {
		t.Fatalf("%d errors, want 20 and a last one that counts the rest", len(all))
	}
	if last := all[20]; !strings.Contains(last.Text, "and 482 more errors") {
		t.Errorf("the last says %q", last.Text)
	}
}
