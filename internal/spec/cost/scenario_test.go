package cost_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"

	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/spec/cost"
)

// TestScenarios runs testdata. `table` edits the built-in prices and prints what a user
// is told; `bill` edits platform and prices (lines after ---), and prints the lines whose
// region and item are asked for, then sums and verdict as far as asked.
func TestScenarios(t *testing.T) {
	t.Parallel()
	datadriven.Walk(t, "testdata/scenarios", func(t *testing.T, path string) {
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			switch d.Cmd {
			case "table":
				if _, err := cost.Parse("prices.yaml", []byte(edited(t, string(cost.BuiltInYAML()), d.Input))); err != nil {
					return err.Error() + "\n"
				}
				return "usable\n"
			case "bill":
				platform, table, _ := strings.Cut(d.Input, "---\n")
				p, err := spec.Parse("platform.yaml", []byte(edited(t, string(spec.BuiltInYAML()), platform)))
				if err != nil {
					t.Fatalf("%s: %v", d.Pos, err)
				}
				prices, err := cost.Parse("prices.yaml", []byte(edited(t, string(cost.BuiltInYAML()), table)))
				if err != nil {
					t.Fatalf("%s: %v", d.Pos, err)
				}
				b, err := cost.Compute(p, prices)
				if err != nil {
					return err.Error() + "\n"
				}
				return printBill(b, d)
			}
			t.Fatalf("%s: unknown command %s", d.Pos, d.Cmd)
			return ""
		})
	})
}

func printBill(b *cost.Bill, d *datadriven.TestData) string {
	var out strings.Builder
	asked := func(key string) []string {
		for _, a := range d.CmdArgs {
			if a.Key == key {
				return append([]string{""}, a.Vals...)
			}
		}
		return nil
	}
	in := func(key, value string) bool {
		return strings.Contains(strings.Join(asked(key), ",")+",", ","+value+",")
	}
	for _, l := range b.Lines {
		if in("region", l.Region) && (asked("item") == nil || in("item", l.Item)) {
			fmt.Fprintf(&out, "%s %s %s: %s (%s)\n", l.Row, l.Region, l.Item, l.Arithmetic, l.Because)
		}
	}
	if asked("sums") != nil {
		for _, s := range append(b.Regions, b.Rows...) {
			fmt.Fprintf(&out, "%s %s\n", s.Name, cost.Money(s.Yearly, b.Currency))
		}
	}
	if asked("verdict") != nil {
		fmt.Fprintf(&out, "%s\n  %s\n", b.Budget.Verdict, strings.Join(b.Budget.Arithmetic, "\n  "))
	}
	for _, l := range b.Budget.Levers {
		if in("lever", l.Path[len("spec.sizes."):]) {
			fmt.Fprintf(&out, "%s is %g, needs %.4g %s (%v): %s\n", l.Path, l.Is, l.Needs, l.Unit, l.Closes, cost.Money(l.Total, b.Currency))
		}
	}
	for _, a := range b.Assumptions {
		if in("assumed", a.Path) {
			fmt.Fprintf(&out, "assumed %s = %g %s\n", a.Path, a.Value, a.Unit)
		}
	}
	if out.Len() == 0 {
		return "nothing\n"
	}
	return out.String()
}

// edited applies lines of OLD => NEW, each of which must be there exactly once.
func edited(t testing.TB, text, edits string) string {
	t.Helper()
	for line := range strings.Lines(edits) {
		line = strings.TrimRight(line, "\n")
		if line == "" {
			continue
		}
		old, with, ok := strings.Cut(line, " => ")
		if !ok {
			old, ok = strings.CutSuffix(line, " =>")
		}
		if n := strings.Count(text, old); !ok || n != 1 {
			t.Fatalf("edit %q: its left side is %d times in the text, and should be there once", line, n)
		}
		text = strings.Replace(text, old, with, 1)
	}
	return text
}
