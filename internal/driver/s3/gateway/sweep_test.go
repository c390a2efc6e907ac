package gateway_test

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/driver/s3/gateway"
	"github.com/greenlang/fournines/internal/driver/s3/s3test"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
)

func TestMain(m *testing.M) { s3test.Main(m) }

func put(t *testing.T, s *s3.Store, key, body string) s3.Stored {
	t.Helper()
	got, err := s.Put(t.Context(), key, strings.NewReader(body), s3.PutOptions{RetainUntil: time.Now().Add(time.Minute)})
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func write(t *testing.T, path string) {
	t.Helper()
	if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o700), os.WriteFile(path, []byte("half"), 0o600)); err != nil {
		t.Fatal(err)
	}
}

// What a crash can leave is laid out by hand; the next start removes it, and nothing else.
func TestWhatACrashLeavesIsSweptAtStart(t *testing.T) {
	t.Parallel()
	for name, sidecar := range map[string]bool{"attributes on inodes": false, "attributes in files": true} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			dir := t.TempDir()
			g := s3test.Start(t, dir, func(o *gateway.Options) { o.Sidecar = sidecar })
			s := g.Open(t, "archive", nil)
			if err := s.EnsureBucket(t.Context()); err != nil {
				t.Fatal(err)
			}
			kept := put(t, s, "a/kept", "kept")
			if err := g.Kill(); err != nil {
				t.Fatal(err)
			}
			litter := []string{
				"objects/archive/a/.kept.sgwtmp.1700000000000000000", // replaced an object a moment later
				"objects/archive/.sgwtmp/abc.123",                    // a body without a name
				"objects/archive/.sgwtmp/marker.01",
				"objects/archive/.sgwtmp/multipart/0a/up.etag.inprogress/1",
				"versions/archive/aa/bb/cc/.01.sgwtmp.1700000000000000000",
			}
			if sidecar {
				litter = append(litter, "sidecar/archive/a/orphan/meta/etag")
			}
			for _, l := range litter {
				write(t, filepath.Join(dir, l))
			}
			if err := os.Mkdir(filepath.Join(dir, "objects", "half-made"), 0o700); err != nil {
				t.Fatal(err)
			}
			g.Begin(t)
			for _, l := range append(litter, "objects/half-made") {
				if _, err := os.Lstat(filepath.Join(dir, l)); !errors.Is(err, fs.ErrNotExist) {
					t.Errorf("%s is still there: %v", l, err)
				}
			}
			if i, err := s.Head(t.Context(), "a/kept", kept.Version); err != nil || i.Mode != s3.Compliance {
				t.Fatalf("%+v, %v", i, err)
			}
			if err := g.Open(t, "half-made", nil).EnsureBucket(t.Context()); err != nil {
				t.Fatal(err)
			}
			if _, err := s.Put(t.Context(), "a/orphan", strings.NewReader("x"), s3.PutOptions{IfAbsent: true}); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// Killed after a version was kept and before it was replaced, it is there twice; it must
// be listed once, and be gone once it is deleted.
func TestAVersionThatACrashHasDoubledIsOneAgain(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	g := s3test.Start(t, dir, nil)
	s := g.Open(t, "archive", nil)
	if err := s.EnsureBucket(t.Context()); err != nil {
		t.Fatal(err)
	}
	old := put(t, s, "k", "old")
	now, err := s.Put(t.Context(), "k", strings.NewReader("now"), s3.PutOptions{})
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Kill(); err != nil {
		t.Fatal(err)
	}
	kept, err := filepath.Glob(filepath.Join(dir, "versions", "archive", "*", "*", "*", "*", old.Version))
	if err != nil || len(kept) != 1 {
		t.Fatalf("%v %v", kept, err)
	}
	double := filepath.Join(filepath.Dir(kept[0]), now.Version)
	if err := os.Link(filepath.Join(dir, "objects", "archive", "k"), double); err != nil {
		t.Fatal(err)
	}
	g.Begin(t)
	if _, err := os.Stat(double); !errors.Is(err, fs.ErrNotExist) {
		t.Fatalf("it is still double: %v", err)
	}
	if err := s.Delete(t.Context(), "k", now.Version); err != nil {
		t.Fatal(err)
	}
	if i, err := s.Head(t.Context(), "k", ""); err != nil || i.Version != old.Version {
		t.Fatalf("%+v, %v", i, err)
	}
}

func TestASecondStoreOfADirectoryIsRefused(t *testing.T) {
	t.Parallel()
	g := s3test.Start(t, t.TempDir(), nil)
	o := g.Options
	o.Listen = loopback.Free(t)
	if _, err := gateway.Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), "in use by another process") {
		t.Fatalf("got %v", err)
	}
}

func TestOptionsAreRefusedWithWhatToDo(t *testing.T) {
	t.Parallel()
	for want, o := range map[string]gateway.Options{
		"--dir":              {Listen: "127.0.0.1:1", AccessKey: "a", SecretKey: "b"},
		"--credentials-file": {Dir: "x", Listen: "127.0.0.1:1", AccessKey: "a"},
		"fixed port":         {Dir: "x", Listen: "127.0.0.1:0", AccessKey: "a", SecretKey: "b"},
	} {
		if _, err := gateway.Start(t.Context(), o); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("want %q, got %v", want, err)
		}
	}
}

// The authority and its key outlive restarts, so clients keep trusting; only the owner reads them.
func TestTheAuthorityStaysAndIsPrivate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	g := s3test.Start(t, dir, func(o *gateway.Options) { o.TLS = true })
	before, err := os.ReadFile(filepath.Join(dir, gateway.AuthorityFile))
	if err != nil {
		t.Fatal(err)
	}
	if err := g.Kill(); err != nil {
		t.Fatal(err)
	}
	g.Begin(t)
	if after, err := os.ReadFile(filepath.Join(dir, gateway.AuthorityFile)); err != nil || !bytes.Equal(before, after) {
		t.Fatalf("the authority is another one: %v", err)
	}
	s := g.Open(t, "archive", nil)
	if err := s.EnsureBucket(t.Context()); err != nil {
		t.Fatal(err)
	}
	put(t, s, "k", "x")
	err = filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		info, err := d.Info()
		if err == nil && info.Mode().Perm()&0o077 != 0 && !strings.Contains(path, ".vgwlocks") { // those are empty
			return fmt.Errorf("%s has mode %04o", path, info.Mode().Perm())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if info, err := os.Stat(filepath.Join(dir, "objects")); err != nil || info.Mode().Perm() != 0o700 {
		t.Fatalf("%v %v", info, err)
	}
	plain := g.Open(t, "archive", func(o *s3.Options) { o.CAFile, o.Attempts = "", 1 })
	if _, err := plain.Head(t.Context(), "k", ""); !errors.Is(err, s3.ErrUnavailable) || !strings.Contains(err.Error(), "certificate") {
		t.Fatalf("without the authority: %v", err)
	}
}

func TestAnOrdinaryUserCanRunIt(t *testing.T) {
	t.Parallel()
	if os.Getuid() != 0 {
		return // this is no root: every other test proves that an ordinary user can run it
	}
	dir, err := os.MkdirTemp("", "objects")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = os.RemoveAll(dir) })
	program := filepath.Join(dir, "program")
	if out, err := exec.Command("cp", os.Args[0], program).CombinedOutput(); err != nil { // os.CopyFS needs a tree
		t.Fatalf("%v %s", err, out)
	}
	store := filepath.Join(dir, "store")
	const nobody = 65534
	if err := errors.Join(os.Chmod(dir, 0o755), os.Chmod(program, 0o755), os.Mkdir(store, 0o700), os.Chown(store, nobody, nobody)); err != nil {
		t.Fatal(err)
	}
	g := s3test.StartAs(t, store, program, nobody)
	s := g.Open(t, "archive", nil)
	if err := s.EnsureBucket(t.Context()); err != nil {
		t.Fatal(err)
	}
	if r, err := s3.Probe(t.Context(), s, time.Now); err != nil || !r.Holds {
		t.Fatalf("%+v, %v", r, err)
	}
}
