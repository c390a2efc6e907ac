package durable_test

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/greenlang/fournines/internal/journal/durable"
	"github.com/greenlang/fournines/internal/journal/durable/crashdisk"
)

// At every step of a replacement, and with every loss, the file is the old one or the
// new one; and the new one once Replace has returned.
func TestReplaceIsAtomicAtEveryStep(t *testing.T) {
	t.Parallel()
	for _, loss := range crashdisk.Losses() {
		for at := 1; ; at++ {
			d := crashdisk.New()
			if err := durable.Replace(d, "dir/file", []byte("the old content")); err != nil {
				t.Fatal(err)
			}
			d.CrashAt(at)
			err := durable.Replace(d, "dir/file", []byte("the new content, longer"))
			if err != nil && !errors.Is(err, crashdisk.ErrCrashed) {
				t.Fatal(err)
			}
			b, readErr := d.Restart(loss).Read("dir/file")
			if readErr != nil {
				t.Fatalf("%v at step %d: %v", loss, at, readErr)
			}
			want := []string{"the old content", "the new content, longer"}
			if err == nil {
				want = want[1:]
			}
			if !slices.Contains(want, string(b)) {
				t.Fatalf("%v at step %d: found %q", loss, at, b)
			}
			if !d.Crashed() {
				if at < 6 {
					t.Fatalf("a replacement has only %d steps: the disk does not count them", at)
				}
				break
			}
		}
	}
}

// The disk must be able to lose: a plain write does not survive what Replace survives.
func TestDiskLosesWhatWasNotReplaced(t *testing.T) {
	t.Parallel()
	broken := 0
	for _, loss := range crashdisk.Losses() {
		for at := 1; at <= 4; at++ {
			d := crashdisk.New()
			if err := durable.Replace(d, "f", []byte("old old old")); err != nil {
				t.Fatal(err)
			}
			d.CrashAt(at)
			if err := d.Write("f", []byte("new new new")); !errors.Is(err, crashdisk.ErrCrashed) {
				t.Fatal(err)
			}
			if b, err := d.Restart(loss).Read("f"); err != nil || (string(b) != "old old old" && string(b) != "new new new") {
				broken++
			}
		}
	}
	if broken == 0 {
		t.Fatal("no crash tears a plain write: the disk cannot fail, so tests on it prove nothing")
	}
}

func TestOS(t *testing.T) {
	t.Parallel()
	dir := filepath.Join(t.TempDir(), "a", "b")
	var f durable.OS
	if err := f.Make(dir); err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, "x")
	for _, content := range []string{"a long content", "short", ""} {
		if err := durable.Replace(f, path, []byte(content)); err != nil {
			t.Fatal(err)
		}
		if b, err := f.Read(path); err != nil || string(b) != content {
			t.Fatalf("read %q, %v; want %q", b, err, content)
		}
	}
	if err := f.Write(path, []byte("longer again")); err != nil {
		t.Fatal(err)
	}
	if err := f.Write(path, []byte("cut")); err != nil {
		t.Fatal(err)
	}
	if b, _ := f.Read(path); string(b) != "cut" {
		t.Fatalf("overwritten in place: %q", b)
	}
	if err := f.Write(path+durable.Suffix, nil); err != nil {
		t.Fatal(err)
	}
	if err := durable.Sweep(f, dir); err != nil {
		t.Fatal(err)
	}
	if names, err := f.Names(dir); err != nil || fmt.Sprint(names) != "[x]" {
		t.Fatalf("names %v, %v", names, err)
	}
	if _, err := f.Read(filepath.Join(dir, "none")); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("a missing file: %v", err)
	}
}

func TestPrivate(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "key")
	if err := (durable.OS{}).Write(path, []byte("k")); err != nil {
		t.Fatal(err)
	}
	if err := (durable.OS{}).Private(path); err != nil {
		t.Fatalf("a file as we write it: %v", err)
	}
	if err := os.Chmod(path, 0o640); err != nil {
		t.Fatal(err)
	}
	if err := (durable.OS{}).Private(path); err == nil {
		t.Fatal("a key that the group can read was accepted")
	}
}

func TestLockKeepsTheSecondOut(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	l, err := durable.Lock(dir)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := durable.Lock(dir); err == nil {
		t.Fatal("two owners")
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := durable.Lock(dir)
	if err != nil {
		t.Fatalf("after it was given back: %v", err)
	}
	if err := again.Close(); err != nil {
		t.Fatal(err)
	}
}
