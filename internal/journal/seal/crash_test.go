package seal

import (
	"errors"
	"fmt"
	"testing"

	"github.com/greenlang/fournines/internal/journal/durable/crashdisk"
)

// history is what a process knew to be done when it died.
type history struct {
	sealed  map[string][]byte // by subject: sealed values that were returned
	tried   map[string]bool   // erasures that were begun
	erased  map[string]bool   // erasures that were acknowledged
	rotated int               // rotations that were acknowledged
	masters [][]byte          // master keys before each rotation that was acknowledged
	wrapped map[string][]byte // wrapped key material before each acknowledged erasure
}

// live seals, erases and rotates until the disk crashes or all is done.
func live(d *crashdisk.Disk) (history, error) {
	h := history{sealed: map[string][]byte{}, tried: map[string]bool{}, erased: map[string]bool{}, wrapped: map[string][]byte{}}
	keys, s, err := openOn(d)
	if err != nil {
		return h, err
	}
	seal := func(subject string) error {
		b, err := s.Seal(subject, email, []byte(subject+"@example.com"))
		if err == nil {
			h.sealed[subject] = b
		}
		return err
	}
	erase := func(subject string) error {
		wrapped := keys.material(s.Pseudonym(subject))
		h.tried[subject] = true
		_, err := s.Erase(subject, day(1))
		if err == nil {
			h.erased[subject], h.wrapped[subject] = true, wrapped
		}
		return err
	}
	rotate := func() error {
		old := keys.master.key
		err := keys.Rotate()
		if err == nil {
			h.rotated++
			h.masters = append(h.masters, old)
		}
		return err
	}
	for _, step := range []func() error{
		func() error { return seal("ada") },
		func() error { return seal("bob") },
		func() error { return erase("ada") },
		func() error { return rotate() },
		func() error { return seal("cem") },
		func() error { return erase("bob") },
		func() error { return erase("nobody") },
		func() error { return rotate() },
		func() error { return seal("dan") },
	} {
		if err := step(); err != nil {
			return h, err
		}
	}
	return h, nil
}

// material returns the bytes that must be overwritten when a subject is erased.
func (d *Directory) material(pseudonym string) []byte {
	d.mu.RLock()
	defer d.mu.RUnlock()
	f, err := d.read(pseudonym + keySuffix)
	if err != nil || len(f.Key) == 0 {
		return nil
	}
	b, err := d.f.Read("keys/" + pseudonym + keySuffix)
	if err != nil {
		return nil
	}
	return b[len(b)/2:]
}

// The process dies at each step of the key store, in each way. After a restart whatever
// was sealed opens, unless its erasure was begun; whatever was erased is, and its wrapped
// key stands nowhere on the disk; a rotation that was acknowledged has destroyed the old
// master key.
func TestKeyStoreSurvivesEveryStep(t *testing.T) {
	t.Parallel()
	for _, loss := range crashdisk.Losses() {
		at := 1
		for ; ; at++ {
			d := crashdisk.New()
			d.CrashAt(at)
			h, err := live(d)
			if err != nil && !errors.Is(err, crashdisk.ErrCrashed) {
				t.Fatalf("step %d: %v", at, err)
			}
			if err := inspect(h, d.Restart(loss)); err != nil {
				t.Fatalf("%v at step %d: %v", loss, at, err)
			}
			if !d.Crashed() {
				break
			}
		}
		if at < 80 {
			t.Fatalf("only %d steps were tried: the store does not write through the layer", at)
		}
	}
}

func inspect(h history, d *crashdisk.Disk) error {
	keys, s, err := openOn(d)
	if err != nil {
		return err
	}
	for subject, sealed := range h.sealed {
		got, err := s.Open(sealed, email)
		switch {
		case h.erased[subject] && !errors.Is(err, ErrErased):
			return fmt.Errorf("%s was erased and opens: %q, %w", subject, got, err)
		case errors.Is(err, ErrErased) && h.tried[subject]: // begun, or done
		case err != nil || string(got) != subject+"@example.com":
			return fmt.Errorf("%s is lost: %w", subject, err)
		}
	}
	for subject, wrapped := range h.wrapped {
		if wrapped != nil && d.Contains(wrapped) {
			return fmt.Errorf("the wrapped key of %s is still on the disk", subject)
		}
	}
	for i, old := range h.masters {
		if d.Contains(old) {
			return fmt.Errorf("the master key before rotation %d is still on the disk", i)
		}
	}
	if _, err := d.Read("safe/master.key" + nextSuffix); err == nil {
		return errors.New("a rotation was left unfinished")
	}
	for subject := range h.erased {
		if _, err := s.Seal(subject, email, nil); !errors.Is(err, ErrErased) {
			return fmt.Errorf("%s can be sealed for again: %w", subject, err)
		}
	}
	if _, err := s.Seal("eve", email, nil); err != nil { // it goes on
		return err
	}
	return keys.Rotate()
}

// Restoring an old backup brings keys back, and repeating the erasures takes them away.
func TestBackupBringsKeysBackUntilErasedAgain(t *testing.T) {
	t.Parallel()
	d := crashdisk.New()
	_, s, err := openOn(d)
	if err != nil {
		t.Fatal(err)
	}
	sealed := mustSeal(t, s, "ada", email, "ada@example.com")
	backup := d.Clone()
	if _, err := s.Erase("ada", day(1)); err != nil {
		t.Fatal(err)
	}
	_, s, err = openOn(backup)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(sealed, email); err != nil {
		t.Fatalf("the description says that a backup brings keys back: %v", err)
	}
	if _, err := s.Erase("ada", day(1)); err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(sealed, email); !errors.Is(err, ErrErased) {
		t.Fatal(err)
	}
}

// An erasure and a rotation, both under way when the process died, are both finished.
func TestErasureInsideARotation(t *testing.T) {
	t.Parallel()
	d := crashdisk.New()
	keys, s, err := openOn(d)
	if err != nil {
		t.Fatal(err)
	}
	ada, bob := mustSeal(t, s, "ada", email, "1"), mustSeal(t, s, "bob", email, "2")
	if err := keys.beginRotation(); err != nil {
		t.Fatal(err)
	}
	if err := keys.write(s.Pseudonym("ada")+erasingSuffix, keyFile{V: 1, Erased: day(1)}); err != nil {
		t.Fatal(err)
	}
	if err := d.Write("keys/"+s.Pseudonym("ada")+keySuffix, make([]byte, 50)); err != nil { // half overwritten
		t.Fatal(err)
	}
	_, s, err = openOn(d)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := s.Open(ada, email); !errors.Is(err, ErrErased) {
		t.Fatal(err)
	}
	if got, err := s.Open(bob, email); err != nil || string(got) != "2" {
		t.Fatal(err)
	}
	if _, err := d.Read("safe/master.key" + nextSuffix); err == nil {
		t.Fatal("the rotation was left unfinished")
	}
}
