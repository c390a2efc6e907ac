package cli

import (
	"bytes"
	"context"
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/spf13/cobra"

	"github.com/greenlang/fournines/internal/cli/verb"
)

// paths returns every command of the tree below c, such as "fault inject".
func paths(c *cobra.Command, above string) []string {
	var out []string
	for _, x := range c.Commands() {
		path := strings.TrimSpace(above + " " + x.Name())
		out = append(append(out, path), paths(x, path)...)
	}
	return out
}

// A verb is in the scripts twice at least: as its help, and as it is used, with the exit code.
func TestScriptsKnowEveryVerb(t *testing.T) {
	t.Parallel()
	scripts, err := filepath.Glob("testdata/script/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("%v %v", scripts, err)
	}
	var lines []string
	for _, name := range scripts {
		b, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		lines = append(lines, strings.Split(string(b), "\n")...)
	}
	all := paths(newRoot(&verb.World{}), "")
	if len(all) < 60 {
		t.Fatalf("only %d verbs are in the tree", len(all))
	}
	for _, path := range all {
		typed := regexp.MustCompile(`^(exits \d|(! )?exec) (sh -c .*)?fournines ` + path + `( |$)`)
		uses := slices.DeleteFunc(slices.Clone(lines), func(line string) bool { return !typed.MatchString(line) })
		help := func(line string) bool { return strings.HasSuffix(line, " --help") }
		if !slices.ContainsFunc(uses, help) {
			t.Errorf("no script asks for `fournines %s --help`", path)
		}
		if !slices.ContainsFunc(uses, func(line string) bool { return !help(line) }) {
			t.Errorf("no script uses `fournines %s`", path)
		}
	}
}

// Every verb says in a line what it does, and no verb takes the exit code from cobra's words.
func TestEveryVerbIsDescribed(t *testing.T) {
	t.Parallel()
	root := newRoot(&verb.World{Output: "table"})
	for _, path := range paths(root, "") {
		c, _, err := root.Find(strings.Fields(path))
		if err != nil {
			t.Fatal(err)
		}
		if c.Short == "" || strings.HasSuffix(c.Short, ".") && !strings.HasPrefix(path, "completion") {
			t.Errorf("%s is described as %q", path, c.Short)
		}
		if !c.Runnable() || c.Args == nil {
			t.Errorf("%s is not guarded", path)
		}
	}
}

// oven is a wing that has nothing but verbs.
func oven(w *verb.World) []verb.Grouped {
	type loaf struct {
		Name string `json:"name"`
	}
	c := &cobra.Command{Use: "oven", Short: "Bake"}
	list := verb.List[loaf]{
		Use: "list", Short: "List loaves", Head: []string{"LOAF"},
		Load: func(context.Context) ([]loaf, error) { return []loaf{{"rye"}, {"wheat"}}, nil },
		Row:  func(l loaf) []string { return []string{l.Name} },
		Name: func(l loaf) string { return l.Name },
		After: func(all []loaf) error {
			return verb.Exitf(verb.Missed, "%d loaves are too few", len(all))
		},
	}
	bake := verb.Action{
		Use: "bake LOAF", Short: "Bake a loaf", Args: cobra.ExactArgs(1), Confirms: true,
		Ask: func(_ context.Context, args []string, _ string) (*verb.Ask, error) {
			return &verb.Ask{Does: "bake " + args[0], Confirm: args[0]}, nil
		},
	}
	c.AddCommand(list.Verb(w), bake.Verb(w))
	under := &cobra.Command{Use: "smell", Short: "Smell the journal", RunE: func(*cobra.Command, []string) error { return nil }}
	return []verb.Grouped{{Group: "act", Command: c}, {Under: "journal", Command: under}}
}

// A wing's verbs are met without a line of ours about them.
func TestAWingBringsItsVerbs(t *testing.T) {
	t.Parallel()
	run := func(in string, args ...string) (code int, out, errs string) {
		var o, e bytes.Buffer
		code = Run(args, strings.NewReader(in), &o, &e, oven)
		return code, o.String(), e.String()
	}
	if code, out, errs := run("", "--help"); code != verb.OK || !strings.Contains(out, "oven") || errs != "" {
		t.Errorf("help: exit %d: %s%s", code, out, errs)
	}
	if code, out, _ := run("", "journal", "--help"); code != verb.OK || !strings.Contains(out, "smell") {
		t.Errorf("help of journal: exit %d: %s", code, out)
	}
	code, out, errs := run("", "oven", "list", "-o", "json")
	var l struct{ Items []map[string]string }
	if err := json.Unmarshal([]byte(out), &l); err != nil || code != verb.Missed || len(l.Items) != 2 || errs != "fournines: 2 loaves are too few\n" {
		t.Errorf("list: exit %d, %v: %s%s", code, err, out, errs)
	}
	for _, c := range []struct {
		in, args string
		code     int
		says     string
	}{
		{"", "oven bke", verb.Misused, "did you mean `fournines oven bake`?"},
		{"", "oven bake", verb.Misused, "write: fournines oven bake LOAF"},
		{"", "oven list rye", verb.Misused, "takes no argument"},
		{"", "oven list -o loaf", verb.Misused, "use table, wide, json, yaml or name"},
		{"", "oven list --hot", verb.Misused, "unknown flag: --hot"},
		{"", "oven bake rye", verb.Misused, "--reason is needed"},
		{"", "oven bake rye --yes --reason ___", verb.Misused, "--reason is needed"},
		{"", "oven bake rye --dry-run --data nowhere", verb.Failed, "no platform runs from nowhere"},
		{"", "oven bake rye --reason hunger", verb.Misused, "not confirmed; nothing was done"},
		{"wheat\n", "oven bake rye --reason hunger", verb.Misused, "not confirmed; nothing was done"},
		{"rye\n", "oven bake rye --reason hunger --data nowhere", verb.Failed, "no platform runs from nowhere"},
		{"", "oven bake rye --reason hunger --yes --data nowhere", verb.Failed, "no platform runs from nowhere"},
		{"", "journal smell", verb.OK, ""},
	} {
		args := strings.Fields(c.args)
		for i := range args {
			args[i] = strings.ReplaceAll(args[i], "_", " ")
		}
		if code, _, errs := run(c.in, args...); code != c.code || !strings.Contains(errs, c.says) {
			t.Errorf("%s: exit %d, want %d and %q: %s", c.args, code, c.code, c.says, errs)
		}
	}
}
