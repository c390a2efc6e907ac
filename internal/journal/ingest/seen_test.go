package ingest_test

import (
	"os"
	"path/filepath"
	"testing"
)

// removeOne takes one run in the middle away, and damages another.
func removeOne(t *testing.T, dir string) {
	t.Helper()
	runs, err := filepath.Glob(filepath.Join(dir, "ids", "*.ids"))
	if err != nil || len(runs) < 5 {
		t.Fatalf("%v %v", runs, err)
	}
	if err := os.Remove(runs[1]); err != nil {
		t.Fatal(err)
	}
	b, err := os.ReadFile(runs[3])
	if err != nil {
		t.Fatal(err)
	}
	b[len(b)/2] ^= 1
	if err := os.WriteFile(runs[3], b, 0o600); err != nil {
		t.Fatal(err)
	}
}
