package house

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	quoted   = regexp.MustCompile("`([^` ]+)`")
	variants = regexp.MustCompile(`^(.*)\{([^{}]+)\}(.*)$`)
)

// The map of rows to files in ARCHITECTURE.md names files and folders that exist, below
// internal or the root. A name in the column of proofs is a path when it has a slash or
// ends in .go: the others are drills.
func TestTheMapOfRowsIsTrue(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../ARCHITECTURE.md")
	if err != nil {
		t.Fatal(err)
	}
	_, table, _ := strings.Cut(string(b), "## Where each row lives")
	table, _, _ = strings.Cut(table, "\n## ")
	seen := 0
	for line := range strings.Lines(table) {
		columns := strings.Split(line, "|")
		if len(columns) != 5 {
			continue
		}
		for i, column := range columns[2:4] {
			for _, m := range quoted.FindAllStringSubmatch(column, -1) {
				if i == 1 && !strings.Contains(m[1], "/") && !strings.HasSuffix(m[1], ".go") {
					continue
				}
				for _, path := range expand(m[1]) {
					seen++
					if !present("../"+path) && !present("../../"+path) {
						t.Errorf("row%sof ARCHITECTURE.md names %s, which does not exist: correct the path", columns[1], path)
					}
				}
			}
		}
	}
	if seen < 100 {
		t.Errorf("the map has %d paths: the test looks in the wrong place", seen)
	}
}

func expand(path string) []string {
	m := variants.FindStringSubmatch(path)
	if m == nil {
		return []string{path}
	}
	var out []string
	for v := range strings.SplitSeq(m[2], ",") {
		out = append(out, expand(m[1]+v+m[3])...)
	}
	return out
}

func present(pattern string) bool {
	found, err := filepath.Glob(pattern)
	return err == nil && len(found) > 0
}
