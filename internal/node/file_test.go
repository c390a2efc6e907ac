package node

import (
	"os"
	"path/filepath"
	"testing"
)

// What an engine rewrites is laid once, and again where it has lost the line without which the
// engine does not start.
func TestAFileThatIsLaidOnce(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "sentinel.conf")
	f := File{Path: "sentinel.conf", Once: true, Needs: "sentinel monitor main "}
	if f.stands(path) {
		t.Error("a file that is missing stands")
	}
	for text, want := range map[string]bool{
		"port 1\nsentinel monitor main 127.0.0.1 6379 2\n": true,
		"sentinel monitor main 127.0.0.1 6379 2\n":         true,
		"port 1\n# sentinel monitor main 127.0.0.1\n":      false,
		"": false,
	} {
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		if f.stands(path) != want {
			t.Errorf("%q: %v, want %v", text, !want, want)
		}
	}
	if f.Needs = ""; !f.stands(path) {
		t.Error("a file that needs nothing does not stand")
	}
}
