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

// TestPlan runs testdata/plan. `plan regions=(…)` edits the fixture and plans it
// against the running components given by `running`, one a line: ID, then in-sync,
// out-of-sync or missing. `diff` prints the settings that edits change.
func TestPlan(t *testing.T) {
	t.Parallel()
	datadriven.Walk(t, "testdata/plan", func(t *testing.T, path string) {
		var running []spec.Running
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "running":
				running = runningFrom(d.Input)
				return fmt.Sprintf("%d components run\n", len(running))
			case "plan":
				p := parse(t, edited(t, d.Input))
				regions, _ := d.Arg("regions")
				return printChanges(spec.Plan(p, regions.Vals, running))
			case "diff":
				var b strings.Builder
				for _, s := range spec.Diff(parse(t, fixture(t)), parse(t, edited(t, d.Input))) {
					fmt.Fprintf(&b, "%s: %s → %s\n", s.Path, s.Old, s.New)
				}
				if b.Len() == 0 {
					return "nothing\n"
				}
				return b.String()
			}
			t.Fatalf("%s: unknown command %s", d.Pos, d.Cmd)
			return ""
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

func runningFrom(input string) []spec.Running {
	var out []spec.Running
	for line := range strings.Lines(input) {
		f := strings.Fields(line)
		parts := strings.Split(f[0], "/")
		out = append(out, spec.Running{ID: f[0], Region: parts[0], Kind: parts[len(parts)-1], InSync: f[1] == "in-sync", Gone: f[1] == "missing", Detail: strings.Join(f[2:], " ")})
	}
	return out
}

func printChanges(all []spec.Change) string {
	var b strings.Builder
	for _, c := range all {
		fmt.Fprintf(&b, "%s %s (%s)\n", c.Action, c.ID, c.Why)
	}
	if b.Len() == 0 {
		return "nothing\n"
	}
	return b.String()
}
