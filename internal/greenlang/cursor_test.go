package greenlang

import (
	"bytes"
	"errors"
	"slices"
	"testing"
)

func testCursor(t testing.TB, fill byte) Cursor {
	t.Helper()
	c, err := NewCursor(bytes.Repeat([]byte{fill}, 32))
	if err != nil {
		t.Fatal(err)
	}
	return c
}

func TestCursorOpensOnlyWhatItSealed(t *testing.T) {
	t.Parallel()
	c, scope, keys := testCursor(t, 1), []string{"runs", "cus_a", ""}, []string{"2026-11-23T00:00:00.000001Z", "id"}
	token, err := c.Seal(scope, keys)
	if err != nil {
		t.Fatal(err)
	}
	if got, err := c.Open(scope, token); err != nil || !slices.Equal(got, keys) {
		t.Fatalf("got %v, %v", got, err)
	}
	refused := map[string]func() ([]string, error){
		"other filter":   func() ([]string, error) { return c.Open([]string{"runs", "cus_b", ""}, token) },
		"shifted filter": func() ([]string, error) { return c.Open([]string{"runs", "", "cus_a"}, token) },
		"other secret":   func() ([]string, error) { return testCursor(t, 2).Open(scope, token) },
		"cut":            func() ([]string, error) { return c.Open(scope, token[:len(token)-4]) },
		"empty":          func() ([]string, error) { return c.Open(scope, "") },
		"huge":           func() ([]string, error) { return c.Open(scope, string(make([]byte, 1<<20))) },
	}
	for name, open := range refused {
		if got, err := open(); !errors.Is(err, ErrCursor) {
			t.Errorf("%s: got %v, %v", name, got, err)
		}
	}
	for i := range token { // every single character, changed
		forged := []byte(token)
		if forged[i] = 'A'; token[i] == 'A' {
			forged[i] = 'B'
		}
		if _, err := c.Open(scope, string(forged)); !errors.Is(err, ErrCursor) {
			t.Fatalf("character %d changed: got %v", i, err)
		}
	}
	if _, err := NewCursor([]byte("short")); err == nil {
		t.Error("a short secret was accepted")
	}
}

func FuzzCursorOpen(f *testing.F) {
	c, scope := testCursor(f, 7), []string{"runs"}
	good, err := c.Seal(scope, []string{"a", "b"})
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add("AAAA")
	f.Fuzz(func(t *testing.T, token string) {
		keys, err := c.Open(scope, token)
		if (err == nil) != (token == good) {
			t.Fatalf("%q opened as %v, %v", token, keys, err)
		}
	})
}

func TestFingerprintIgnoresOrderOnly(t *testing.T) {
	t.Parallel()
	base := NewRun{Customer: "c", Agent: "a", Version: "1.0.0", Parameters: map[string]string{"x": "1", "y": "2"}}
	print := func(r NewRun) string {
		b, err := r.Fingerprint()
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	}
	same := base
	same.Parameters = map[string]string{"y": "2", "x": "1"}
	if print(same) != print(base) {
		t.Error("order of parameters must not count")
	}
	for _, change := range []func(*NewRun){
		func(r *NewRun) { r.Customer = "d" }, func(r *NewRun) { r.Agent = "b" }, func(r *NewRun) { r.Version = "1.0.1" },
		func(r *NewRun) { r.Parameters = nil }, func(r *NewRun) { r.Parameters = map[string]string{"x": "1", "y": "3"} },
	} {
		other := base
		change(&other)
		if print(other) == print(base) {
			t.Errorf("%+v has the fingerprint of %+v", other, base)
		}
	}
}
