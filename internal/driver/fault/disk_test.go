package fault

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/greenlang/fournines/internal/driver/process"
	"github.com/greenlang/fournines/internal/platformtest/strict"
)

// free returns how much may be written at path.
func free(t *testing.T, path string) uint64 {
	t.Helper()
	var s unix.Statfs_t
	if err := unix.Statfs(path, &s); err != nil {
		t.Fatal(err)
	}
	return s.Bavail * uint64(s.Bsize) //nolint:gosec // positive
}

// server makes a zone with a unit that runs and has data, and a lease on it.
func server(t *testing.T, kind string) (Keeper, Lease, process.Process) {
	t.Helper()
	k, dir, p := zone(t)
	if os.Geteuid() != 0 {
		strict.Skip(t, "that a server's disk is made small and filled", "only root may mount; run the tests as root")
	}
	if err := os.Rename(filepath.Join(dir, "redis"), filepath.Join(dir, "postgres")); err != nil {
		t.Fatal(err)
	}
	l := Lease{ID: "disk", Kind: kind, Zone: dir, Unit: "postgres", Until: time.Now().Add(time.Minute)}
	t.Cleanup(func() { _ = l.unshrink(t.Context()) })
	if err := os.Mkdir(l.data(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(l.data(), "old"), []byte("data"), 0o600); err != nil {
		t.Fatal(err)
	}
	return k, l, p
}

// A server gets a small disk, which is filled and emptied again, and comes back to the disk of
// its zone; that is never filled.
func TestASmallDiskIsFilled(t *testing.T) {
	t.Parallel()
	k, small, p := server(t, SmallDisk)
	full := small
	full.ID, full.Kind = "full", DiskFull
	if _, err := k.Ensure(full, false); err == nil || !strings.Contains(err.Error(), "shares its disk with others") {
		t.Fatalf("the disk of the zone is filled: %v", err)
	}
	if left, err := os.ReadDir(small.data()); err != nil || len(left) != 1 {
		t.Fatalf("%v %v", left, err)
	}
	if active, err := k.Ensure(small, false); err != nil || !active {
		t.Fatal(active, err)
	}
	until(t, "the server lives on", func() bool { return !p.Alive() })
	until(t, "its old data is kept", func() bool { _, err := os.Stat(small.lost()); return os.IsNotExist(err) })
	if left, err := os.ReadDir(small.data()); err != nil || len(left) != 0 {
		t.Fatalf("it finds %v %v", left, err)
	}
	full.ID = "full2"
	if active, err := k.Ensure(full, false); err != nil || !active {
		t.Fatal(active, err)
	}
	until(t, "it is not full", func() bool { return free(t, small.data()) == 0 })
	if err := os.WriteFile(filepath.Join(small.data(), "more"), make([]byte, 8192), 0o600); !errors.Is(err, unix.ENOSPC) {
		t.Errorf("a full disk takes more: %v", err)
	}
	if free(t, small.Zone) == 0 {
		t.Error("the disk of the zone is full")
	}
	if _, err := k.Ensure(full, true); err != nil {
		t.Fatal(err)
	}
	until(t, "it is still full", func() bool { return free(t, small.data()) > 1<<28 })
	if _, err := k.Ensure(small, true); err != nil {
		t.Fatal(err)
	}
	until(t, "the small disk is still there", func() bool { own, err := small.ownDisk(); return err == nil && !own })
	if left, err := os.ReadDir(small.data()); err != nil || len(left) != 0 {
		t.Errorf("it comes back to %v %v: an old copy where a newer one was acknowledged", left, err)
	}
}

// A guard that dies between two steps is replaced by one that goes on, in both directions.
func TestAGuardOfADiskMayDie(t *testing.T) {
	t.Parallel()
	_, l, p := server(t, SmallDisk)
	if err := l.swap(); err != nil { // and here it dies
		t.Fatal(err)
	}
	if !p.Alive() {
		t.Fatal("the server does not live: nothing is left to prove")
	}
	for range 2 {
		if err := l.shrink(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if own, err := l.ownDisk(); err != nil || !own || p.Alive() {
		t.Fatalf("own disk %v, %v; the server lives: %v", own, err, p.Alive())
	}
	if _, err := os.Stat(l.lost()); !os.IsNotExist(err) {
		t.Errorf("the old data is kept: %v", err)
	}
	for range 2 {
		if err := l.unshrink(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
	if own, err := l.ownDisk(); err != nil || own {
		t.Errorf("own disk %v, %v", own, err)
	}
	// It dies with the disk mounted and not yet in its place.
	if err := os.Mkdir(l.fresh(), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := unix.Mount("fournines", l.fresh(), "tmpfs", 0, "size=1m"); err != nil {
		t.Fatal(err)
	}
	if err := l.unshrink(t.Context()); err != nil {
		t.Fatal(err)
	}
	if _, err := os.Stat(l.fresh()); !os.IsNotExist(err) {
		t.Errorf("a mounted disk is left: %v", err)
	}
}
