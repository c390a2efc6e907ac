package seal

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/greenlang/fournines/internal/journal/durable/crashdisk"
)

func TestDirectoryOnTheRealDisk(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	keyDir, masterPath := filepath.Join(dir, "keys"), filepath.Join(dir, "safe", "master.key")
	keys, err := OpenDirectory(keyDir, masterPath)
	if err != nil {
		t.Fatal(err)
	}
	s, err := New(keys, keys.Pepper())
	if err != nil {
		t.Fatal(err)
	}
	ada, bob := mustSeal(t, s, "ada", email, "1"), mustSeal(t, s, "bob", email, "2")
	if _, err := OpenDirectory(keyDir, masterPath); err == nil {
		t.Fatal("two processes share the directory")
	}
	before, err := os.ReadFile(masterPath)
	if err != nil || len(before) != 32 {
		t.Fatalf("%d bytes, %v", len(before), err)
	}
	if err := keys.Rotate(); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Erase("bob", day(1)); err != nil {
		t.Fatal(err)
	}
	if err := keys.Close(); err != nil {
		t.Fatal(err)
	}
	if after, _ := os.ReadFile(masterPath); bytes.Equal(before, after) || len(after) != 32 {
		t.Fatal("the master key was not replaced")
	}
	keys, err = OpenDirectory(keyDir, masterPath)
	if err != nil {
		t.Fatal(err)
	}
	s, _ = New(keys, keys.Pepper())
	if got, err := s.Open(ada, email); err != nil || string(got) != "1" {
		t.Fatalf("after rotation and restart: %v", err)
	}
	if _, err := s.Open(bob, email); !errors.Is(err, ErrErased) {
		t.Fatalf("after erasure and restart: %v", err)
	}
	if err := keys.Close(); err != nil {
		t.Fatal(err)
	}
	err = filepath.WalkDir(dir, func(path string, e os.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if info, err := e.Info(); err != nil || info.Mode().Perm() != 0o600 {
			t.Errorf("%s has mode %v, %v", path, info.Mode(), err)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(masterPath, 0o644); err != nil {
		t.Fatal(err)
	}
	if _, err := OpenDirectory(keyDir, masterPath); err == nil || !strings.Contains(err.Error(), "chmod 600") {
		t.Fatalf("a master key that everybody can read: %v", err)
	}
}

// Subjects are sealed for, opened and erased while the master key is rotated again and
// again; nothing fails in between.
func TestRotationWhileInUse(t *testing.T) {
	t.Parallel()
	keys, s, err := openOn(crashdisk.New())
	if err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for worker := range 4 {
		all.Go(func() {
			for i := range 40 {
				subject := fmt.Sprintf("%d/%d", worker, i)
				sealed, err := s.Seal(subject, email, []byte(subject))
				if err != nil {
					t.Errorf("seal: %v", err)
					return
				}
				if got, err := s.Open(sealed, email); err != nil || string(got) != subject {
					t.Errorf("open: %v", err)
				}
				if i%3 == 0 {
					if _, err := s.Erase(subject, day(1)); err != nil {
						t.Errorf("erase: %v", err)
					}
				}
			}
		})
	}
	for range 5 {
		if err := keys.Rotate(); err != nil {
			t.Errorf("rotate: %v", err)
		}
	}
	all.Wait()
}

// Two callers that need a subject's first key at once get the same one.
func TestFirstKeyIsMadeOnce(t *testing.T) {
	t.Parallel()
	s := newSealer(t)
	var all sync.WaitGroup
	sealed := make([][]byte, 16)
	for i := range sealed {
		all.Go(func() { sealed[i], _ = s.Seal("ada", email, []byte("x")) })
	}
	all.Wait()
	for _, b := range sealed {
		if got, err := s.Open(b, email); err != nil || string(got) != "x" {
			t.Fatal(err)
		}
	}
}

func TestDamagedDirectory(t *testing.T) {
	t.Parallel()
	d := crashdisk.New()
	_, s, err := openOn(d)
	if err != nil {
		t.Fatal(err)
	}
	sealed := mustSeal(t, s, "ada", email, "x")
	mustSeal(t, s, "bob", email, "x")
	ada, bob := "keys/"+s.Pseudonym("ada")+keySuffix, "keys/"+s.Pseudonym("bob")+keySuffix
	bobs, _ := d.Read(bob)

	for _, lost := range []string{"safe/master.key", "keys/" + pepperFile} {
		d2 := d.Clone()
		if err := d2.Remove(lost); err != nil {
			t.Fatal(err)
		}
		if _, _, err := openOn(d2); err == nil || !strings.Contains(err.Error(), "restore it") {
			t.Errorf("%s was replaced: %v", lost, err)
		}
		if err := d2.Write(lost, []byte("short")); err != nil {
			t.Fatal(err)
		}
		if _, _, err := openOn(d2); err == nil {
			t.Errorf("a short %s was used", lost)
		}
	}
	for name, content := range map[string]string{"empty": "", "zeros": string(make([]byte, 100)), "no key": `{"v":1}`,
		"version": `{"v":2,"key":"AAAA"}`, "another subject's": string(bobs), "another master's": `{"v":1,"master":"00","nonce":"","key":"AAAA"}`} {
		d2 := d.Clone()
		if err := d2.Write(ada, []byte(content)); err != nil {
			t.Fatal(err)
		}
		keys, s2, err := openOn(d2)
		if err != nil {
			t.Fatalf("%s: one damaged key stops all: %v", name, err)
		}
		if got, err := s2.Open(sealed, email); err == nil || errors.Is(err, ErrErased) || errors.Is(err, ErrNoKey) {
			t.Errorf("%s: %q, %v", name, got, err)
		}
		if err := keys.Rotate(); err == nil {
			t.Errorf("%s: the rotation destroyed the master key all the same", name)
		}
		if _, err := s2.Erase("ada", day(1)); err != nil {
			t.Errorf("%s: it cannot even be erased: %v", name, err)
		}
		if err := keys.Rotate(); err != nil {
			t.Errorf("%s: rotation after the erasure: %v", name, err)
		}
	}
}
