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
	if err := os.WriteFile(filepath.Join(home, dumpFile), []byte("REDIS"), 0o600); err != nil { // it is not what a server starts from
		t.Fatal(err)
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

func TestWhomAFileFollows(t *testing.T) {
	t.Parallel()
	file := filepath.Join(t.TempDir(), "redis.conf")
	if err := os.WriteFile(file, []byte("port 6379\nreplicaof 127.0.0.1 6379"), 0o600); err != nil {
		t.Fatal(err)
	}
	if yes, err := follows(file); err != nil || !yes {
		t.Fatal(yes, err)
	}
	if err := follow(file, "127.0.0.2:6380"); err != nil {
		t.Fatal(err)
	}
	if b, err := os.ReadFile(file); err != nil || string(b) != "port 6379\nreplicaof 127.0.0.2 6380\n" {
		t.Errorf("%q, %v", b, err)
	}
	if err := os.WriteFile(file, []byte("port 6379\nreplicaof no one\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	if yes, err := follows(file); err != nil || yes {
		t.Error(yes, err)
	}
}
