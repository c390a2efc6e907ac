package console_test

import (
	"io/fs"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/console/consoletest"
)

// TestTemplatesHaveNoInline keeps the policy true for the pages of every door: no inline script,
// style or handler.
func TestTemplatesHaveNoInline(t *testing.T) {
	t.Parallel()
	seen := map[string]bool{}
	for _, p := range consoletest.Pages(consoletest.New()) {
		names, err := fs.Glob(p.Templates, "templates/*.html")
		if err != nil || len(names) == 0 {
			t.Fatalf("find templates of %s: %d, %v", p.Name, len(names), err)
		}
		for _, name := range names {
			seen[name] = true
			text, err := fs.ReadFile(p.Templates, name)
			if err != nil {
				t.Fatal(err)
			}
			for _, banned := range []string{" style=", "<style", "onclick", "hx-on", "javascript:", "<script>", "http://", "https://"} {
				if strings.Contains(string(text), banned) {
					t.Errorf("%s contains %q", name, banned)
				}
			}
		}
	}
	if len(seen) < 20 {
		t.Errorf("only %d templates were seen", len(seen))
	}
}
