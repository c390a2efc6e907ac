package feed

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
)

// place is a directory with a feed, and the bucket that it belongs to.
type place struct {
	dir, bound string
}

func (p *place) open(t testing.TB) *Feed {
	t.Helper()
	f, err := Open(p.dir, p.bound, func(id string) error { p.bound = id; return nil })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	return f
}

func begun(t testing.TB) (*place, *Feed) {
	t.Helper()
	p := &place{dir: filepath.Join(t.TempDir(), "bucket")}
	f := p.open(t)
	if err := f.Confirm(Confirmation{}); err != nil {
		t.Fatal(err)
	}
	return p, f
}

func change(t testing.TB, f *Feed, keys ...string) {
	t.Helper()
	for _, k := range keys {
		end, err := f.Begin(k)
		if err != nil {
			t.Fatal(err)
		}
		end()
	}
}

func says(p Page) string {
	var out []string
	for _, c := range p.Changes {
		out = append(out, fmt.Sprint(c.Seq, string(c.Key)))
	}
	return strings.Join(out, " ")
}

func TestNobodyKeepsAFeedThatNobodyReads(t *testing.T) {
	t.Parallel()
	p := &place{dir: filepath.Join(t.TempDir(), "bucket")}
	f := p.open(t)
	change(t, f, "a")
	if got := f.Read(nil); got.ID != "" || len(got.Changes) > 0 {
		t.Errorf("%+v", got)
	}
	if _, err := os.Stat(p.dir); err == nil {
		t.Error("something was written")
	}
}

// What was named is there after a death, the reader's position with it, and what was confirmed is not.
func TestItSurvivesADeath(t *testing.T) {
	t.Parallel()
	p, f := begun(t)
	change(t, f, "a", "b")
	end, err := f.Begin("c")
	if err != nil {
		t.Fatal(err)
	}
	change(t, f, "d")
	got := f.Read(nil)
	if says(got) != "1a 2b 3c 4d" || got.Safe != 2 || got.Next != 5 || got.First != 1 {
		t.Errorf("%+v", got)
	}
	if err := f.Confirm(Confirmation{got.ID, Slot{Position: 3}}); !errors.Is(err, ErrOther) {
		t.Errorf("what is under way was confirmed: %v", err)
	}
	if err := f.Confirm(Confirmation{got.ID, Slot{Position: 1, Token: []byte("t")}}); err != nil {
		t.Fatal(err)
	}
	again := p.open(t) // without a word to the one before
	was := got
	if got = again.Read(nil); says(got) != "2b 3c 4d" || got.Safe != 4 || got.ID != was.ID || string(got.Slot.Token) != "t" {
		t.Errorf("%+v", got)
	}
	end()
	at := uint64(3)
	if got = again.Read(&at); says(got) != "4d" {
		t.Errorf("%+v", got)
	}
	for _, c := range []Confirmation{{"another", Slot{Position: 2}}, {was.ID, Slot{Position: 0}}, {was.ID, Slot{Position: 5}}} {
		if err := again.Confirm(c); !errors.Is(err, ErrOther) {
			t.Errorf("%+v: %v", c, err)
		}
	}
}

// Only a record that was cut short is no damage: before it was whole, nobody was answered.
func TestWhatCannotVouchForItselfIsThrownAway(t *testing.T) {
	t.Parallel()
	p, f := begun(t)
	change(t, f, "a", "bb", "ccc")
	path := filepath.Join(p.dir, logFile)
	whole, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	slot, err := os.ReadFile(filepath.Join(p.dir, slotFile))
	if err != nil {
		t.Fatal(err)
	}
	id := p.bound
	reopen := func(b, s []byte, bound string) Page {
		if err := errors.Join(os.WriteFile(path, b, 0o600), os.WriteFile(filepath.Join(p.dir, slotFile), s, 0o600)); err != nil {
			t.Fatal(err)
		}
		p.bound = bound
		return p.open(t).Read(nil)
	}
	for i := range whole {
		b := bytes.Clone(whole)
		b[i] ^= 1
		if got := reopen(b, slot, id); got.ID != "" {
			t.Fatalf("byte %d changed and it still says %+v", i, got)
		}
	}
	for n := range whole {
		got := reopen(whole[:n], slot, id)
		if got.ID != "" && !strings.HasPrefix("1a 2bb 3ccc", says(got)) {
			t.Fatalf("cut to %d bytes it says %+v", n, got)
		}
		if _, err := os.Stat(path); (err == nil) != (got.ID != "") {
			t.Fatalf("cut to %d bytes: %+v, and its file: %v", n, got, err)
		}
	}
	for name, got := range map[string]Page{
		"another bucket": reopen(whole, slot, "other"), "no bucket": reopen(whole, slot, ""), "no position": reopen(whole, nil, id),
		"a position past the end": reopen(whole, []byte(strings.Replace(string(slot), `"position":0`, `"position":9`, 1)), id),
	} {
		if got.ID != "" {
			t.Errorf("%s: %+v", name, got)
		}
	}
	if got := reopen(whole, slot, id); says(got) != "1a 2bb 3ccc" {
		t.Errorf("%+v", got)
	}
}

func TestItsFileIsBounded(t *testing.T) {
	t.Parallel()
	p, f := begun(t)
	long := strings.Repeat("k", 1000)
	for range 3 {
		for range 600 {
			f.mu.Lock() // without the disk, which has nothing to do with it
			_, _, seq, err := f.append([]byte(long))
			delete(f.open, seq)
			f.mu.Unlock()
			if err != nil {
				t.Fatal(err)
			}
		}
		got := f.Read(nil)
		if err := f.Confirm(Confirmation{got.ID, Slot{Position: got.Next - 2}}); err != nil {
			t.Fatal(err)
		}
		if i, err := os.Stat(filepath.Join(p.dir, logFile)); err != nil || i.Size() > 3000 {
			t.Errorf("%d bytes, %v", i.Size(), err)
		}
		if got := p.open(t).Read(nil); len(got.Changes) != 1 {
			t.Errorf("%+v", got)
		}
	}
	// Nobody reads: it ends, and the next one is another.
	id := f.Read(nil).ID
	f.mu.Lock()
	for f.size <= longest {
		_, _, seq, err := f.append([]byte(long))
		delete(f.open, seq)
		if err != nil {
			t.Fatal(err)
		}
	}
	f.mu.Unlock()
	change(t, f, "last")
	if got := f.Read(nil); got.ID != "" {
		t.Errorf("%s, %d changes", got.ID, len(got.Changes))
	}
	if err := f.Confirm(Confirmation{}); err != nil {
		t.Fatal(err)
	}
	if got := f.Read(nil); got.ID == "" || got.ID == id || got.Next != 1 {
		t.Errorf("%+v", got)
	}
}

// A feed begins after the changes have ended that it does not name.
func TestItBeginsAfterWhatItDoesNotName(t *testing.T) {
	t.Parallel()
	p := &place{dir: filepath.Join(t.TempDir(), "bucket")}
	f := p.open(t)
	end, err := f.Begin("a")
	if err != nil {
		t.Fatal(err)
	}
	done := make(chan error, 1)
	go func() { done <- f.Confirm(Confirmation{}) }()
	for f.gate.TryRLock() { // until it waits
		f.gate.RUnlock()
	}
	select {
	case err := <-done:
		t.Fatalf("it began while a change was under way: %v", err)
	default:
	}
	end()
	if err := <-done; err != nil {
		t.Fatal(err)
	}
}

func TestManyAtOnce(t *testing.T) {
	t.Parallel()
	p, f := begun(t)
	var all sync.WaitGroup
	for w := range 8 {
		all.Go(func() {
			for n := range 40 {
				change(t, f, fmt.Sprintf("%d/%d", w, n))
				if got := f.Read(nil); w == 0 && got.Safe > got.Slot.Position {
					if err := f.Confirm(Confirmation{got.ID, Slot{Position: got.Slot.Position + 1}}); err != nil {
						t.Error(err)
					}
				}
			}
		})
	}
	all.Wait()
	got := p.open(t).Read(nil)
	if n := len(got.Changes); n+int(got.Slot.Position) != 320 || got.Safe != 320 { //nolint:gosec // small
		t.Errorf("%d changes after %+v", n, got.Slot)
	}
	seen := map[string]bool{}
	for _, c := range got.Changes {
		seen[string(c.Key)] = true
	}
	if len(seen) != len(got.Changes) {
		t.Error("a key is twice in it")
	}
}

func FuzzParse(f *testing.F) {
	good, err := appendRecord(nil, Change{Seq: 7, Key: []byte("a/b")})
	if err != nil {
		f.Fatal(err)
	}
	if good, err = appendRecord(good, Change{Seq: 8, Key: []byte{0xff}}); err != nil {
		f.Fatal(err)
	}
	f.Add(good, uint64(7))
	f.Add(good[:len(good)-1], uint64(7))
	f.Add([]byte{0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0}, uint64(1))
	f.Fuzz(func(t *testing.T, b []byte, first uint64) {
		all, n, err := parse(b, first)
		if n > len(b) || (err != nil && !errors.Is(err, errDamaged)) {
			t.Fatalf("%d of %d bytes, %v", n, len(b), err)
		}
		var back []byte
		for i, c := range all {
			if c.Seq != first+uint64(i) { //nolint:gosec // small
				t.Fatalf("%d at %d", c.Seq, i)
			}
			if back, err = appendRecord(back, c); err != nil {
				t.Fatal(err)
			}
		}
		if !slices.Equal(back, b[:n]) {
			t.Fatalf("%x was read and %x written", b[:n], back)
		}
	})
}

func FuzzHead(f *testing.F) {
	f.Add(head("an-id", 5))
	f.Add([]byte(magic))
	f.Fuzz(func(t *testing.T, b []byte) {
		id, first, n, err := parseHead(b)
		if err == nil && !bytes.Equal(head(id, first), b[:n]) {
			t.Fatalf("%q, %d", id, first)
		}
	})
}

func FuzzKeys(f *testing.F) {
	f.Add("a", "b/c", "ä\x00\xff")
	f.Add("fournines-changes", ".", strings.Repeat("x", 4000))
	f.Fuzz(func(t *testing.T, one, two, path string) {
		if keys, err := ParseKeys(path); err == nil {
			again := KeysPath
			for _, key := range keys {
				again, _ = AppendKey(again, key)
			}
			if back, err := ParseKeys(strings.TrimPrefix(again, KeysPath)); err != nil || (len(again) < 4000 && !slices.Equal(keys, back)) {
				t.Errorf("%q is %q and then %q, %v", path, keys, back, err)
			}
		}
		if one == "" || two == "" {
			return
		}
		made, fits := AppendKey(KeysPath, one)
		if !fits {
			t.Fatal("the first one always fits")
		}
		want := []string{one}
		if made, fits = AppendKey(made, two); fits {
			want = append(want, two)
		}
		if got, err := ParseKeys(strings.TrimPrefix(made, KeysPath)); err != nil || !slices.Equal(got, want) {
			t.Errorf("%q, %v, want %q", got, err, want)
		}
	})
}
