package place

import (
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
)

func TestSecretsAreMadeOnceCompletedAndClosed(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	first, err := EnsureSecrets(root)
	if err != nil {
		t.Fatal(err)
	}
	again, err := EnsureSecrets(root)
	if err != nil || !reflect.DeepEqual(again, first) {
		t.Fatalf("they changed: %v", err)
	}
	// An installation of an older version lacks one: it is added, and the others stay.
	file := filepath.Join(root, "secrets.json")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	older := strings.Replace(string(b), first.App, "", 1)
	if err := os.WriteFile(file, []byte(older), 0o600); err != nil {
		t.Fatal(err)
	}
	completed, err := EnsureSecrets(root)
	if err != nil || completed.App == "" || completed.Token != first.Token {
		t.Fatalf("%+v %v", completed, err)
	}
	for _, name := range []string{"secrets.json", "token"} {
		if info, err := os.Stat(filepath.Join(root, name)); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s: %v %v", name, info.Mode(), err)
		}
	}
}
