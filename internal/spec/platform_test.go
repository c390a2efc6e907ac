package spec_test

import (
	"os"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/spec"
)

// fixture returns the platform file that scenarios edit.
func fixture(t *testing.T) string {
	t.Helper()
	b, err := os.ReadFile("testdata/platform.yaml")
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// edited returns the fixture with edits, one a line: `OLD => NEW`. OLD
// must be in the file exactly once, so that a scenario cannot miss what it means to change;
// "\n" in an edit is a line's end.
func edited(t *testing.T, edits string) string {
	t.Helper()
	text := fixture(t)
	for line := range strings.Lines(edits) {
		line = strings.TrimRight(line, "\n")
		if line == "" {
			continue
		}
		old, with, ok := strings.Cut(line, " => ")
		if !ok {
			old, ok = strings.CutSuffix(line, " =>")
		}
		old, with = strings.ReplaceAll(old, `\n`, "\n"), strings.ReplaceAll(with, `\n`, "\n")
		if n := strings.Count(text, old); !ok || n != 1 {
			t.Fatalf("edit %q: its left side is %d times in the platform file, and should be there once", line, n)
		}
		text = strings.Replace(text, old, with, 1)
	}
	return text
}

func TestBuiltInIsUsableAndFreeOfContradictions(t *testing.T) {
	t.Parallel()
	p, err := spec.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	if len(p.Spec.Regions) != 6 || len(p.ActiveRegions()) != 3 {
		t.Errorf("%d regions, %d active; the seed has 6 and 3", len(p.Spec.Regions), len(p.ActiveRegions()))
	}
	for _, c := range spec.CheckTargets(p) {
		if c.Severity != spec.Note {
			t.Errorf("%s: %s", c.Code, c.Title)
		}
	}
}
