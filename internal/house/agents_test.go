package house

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// What AGENTS.md says to run and to read is there, and it stays short enough to be read.
func TestAgentsFileHolds(t *testing.T) {
	t.Parallel()
	b, err := os.ReadFile("../../AGENTS.md")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b)
	if n := strings.Count(text, "\n"); n > 120 {
		t.Errorf("AGENTS.md has %d lines, at most 120", n)
	}
	targets := regexp.MustCompile(`(?m)^make ([a-z]+)`).FindAllStringSubmatch(text, -1)
	if len(targets) < 5 {
		t.Errorf("only %d commands were seen: the test looks in the wrong place", len(targets))
	}
	for _, m := range targets {
		cmd := exec.CommandContext(t.Context(), "make", "-n", m[1]) // says what it would do, and does nothing
		cmd.Dir = "../.."
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("make %s: %v\n%s", m[1], err, out)
		}
	}
	help := exec.CommandContext(t.Context(), "make", "help")
	help.Dir = "../.."
	if out, err := help.CombinedOutput(); err != nil || !strings.Contains(string(out), "prove") {
		t.Errorf("make help: %v\n%s", err, out)
	}
	for _, m := range regexp.MustCompile("`((?:internal|docs|bench|scripts)/[a-zA-Z0-9_./-]*)").FindAllStringSubmatch(text, -1) {
		path := strings.TrimSuffix(m[1], "/")
		if strings.Contains(path, "WING") || strings.Contains(path, "ENGINE") {
			continue // one of several
		}
		if _, err := os.Stat(filepath.Join("../..", path)); err != nil {
			t.Errorf("AGENTS.md names %s: %v", path, err)
		}
	}
}
