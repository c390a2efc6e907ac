package seal

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal/durable/crashdisk"
)

var email = Context{"customer.created", "/email"}

func day(n int) time.Time { return time.Date(2026, 11, n, 3, 0, 0, 0, time.UTC) }

// newSealer returns a sealer whose keys are on a disk in memory.
func newSealer(t testing.TB) *Sealer {
	t.Helper()
	_, s, err := openOn(crashdisk.New())
	if err != nil {
		t.Fatal(err)
	}
	return s
}

func openOn(d *crashdisk.Disk) (*Directory, *Sealer, error) {
	keys, err := openDirectory(d, "keys", "safe/master.key")
	if err != nil {
		return nil, nil, err
	}
	s, err := New(keys, keys.Pepper())
	return keys, s, err
}

func mustSeal(t testing.TB, s *Sealer, subject string, c Context, plaintext string) []byte {
	t.Helper()
	b, err := s.Seal(subject, c, []byte(plaintext))
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func TestSealAndOpen(t *testing.T) {
	t.Parallel()
	s := newSealer(t)
	for _, plaintext := range []string{"", "ada@example.com", strings.Repeat("x", MaxPlaintext)} {
		sealed := mustSeal(t, s, "ada", email, plaintext)
		if got, err := s.Open(sealed, email); err != nil || string(got) != plaintext {
			t.Fatalf("%d bytes: %v", len(plaintext), err)
		}
		if len(sealed) > maxSealed {
			t.Fatalf("%d bytes became %d, the bound is %d", len(plaintext), len(sealed), maxSealed)
		}
	}
	a, b := mustSeal(t, s, "ada", email, "same"), mustSeal(t, s, "ada", email, "same")
	if bytes.Equal(a, b) {
		t.Fatal("a nonce was used twice")
	}
	if bytes.Contains(a, []byte("ada")) || !bytes.Contains(a, []byte(s.Pseudonym("ada"))) {
		t.Fatalf("the subject stands as %s", a)
	}
	if s.Pseudonym("ada") == newSealer(t).Pseudonym("ada") {
		t.Fatal("pseudonyms do not depend on the installation")
	}
	for name, try := range map[string]func() error{
		"too large":     func() error { _, err := s.Seal("ada", email, make([]byte, MaxPlaintext+1)); return err },
		"no subject":    func() error { _, err := s.Seal("", email, nil); return err },
		"long subject":  func() error { _, err := s.Seal(strings.Repeat("x", maxSubject+1), email, nil); return err },
		"short pepper":  func() error { _, err := New(s.keys, make([]byte, 31)); return err },
		"other kind":    func() error { _, err := s.Open(a, Context{"customer.changed", "/email"}); return err },
		"other path":    func() error { _, err := s.Open(a, Context{"customer.created", "/name"}); return err },
		"moved border":  func() error { _, err := s.Open(a, Context{"customer.created/", "email"}); return err },
		"other subject": func() error { return openAs(s, a, "bob") },
	} {
		if try() == nil {
			t.Errorf("%s: accepted", name)
		}
	}
}

// openAs opens a value after its subject was replaced by another with a key.
func openAs(s *Sealer, sealed []byte, subject string) error {
	if _, err := s.Seal(subject, email, nil); err != nil {
		return nil
	}
	b, err := decode(sealed)
	if err != nil {
		return nil
	}
	b.Subject = s.Pseudonym(subject)
	moved, err := b.encode()
	if err != nil {
		return nil
	}
	_, err = s.Open(moved, email)
	return err
}

// No changed byte opens as another text, and no answer is a panic.
func TestEveryChangedByteIsFound(t *testing.T) {
	t.Parallel()
	s := newSealer(t)
	sealed := mustSeal(t, s, "ada", email, "ada@example.com")
	for i := range sealed {
		for _, bit := range []byte{1, 2, 4, 8, 16, 32, 64, 128} {
			changed := bytes.Clone(sealed)
			changed[i] ^= bit
			if got, err := s.Open(changed, email); err == nil && string(got) != "ada@example.com" {
				t.Fatalf("byte %d changed: %q", i, got)
			} else if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNoKey) {
				t.Fatalf("byte %d changed: %v", i, err)
			}
		}
	}
}

func TestErase(t *testing.T) {
	t.Parallel()
	s := newSealer(t)
	ada, bob := mustSeal(t, s, "ada", email, "ada@example.com"), mustSeal(t, s, "bob", email, "bob@example.com")
	for n := 1; n <= 3; n++ { // a repeat changes nothing, not even the time
		if at, err := s.Erase("ada", day(n)); err != nil || !at.Equal(day(1)) {
			t.Fatalf("erased at %v, %v", at, err)
		}
	}
	_, err := s.Open(ada, email)
	var erased *ErasedError
	if !errors.Is(err, ErrErased) || !errors.As(err, &erased) || !erased.At.Equal(day(1)) {
		t.Fatalf("after the erasure: %v", err)
	}
	if _, err := s.Seal("ada", email, nil); !errors.Is(err, ErrErased) {
		t.Fatalf("sealed for an erased subject: %v", err)
	}
	if got, err := s.Open(bob, email); err != nil || string(got) != "bob@example.com" {
		t.Fatalf("another subject suffered: %v", err)
	}
	if at, err := s.Erase("never seen", day(4)); err != nil || !at.Equal(day(4)) {
		t.Fatalf("erase a subject without a key: %v", err)
	}
	if _, err := s.Seal("never seen", email, nil); !errors.Is(err, ErrErased) {
		t.Fatalf("an erasure that came before the key was forgotten: %v", err)
	}
	if _, err := newSealer(t).Open(bob, email); !errors.Is(err, ErrNoKey) {
		t.Fatalf("another installation: %v", err)
	}
}

func TestFields(t *testing.T) {
	t.Parallel()
	s := newSealer(t)
	doc := `{"id":12345678901234567890,"customer":{"email":"a@b","a/b":{"x~y":null}},"phones":["1","2"],"note":"<&>"}`
	tests := []struct {
		paths  []string
		sealed string // space separated; "-" is an error
	}{
		{nil, ""},
		{[]string{"/customer/email"}, "/customer/email"},
		{[]string{"/phones/*", "/customer/a~1b/x~0y"}, "/phones/0 /phones/1 /customer/a~1b/x~0y"},
		{[]string{"/phones/1", "/none", "/phones/2", "/id/deeper"}, "/phones/1"},
		{[]string{"/customer"}, "/customer"},
		{[]string{""}, ""},
		{[]string{"/*"}, "/customer /id /note /phones"},
		{[]string{"/customer", "/customer/email"}, "-"},
		{[]string{"/customer/email", "/customer"}, "-"},
		{[]string{"/phones/0", "/phones/*"}, "-"},
		{[]string{"customer"}, "-"},
	}
	for _, tt := range tests {
		out, sealed, err := s.SealFields("ada", "k", []byte(doc), tt.paths)
		if (err != nil) != (tt.sealed == "-") {
			t.Fatalf("%v: %v", tt.paths, err)
		}
		if err != nil {
			continue
		}
		if got := strings.Join(sealed, " "); got != tt.sealed {
			t.Errorf("%v sealed %q", tt.paths, got)
		}
		if len(tt.paths) > 0 && tt.paths[0] == "/phones/*" && (bytes.Contains(out, []byte(`"1"`)) || !bytes.Contains(out, []byte("12345678901234567890"))) {
			t.Errorf("%v left %s", tt.paths, out)
		}
		back, err := s.OpenFields("k", out)
		if err != nil || !sameJSON(t, back, []byte(doc)) {
			t.Errorf("%v: came back as %s, %v", tt.paths, back, err)
		}
	}
}

func TestOpenFieldsAfterErasure(t *testing.T) {
	t.Parallel()
	s := newSealer(t)
	one, _, err := s.SealFields("ada", "k", []byte(`{"a":"ada@example.com","b":1}`), []string{"/a"})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Erase("ada", day(2)); err != nil {
		t.Fatal(err)
	}
	got, err := s.OpenFields("k", one)
	if want := `{"a":{"erased":"2026-11-02T03:00:00Z"},"b":1}`; err != nil || string(got) != want {
		t.Fatalf("%s, %v", got, err)
	}
	lookalike := []byte(`{"a":{"sealed":{"v":1}},"b":` + string(mustSeal(t, s, "bob", Context{"k", "/b"}, `"bob"`)) + `}`)
	got, err = s.OpenFields("k", lookalike)
	if !errors.Is(err, ErrDamaged) || string(got) != `{"a":{"sealed":{"v":1}},"b":"bob"}` {
		t.Fatalf("%s, %v", got, err)
	}
}

func sameJSON(t testing.TB, a, b []byte) bool {
	t.Helper()
	var out [2]string
	for i, doc := range [][]byte{a, b} {
		v, err := decodeJSON(doc)
		if err != nil {
			t.Fatal(err)
		}
		s, err := json.Marshal(v)
		if err != nil {
			t.Fatal(err)
		}
		out[i] = string(s)
	}
	return out[0] == out[1]
}

func FuzzOpen(f *testing.F) {
	s := newSealer(f)
	f.Add(mustSeal(f, s, "ada", email, "ada@example.com"))
	f.Add([]byte(`{"sealed":{"v":1,"subject":"../../../../../../etc/passwd00000","nonce":"AAAAAAAAAAAAAAAA","box":"AAAAAAAAAAAAAAAAAAAAAA=="}}`))
	f.Add([]byte(`{"sealed":null}`))
	f.Fuzz(func(t *testing.T, sealed []byte) {
		got, err := s.Open(sealed, email)
		if err == nil && string(got) != "ada@example.com" {
			t.Fatalf("%q opened as %q", sealed, got)
		}
		if err != nil && !errors.Is(err, ErrDamaged) && !errors.Is(err, ErrNoKey) {
			t.Fatalf("%q: %v", sealed, err)
		}
	})
}

// Whatever document and path come, what was sealed opens to the same document.
func FuzzSealFields(f *testing.F) {
	s := newSealer(f)
	f.Add([]byte(`{"a":[{"b":1e400},"x"],"":{"":""}}`), "/a/*/b")
	f.Add([]byte(`{"":{"":""}}`), "//")
	f.Add([]byte(`[[[]]]`), "/0/0")
	f.Add([]byte(`{"~":1,"/":2}`), "/*")
	f.Fuzz(func(t *testing.T, doc []byte, path string) {
		if bytes.Contains(doc, []byte("sealed")) {
			return
		}
		out, _, err := s.SealFields("ada", "k", doc, []string{path})
		if err != nil || len(out) > MaxDocument {
			return
		}
		back, err := s.OpenFields("k", out)
		if err != nil || !sameJSON(t, back, doc) {
			t.Fatalf("%q at %q came back as %q, %v", doc, path, back, err)
		}
	})
}

func BenchmarkSeal(b *testing.B) {
	for _, size := range []int{32, 4096} {
		b.Run(fmt.Sprint(size), func(b *testing.B) {
			keys, err := OpenDirectory(b.TempDir(), b.TempDir()+"/master.key")
			if err != nil {
				b.Fatal(err)
			}
			s, err := New(keys, keys.Pepper())
			if err != nil {
				b.Fatal(err)
			}
			plaintext := strings.Repeat("x", size)
			sealed := mustSeal(b, s, "ada", email, plaintext)
			b.Run("seal", func(b *testing.B) {
				for b.Loop() {
					mustSeal(b, s, "ada", email, plaintext)
				}
			})
			b.Run("open", func(b *testing.B) {
				for b.Loop() {
					if _, err := s.Open(sealed, email); err != nil {
						b.Fatal(err)
					}
				}
			})
		})
	}
}
