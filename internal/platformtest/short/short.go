// Package short runs a test in a process of its own and takes its file descriptors away: all
// tests of one process share them.
package short

import (
	"os"
	"os/exec"
	"testing"

	"golang.org/x/sys/unix"
)

const env = "FOURNINES_TEST_SHORT"

// Inside tells whether this is the process of its own.
func Inside() bool { return os.Getenv(env) != "" }

// Handed returns what the test has handed to its own process.
func Handed() string { return os.Getenv(env) }

// Run runs the test once more in a process of its own, and fails where that one does. handed
// is not empty.
func Run(t *testing.T, handed string) {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0], "-test.run=^"+t.Name()+"$")
	cmd.Env = append(os.Environ(), env+"="+handed)
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
}

// Limit bounds how many descriptors this process may have open.
func Limit(t *testing.T, limit uint64) {
	t.Helper()
	var l unix.Rlimit
	if err := unix.Getrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		t.Fatal(err)
	}
	l.Cur = limit
	if err := unix.Setrlimit(unix.RLIMIT_NOFILE, &l); err != nil {
		t.Fatal(err)
	}
}

// Exhaust bounds the descriptors and takes all of them. take takes those that have come free
// since, and back gives all back.
func Exhaust(t *testing.T, limit uint64) (take, back func()) {
	t.Helper()
	Limit(t, limit)
	var taken []int
	take = func() {
		for {
			fd, err := unix.Dup(0)
			if err != nil {
				return
			}
			taken = append(taken, fd)
		}
	}
	take()
	return take, func() {
		for _, fd := range taken {
			_ = unix.Close(fd)
		}
		taken = nil
	}
}
