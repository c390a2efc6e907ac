package enginetest

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/greenlang/fournines/internal/platformtest/strict"
)

// roots returns the folders that engines may be unpacked in, ours first.
func roots() []string {
	if r := os.Getenv("FOURNINES_ENGINES"); r != "" {
		return []string{r, "/"}
	}
	return []string{"/"}
}

// locate finds a program by patterns relative to a root, then on the PATH, or
// skips the test, saying what is not proved without it.
func locate(t testing.TB, program, unproved string, patterns ...string) string {
	t.Helper()
	for _, root := range roots() {
		for _, p := range patterns {
			found, err := filepath.Glob(filepath.Join(root, p, program))
			if err == nil && len(found) > 0 {
				return found[len(found)-1] // the newest version
			}
		}
	}
	if path, err := exec.LookPath(program); err == nil {
		return path
	}
	strict.Skip(t, unproved, fmt.Sprintf("there is no %s; install it or set FOURNINES_ENGINES to the folder it is unpacked in", program))
	return ""
}

// environment lets programs unpacked in a folder find their libraries there.
func environment() []string {
	env := os.Environ()
	if r := os.Getenv("FOURNINES_ENGINES"); r != "" {
		if dirs, err := filepath.Glob(filepath.Join(r, "usr/lib/*-linux-gnu")); err == nil && len(dirs) > 0 {
			env = append(env, "LD_LIBRARY_PATH="+dirs[0])
		}
	}
	return env
}
