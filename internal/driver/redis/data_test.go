package redis

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// What cannot be looked at is not lost: a server that took it for nothing would follow another
// one and drop all it has.
func TestWhatAServerHas(t *testing.T) {
	t.Parallel()
	home := t.TempDir()
	want := func(is data, says string, fails bool) {
		t.Helper()
		got, why, err := hasData(home)
		if got != is || !strings.Contains(why, says) || (err != nil) != fails {
			t.Errorf("%v, %q, %v; want %v, %q, error %v", got, why, err, is, says, fails)
		}
	}
	want(dataNone, "", false)
	dir := filepath.Join(home, appendDir)
	if err := os.MkdirAll(filepath.Join(home, manifest), 0o700); err != nil { // a directory where a file goes
		t.Fatal(err)
	}
	want(dataNone, "", true)
	if err := os.Remove(filepath.Join(home, manifest)); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(home, manifest), []byte("file a.base.rdb seq 1 type b\nfile a.incr.aof seq 1 type i\nfile old seq 0 type h\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	want(dataBroken, "a.base.rdb is gone", false)
	for _, name := range []string{"a.base.rdb", "a.incr.aof"} {
		if err := os.WriteFile(filepath.Join(dir, name), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	want(dataThere, "", false)
}
