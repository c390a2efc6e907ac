package enginetest

import "testing"

// Program finds a program in folders relative to the engines' root, or skips the test; env is
// what it needs to start.
func Program(t testing.TB, name, unproved string, folders ...string) (path string, env []string) {
	t.Helper()
	return locate(t, name, unproved, folders...), environment()
}

// Folder makes a folder that the engines' user owns; the test's end removes it, and what stands
// beside it.
func Folder(t testing.TB) string {
	t.Helper()
	return folder(t)
}

// User is whom the engines run as; -1: as the test itself.
func User() (uid, gid int) {
	if u, g, ok := unprivileged(); ok {
		return int(u), int(g)
	}
	return -1, -1
}
