package whole

import (
	"os"
	"path/filepath"
	"testing"
)

// A file is replaced with its permissions, what a crash left beside it is no obstacle, and where it
// cannot be written the old one stays.
func TestWrite(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	path := filepath.Join(dir, "file")
	left := filepath.Join(dir, ".file.new")
	if err := os.WriteFile(left, []byte("half of something longer"), 0o644); err != nil { //nolint:gosec // as a crash left it
		t.Fatal(err)
	}
	for _, text := range []string{"one", "two"} {
		if err := Write(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
		b, err := os.ReadFile(path)
		is, bad := os.Stat(path)
		if err != nil || bad != nil || string(b) != text || is.Mode().Perm() != 0o600 {
			t.Errorf("%q %v %v %v", b, is, err, bad)
		}
	}
	if _, err := os.Stat(left); err == nil {
		t.Error("something is left beside it")
	}
	if err := os.Mkdir(left, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := Write(path, []byte("three"), 0o600); err == nil {
		t.Error("it was written over a directory")
	}
	if b, err := os.ReadFile(path); err != nil || string(b) != "two" {
		t.Errorf("after a write that failed: %q %v", b, err)
	}
}
