package enginetest

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// PostgresPrograms returns the folder of PostgreSQL's programs.
func PostgresPrograms(t testing.TB, unproved string) string {
	t.Helper()
	return filepath.Dir(locate(t, "initdb", unproved, "usr/lib/postgresql/1[5-9]/bin"))
}

// StartPatroni starts a real Patroni, which runs PostgreSQL, with its files, by name; {home} in them stands for the folder
// that they are in. One of them is patroni.yml. The test's end stops it and removes the folder.
func StartPatroni(t testing.TB, files map[string]string, unproved string) {
	t.Helper()
	program, dir := locate(t, "patroni", unproved, "patroni/bin"), folder(t)
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.WriteFile(path, []byte(strings.ReplaceAll(text, "{home}", dir)), 0o600); err != nil {
			t.Fatal(err)
		}
		if uid, gid, ok := unprivileged(); ok {
			if err := os.Chown(path, int(uid), int(gid)); err != nil {
				t.Fatal(err)
			}
		}
	}
	p := start(t, dir, program, "patroni", filepath.Join(dir, "patroni.yml"))
	t.Cleanup(func() {
		p.end(startDeadline)
		if t.Failed() {
			t.Logf("patroni said:\n%s", p.out.String())
		}
	})
}
