package gateway

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// Other users of the machine may read the authority, and neither list the directory nor read
// anything else in it.
func TestOnlyTheAuthorityIsShown(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "store")
	if err := os.Mkdir(dir, 0o750); err != nil {
		t.Fatal(err)
	}
	a, err := openAuthority(dir, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if err := a.issue("127.0.0.1", time.Now()); err != nil {
		t.Fatal(err)
	}
	if err := show(dir); err != nil {
		t.Fatal(err)
	}
	for name, want := range map[string]os.FileMode{".": 0o711, AuthorityFile: 0o644, authorityKey: 0o600, serverKey: 0o600} {
		if info, err := os.Stat(filepath.Join(dir, name)); err != nil || info.Mode().Perm() != want {
			t.Errorf("%s: %v %v, want %v", name, info, err, want)
		}
	}
}
