package e2e

import (
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest"
	"github.com/greenlang/fournines/internal/platformtest/strict"
	"github.com/greenlang/fournines/internal/up"
)

// What cannot work is refused before anything is started, with what to do.
func TestUpRefuses(t *testing.T) {
	if _, err := assign.FindPrograms(t.Context(), place.EnginesRoot()); err != nil {
		strict.Skip(t, "that `up` refuses what cannot work, which needs real engines", err)
	}
	p := platformtest.Prepare(t, platformtest.Options{})
	refused := func(t *testing.T, say ...string) {
		t.Helper()
		out, code := p.In(t).TryUp()
		if code == 0 {
			p.In(t).Down()
		}
		for _, s := range say {
			if code != 1 || !strings.Contains(out, s) {
				t.Errorf("exit %d, does not say %q:\n%s", code, s, out)
			}
		}
		if _, err := os.Stat(filepath.Join(p.Root, "server.pid")); err == nil {
			t.Error("something was started")
		}
	}
	t.Run("PortInUse", func(t *testing.T) {
		taken := p.Networks[platformtest.Region].Host(2, 1, 5432)
		l, err := net.Listen("tcp", taken)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() //nolint:errcheck // a test
		refused(t, taken, "us-east-1/b/postgres", "in use")
	})
	t.Run("MissingEngine", func(t *testing.T) {
		t.Setenv("FOURNINES_ENGINES", t.TempDir())
		refused(t, "make engines", "Patroni is not installed")
	})
	t.Run("OldPatroni", func(t *testing.T) {
		dir := t.TempDir()
		bin := filepath.Join(dir, "patroni", "bin")
		if err := os.MkdirAll(bin, 0o755); err != nil { //nolint:gosec // a test
			t.Fatal(err)
		}
		// Debian's version answers exactly so.
		if err := os.WriteFile(filepath.Join(bin, "patroni"), []byte("#!/bin/sh\necho patroni 3.0.2\n"), 0o755); err != nil { //nolint:gosec // a program
			t.Fatal(err)
		}
		t.Setenv("FOURNINES_ENGINES", dir)
		refused(t, "patroni 3.0.2", "too old", "lose acknowledged writes")
	})
	t.Run("NewerData", func(t *testing.T) {
		if err := os.MkdirAll(p.Root, 0o755); err != nil { //nolint:gosec // a test
			t.Fatal(err)
		}
		file := filepath.Join(p.Root, "installation.json")
		if err := os.WriteFile(file, []byte(`{"format": 99}`), 0o600); err != nil {
			t.Fatal(err)
		}
		defer os.Remove(file) //nolint:errcheck // a test
		refused(t, "format 99", "newer version", "--data")
	})
	t.Run("FullDisk", func(t *testing.T) {
		if err := up.CheckSpace("/proc"); err == nil { // a file system that never has room
			t.Error("no free space is taken for enough")
		} else if !strings.Contains(err.Error(), "make room") {
			t.Error(err)
		}
	})
}
