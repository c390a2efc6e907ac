package spec_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/greenlang/fournines/internal/spec"
)

// TestErrors runs testdata/errors. `parse` reads its input as a whole file; `edit` reads
// the fixture with the input's edits. Both print what a user is told.
func TestErrors(t *testing.T) {
	t.Parallel()
	datadriven.Walk(t, "testdata/errors", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			text := d.Input
			if d.Cmd == "edit" {
				text = edited(t, d.Input)
			}
			if _, err := spec.Parse("file.yaml", []byte(text)); err != nil {
				return err.Error() + "\n"
			}
			return "usable\n"
		})
	})
}

// TestTargets runs testdata/targets. `check` edits the fixture and prints what
// the target check finds; with code=… only findings of these codes.
func TestTargets(t *testing.T) {
	t.Parallel()
	datadriven.Walk(t, "testdata/targets", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			doc, err := spec.Read("file.yaml", []byte(edited(t, d.Input)))
			if err != nil {
				t.Fatalf("%s: %v", d.Pos, err)
			}
			var only []string
			for _, arg := range d.CmdArgs {
				if arg.Key == "code" {
					only = arg.Vals
				}
			}
			return printFindings(doc.CheckTargets(), only)
		})
	})
}

func printFindings(all []spec.Contradiction, only []string) string {
	var b strings.Builder
	for _, c := range all {
		if len(only) > 0 && !strings.Contains(","+strings.Join(only, ",")+",", ","+c.Code+",") {
			continue
		}
		fmt.Fprintf(&b, "%s %s: %s\n", c.Severity, c.Code, c.Title)
		for _, line := range c.Arithmetic {
			fmt.Fprintf(&b, "  %s\n", line)
		}
		if c.Remedy != "" {
			fmt.Fprintf(&b, "  → %s\n", c.Remedy)
		}
		for i, path := range c.Paths {
			fmt.Fprintf(&b, "  line %d %s\n", c.Lines[i], path)
		}
	}
	if b.Len() == 0 {
		return "nothing\n"
	}
	return b.String()
}

// TestDiff runs testdata/diff. `diff` prints the settings that edits of the fixture change.
func TestDiff(t *testing.T) {
	t.Parallel()
	datadriven.Walk(t, "testdata/diff", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd != "diff" {
				t.Fatalf("%s: unknown command %s", d.Pos, d.Cmd)
			}
			var b strings.Builder
			for _, s := range spec.Diff(parse(t, fixture(t)), parse(t, edited(t, d.Input))) {
				fmt.Fprintf(&b, "%s: %s → %s\n", s.Path, s.Old, s.New)
			}
			if b.Len() == 0 {
				return "nothing\n"
			}
			return b.String()
		})
	})
}

func parse(t *testing.T, text string) *spec.Platform {
	t.Helper()
	p, err := spec.Parse("file.yaml", []byte(text))
	if err != nil {
		t.Fatal(err)
	}
	return p
}
