package compliance

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/control/crashtest"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/seal"
	"github.com/greenlang/fournines/internal/state"
)

func field() seal.Context { return seal.Context{Kind: "k", Path: "/personal"} }

// store is keys in a directory that is opened for each use: the process dies in between.
type store struct{ dir string }

func (s store) open() (*seal.Directory, *seal.Sealer, error) {
	keys, err := seal.OpenDirectory(filepath.Join(s.dir, "keys"), filepath.Join(s.dir, "master"))
	if err != nil {
		return nil, nil, err
	}
	sealer, err := seal.New(keys, keys.Pepper())
	return keys, sealer, err
}

func (s store) Get(pseudonym string) ([]byte, error) {
	keys, _, err := s.open()
	if err != nil {
		return nil, err
	}
	defer keys.Close() //nolint:errcheck // only read
	return keys.Get(pseudonym)
}

func (s store) Destroy(pseudonym string, at time.Time) (time.Time, error) {
	keys, _, err := s.open()
	if err != nil {
		return at, err
	}
	at, err = keys.Destroy(pseudonym, at)
	return at, errors.Join(err, keys.Close())
}

// sealFor seals something for ada and returns it with her pseudonym.
func (s store) sealFor(name string) (sealed []byte, pseudonym string, err error) {
	keys, sealer, err := s.open()
	if err != nil {
		return nil, "", err
	}
	sealed, err = sealer.Seal(name, field(), []byte(`"ada@example.com"`))
	return sealed, sealer.Pseudonym(name), errors.Join(err, keys.Close())
}

// The server dies at each boundary: in the end the key is gone, that is recorded once,
// and with the time at which it was destroyed.
func TestEraseCrashAnywhere_7_8_5(t *testing.T) {
	const person = "AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA" // the pseudonym must be known before the directory is
	a, err := control.NewAction("erase-1", KindErase, person, EraseArgs{Person: person})
	if err != nil {
		t.Fatal(err)
	}
	a.Actor, a.Reason = "token:ada", "request 17"
	crashtest.Run(t, crashtest.World{
		Setup: func(dir string) error {
			keys, _, err := store{dir}.open()
			if err != nil {
				return err
			}
			_, err = keys.Create(person)
			return errors.Join(err, keys.Close())
		},
		Kinds: func(dir string, s *state.Projection) []control.Kind {
			return Erasures{Keys: store{dir}, Records: s, Now: time.Now}.Kinds()
		},
		Folds: []state.Fold{Fold}, Action: a,
		Check: func(dir string, o control.Operation) error { return checkErased(dir, person, o) },
	})
}

func checkErased(dir, person string, o control.Operation) error {
	if o.State != control.Succeeded {
		return fmt.Errorf("it is %s: %s", o.State, o.Error)
	}
	_, err := store{dir}.Get(person)
	var gone *seal.ErasedError
	if !errors.As(err, &gone) {
		return fmt.Errorf("the key is not destroyed: %w", err)
	}
	j, err := journal.Open(filepath.Join(dir, "journal"), time.Now)
	if err != nil {
		return err
	}
	defer j.Close() //nolint:errcheck // only read
	records, err := j.Read(0, 1000)
	if err != nil {
		return err
	}
	d, times := state.NewDocs(), 0
	for _, r := range records {
		if r.Kind == PersonErased.Name {
			times++
			if r.Actor != "token:ada" || r.Reason != "request 17" {
				return fmt.Errorf("by %s because of %s", r.Actor, r.Reason)
			}
		}
		if err := Fold(d, r); err != nil {
			return err
		}
	}
	var e Erasure
	if found, err := d.Get(ErasedPrefix+person, &e); err != nil || !found || times != 1 || !e.At.Equal(gone.At) {
		return fmt.Errorf("recorded %d times: %+v, the key was destroyed at %s (%w)", times, e, gone.At, err)
	}
	return nil
}

type records map[string]Erasure

func (r records) Append(context.Context, ...journal.Entry) (uint64, error) { return 0, nil }
func (r records) Get(key string, v any) (bool, error) {
	e, ok := r[key]
	if out, is := v.(*Erasure); is && ok {
		*out = e
	}
	return ok, nil
}

func TestGuard(t *testing.T) {
	t.Parallel()
	x := Erasures{Records: records{ErasedPrefix + "p": {Entry: 7}}}
	for _, c := range []struct{ person, reason, says string }{{"p", "r", "by entry 7"}, {"q", "", "reason"}, {"q", "r", ""}} {
		a, err := control.NewAction("k", KindErase, c.person, EraseArgs{c.person})
		if err != nil {
			t.Fatal(err)
		}
		a.Reason = c.reason
		err = x.guard(t.Context(), a)
		if (err == nil) != (c.says == "") || (err != nil && !strings.Contains(err.Error(), c.says)) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// A backup of the key directory brings a key back until the erasures are repeated.
func TestRestoredKeysAreErasedAgain(t *testing.T) {
	t.Parallel()
	s := store{t.TempDir()}
	sealed, ada, err := s.sealFor("ada")
	if err != nil {
		t.Fatal(err)
	}
	backup := t.TempDir()
	if err := os.CopyFS(backup, os.DirFS(s.dir)); err != nil {
		t.Fatal(err)
	}
	at, err := s.Destroy(ada, time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC))
	if err != nil {
		t.Fatal(err)
	}
	erased := []Erasure{{Erased: Erased{ada, at}, Entry: 3}}
	if found, err := Again(s, erased); err != nil || len(found) != 0 {
		t.Fatalf("%v %v", found, err)
	}
	for _, f := range []string{"master", "keys/pseudonym.secret", "keys/" + ada + ".key"} {
		if err := os.Chmod(filepath.Join(backup, f), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	s = store{backup}
	keys, sealer, err := s.open()
	if err != nil {
		t.Fatal(err)
	}
	if _, err := sealer.Open(sealed, field()); err != nil {
		t.Fatalf("a backup was to bring the key back: %v", err)
	}
	if found, err := Again(keys, erased); err != nil || !slices.Equal(found, []string{ada}) {
		t.Fatalf("%v %v", found, err)
	}
	var gone *seal.ErasedError
	if _, err := sealer.Open(sealed, field()); !errors.As(err, &gone) || !gone.At.Equal(at) {
		t.Fatal(err)
	}
	if err := keys.Close(); err != nil {
		t.Fatal(err)
	}
}

func TestSealedFor(t *testing.T) {
	t.Parallel()
	for data, want := range map[string]string{
		`{"a":{"sealed":{"subject":"p"}},"b":[{"sealed":{"subject":"q"}},{"sealed":{"subject":"p"}}]}`: "p q",
		`{"sealed":true}`: "", `{"sealed":{"subject":1}}`: "", `{"a":1}`: "", `nonsense "sealed"`: "",
	} {
		if got := strings.Join(SealedFor([]byte(data)), " "); got != want {
			t.Errorf("%s: %q, want %q", data, got, want)
		}
	}
}
