package seal_test

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal/seal"
)

// What one server has sealed another opens with its copies, and what was erased stays so,
// in whatever order the copies come.
func TestCopiesOpenAndTombstonesWin(t *testing.T) {
	t.Parallel()
	root := t.TempDir()
	master, here, there := filepath.Join(root, "master"), filepath.Join(root, "a"), filepath.Join(root, "b")
	a, err := seal.OpenDirectory(here, master)
	if err != nil {
		t.Fatal(err)
	}
	s, err := seal.New(a, a.Pepper())
	if err != nil {
		t.Fatal(err)
	}
	kept, erased := s.Pseudonym("anna"), s.Pseudonym("ben")
	key, err1 := a.Create(kept)
	_, err2 := a.Create(erased)
	if err := errors.Join(err1, err2); err != nil {
		t.Fatal(err)
	}
	before, err := seal.Copies(here)
	if err != nil || len(before) != 3 {
		t.Fatalf("%v: copies of %v", err, slices.Collect(maps.Keys(before)))
	}
	if _, err := a.Destroy(erased, time.Now()); err != nil {
		t.Fatal(err)
	}
	after, err := seal.Copies(here)
	if err != nil || !seal.Erased(after[seal.CopyName(erased)]) || seal.Erased(after[seal.CopyName(kept)]) {
		t.Fatalf("%v: %v", err, after)
	}
	for _, copies := range []map[string][]byte{before, after, before} { // the last come late
		for name, content := range copies {
			if err := seal.Keep(there, name, content); err != nil {
				t.Fatal(err)
			}
		}
	}
	b, err := seal.OpenDirectory(there, master)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close() //nolint:errcheck // test
	if got, err := b.Get(kept); err != nil || !slices.Equal(got, key) {
		t.Fatalf("%v: the copy has another key", err)
	}
	if _, err := b.Get(erased); !errors.Is(err, seal.ErrErased) {
		t.Fatalf("an erased person is back: %v", err)
	}
}

func TestWhatIsNoKeyIsNotKept(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	name := seal.CopyName("AAAAAAAAAAAAAAAAAAAAAA")
	for _, c := range []struct{ name, content string }{
		{"../escape.key", `{"v":1,"key":"AA=="}`}, {"key", `{"v":1,"key":"AA=="}`}, {name, `{}`}, {name, `{"v":2,"key":"AA=="}`}, {name, "x"}, {name, ""},
	} {
		if err := seal.Keep(dir, c.name, []byte(c.content)); err == nil {
			t.Errorf("%q with %q is kept", c.name, c.content)
		}
	}
	if err := errors.Join(seal.Keep(dir, seal.PepperName, []byte("one")), seal.Keep(dir, seal.PepperName, []byte("one"))); err != nil {
		t.Fatal(err)
	}
	if err := seal.Keep(dir, seal.PepperName, []byte("two")); err == nil {
		t.Fatal("another key of pseudonyms is kept")
	}
}
