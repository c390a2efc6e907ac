package s3test

import (
	"bytes"
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/s3"
)

// lockFor is how long the suite locks: longer than it takes, short enough to clean up.
const lockFor = 2 * time.Minute

// suite is one bucket under test.
type suite struct {
	store *s3.Store
	ctx   context.Context
}

// Conform checks that an endpoint keeps what package s3 promises. open returns a store
// of the bucket, which need not exist.
func Conform(t *testing.T, open func(t testing.TB, bucket string) *s3.Store) {
	t.Helper()
	bucket := "fournines-test-" + Token()
	store := open(t, bucket)
	ensure(t, store)
	run(t, store, []check{
		{"a bucket that is there is found complete", func(t *testing.T, s suite) { ensure(t, s.store) }},
		{"what is put is got", putAndGet},
		{"an empty object is an object", putEmpty},
		{"a lock is given with the put and read back", putLocked},
		{"a locked version cannot be deleted", deleteLocked},
		{"a lock can be extended and not shortened", extend},
		{"if absent: the same body is recognized", recognized},
		{"if absent: an unlocked object of an unfinished put gets its lock", recognizedUnlocked},
		{"if absent: another body is refused", refused},
		{"if absent: a key that was deleted is free", absentAfterDelete},
		{"every version stays readable", versions},
		{"deleting the current version brings back the one before", deleteCurrent},
		{"listing pages through everything", list},
		{"a body in parts is put, locked, got and recognized", inParts},
		{"what is not there is not found", notFound},
		{"a bucket that is not there is named", func(t *testing.T, s suite) { noBucket(t, s, open) }},
	})
}

// ConformCopies checks that an endpoint keeps what package s3 promises of copies, which are marked: the embedded one does.
func ConformCopies(t *testing.T, open func(t testing.TB, bucket string) *s3.Store) {
	t.Helper()
	store := open(t, "fournines-test-"+Token())
	ensure(t, store)
	if err := store.KeepMarks(t.Context()); err != nil {
		t.Fatal(err)
	}
	run(t, store, []check{
		{"a history is in order, and a copy says what it is of", history},
		{"a copy replaces only what was seen", copyOver},
		{"a deletion is buried, and only over its tombstone", bury},
	})
}

type check struct {
	name string
	run  func(*testing.T, suite)
}

func run(t *testing.T, store *s3.Store, checks []check) {
	t.Helper()
	for _, c := range checks {
		t.Run(c.name, func(t *testing.T) {
			ctx, cancel := context.WithTimeout(t.Context(), 5*time.Minute)
			defer cancel()
			c.run(t, suite{store: store, ctx: ctx})
		})
	}
}

func ensure(t testing.TB, s *s3.Store) {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	if err := s.EnsureBucket(ctx); err != nil {
		t.Fatal(err)
	}
}

// Token is a short random name.
func Token() string {
	b := make([]byte, 6)
	_, _ = rand.Read(b) // never fails, see crypto/rand
	return hex.EncodeToString(b)
}

// Bytes are n random bytes.
func Bytes(n int) []byte {
	b := make([]byte, n)
	_, _ = rand.Read(b) // never fails, see crypto/rand
	return b
}

func (s suite) put(t testing.TB, key string, body []byte, o s3.PutOptions) s3.Stored {
	t.Helper()
	got, err := s.store.Put(s.ctx, key, bytes.NewReader(body), o)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

// wantBody reads a version to its end and compares it.
func (s suite) wantBody(t testing.TB, key, version string, want []byte) {
	t.Helper()
	o, err := s.store.Get(s.ctx, key, version)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(o.Body)
	if err := errors.Join(err, o.Body.Close()); err != nil {
		t.Fatal(err)
	}
	if !bytes.Equal(got, want) {
		t.Fatalf("%s version %s: got %d bytes, want %d", key, version, len(got), len(want))
	}
}

func wantKind(t testing.TB, err, kind error) {
	t.Helper()
	if !errors.Is(err, kind) {
		t.Fatalf("got %v, want %v", err, kind)
	}
}

func putAndGet(t *testing.T, s suite) {
	body := Bytes(300_000)
	got := s.put(t, "a/b c/ü+&=.json", body, s3.PutOptions{Headers: s3.Headers{ContentType: "application/json"}})
	if got.Version == "" || got.Size != 300_000 || got.ContentType != "application/json" || got.Mode != "" || got.Recognized || len(got.SHA256) != 64 {
		t.Fatalf("stored %+v", got)
	}
	s.wantBody(t, got.Key, "", body)
	s.wantBody(t, got.Key, got.Version, body)
	i, err := s.store.Head(s.ctx, got.Key, "")
	if err != nil || i.Version != got.Version || i.SHA256 != got.SHA256 {
		t.Fatalf("head %+v %v", i, err)
	}
	if _, err := s.store.Put(s.ctx, "wrong", bytes.NewReader(body), s3.PutOptions{SHA256: strings.Repeat("0", 64)}); err == nil {
		t.Fatal("a body that is not what the caller believes was put")
	}
	_, err = s.store.Head(s.ctx, "wrong", "")
	wantKind(t, err, s3.ErrNotFound)
}

func putEmpty(t *testing.T, s suite) {
	got := s.put(t, "empty", nil, s3.PutOptions{IfAbsent: true, RetainUntil: time.Now().Add(lockFor)})
	s.wantBody(t, "empty", got.Version, nil)
}

func versions(t *testing.T, s suite) {
	want := map[string]string{}
	for n := range 3 {
		body := fmt.Sprintf("version %d", n)
		want[s.put(t, "many/versions", []byte(body), s3.PutOptions{RetainUntil: time.Now().Add(lockFor)}).Version] = body
	}
	latest := 0
	for v, err := range s.store.Versions(s.ctx, "many/versions") {
		if err != nil {
			t.Fatal(err)
		}
		s.wantBody(t, v.Key, v.Version, []byte(want[v.Version]))
		if i, err := s.store.Head(s.ctx, v.Key, v.Version); err != nil || i.Mode != s3.Compliance {
			t.Fatalf("version %s lost its lock: %+v, %v", v.Version, i, err)
		}
		wantKind(t, s.store.Delete(s.ctx, v.Key, v.Version), s3.ErrLocked)
		delete(want, v.Version)
		if v.Latest {
			latest++
		}
	}
	if len(want) > 0 || latest != 1 {
		t.Fatalf("not listed: %v; %d are the latest", want, latest)
	}
}

func deleteCurrent(t *testing.T, s suite) {
	old := s.put(t, "back", []byte("old"), s3.PutOptions{RetainUntil: time.Now().Add(lockFor)})
	now := s.put(t, "back", []byte("new"), s3.PutOptions{})
	if err := s.store.Delete(s.ctx, "back", now.Version); err != nil {
		t.Fatal(err)
	}
	i, err := s.store.Head(s.ctx, "back", "")
	if err != nil || i.Version != old.Version || i.Mode != s3.Compliance {
		t.Fatalf("now current: %+v, %v; want version %s with its lock", i, err, old.Version)
	}
	s.wantBody(t, "back", old.Version, []byte("old"))
	wantKind(t, s.store.Delete(s.ctx, "back", old.Version), s3.ErrLocked)
}

func list(t *testing.T, s suite) {
	const n = 1100 // more than a page
	for i := range n {
		s.put(t, fmt.Sprintf("list/%02d/%04d", i%7, i), []byte{byte(i)}, s3.PutOptions{})
	}
	count := func(yield func(func(s3.Entry, error) bool)) (keys int) {
		last := ""
		for e, err := range yield {
			if err != nil {
				t.Fatal(err)
			}
			if e.Key <= last {
				t.Fatalf("%s after %s", e.Key, last)
			}
			last = e.Key
			keys++
		}
		return keys
	}
	if got := count(s.store.List(s.ctx, "list/")); got != n {
		t.Fatalf("listed %d of %d", got, n)
	}
	if got := count(s.store.Versions(s.ctx, "list/")); got != n {
		t.Fatalf("listed %d of %d versions", got, n)
	}
	if got := count(s.store.List(s.ctx, "list/03/")); got != 157 {
		t.Fatalf("listed %d below one prefix", got)
	}
	for range s.store.List(s.ctx, "list/") {
		break // an iterator that is left early must not panic
	}
}

func inParts(t *testing.T, s suite) {
	body := Bytes(s3.MultipartBytes + 5_000_001)
	o := s3.PutOptions{IfAbsent: true, RetainUntil: time.Now().Add(lockFor)}
	first := s.put(t, "large", body, o)
	if first.Mode != s3.Compliance || first.Size != int64(len(body)) || first.Recognized {
		t.Fatalf("stored %+v", first)
	}
	wantKind(t, s.store.Delete(s.ctx, "large", first.Version), s3.ErrLocked)
	s.wantBody(t, "large", first.Version, body)
	if again := s.put(t, "large", body, o); !again.Recognized || again.Version != first.Version {
		t.Fatalf("again %+v", again)
	}
	body[len(body)-1]++
	_, err := s.store.Put(s.ctx, "large", bytes.NewReader(body), o)
	wantKind(t, err, s3.ErrExists)
}

func notFound(t *testing.T, s suite) {
	_, err := s.store.Get(s.ctx, "nowhere", "")
	wantKind(t, err, s3.ErrNotFound)
	_, err = s.store.Head(s.ctx, "nowhere/at/all", "")
	wantKind(t, err, s3.ErrNotFound)
	_, err = s.store.ExtendRetention(s.ctx, "nowhere", "", time.Now().Add(lockFor))
	wantKind(t, err, s3.ErrNotFound)
	var e *s3.Error
	if !errors.As(err, &e) || e.Key != "nowhere" || e.Bucket != s.store.Bucket() || e.Endpoint != s.store.Endpoint() {
		t.Fatalf("the error does not say where: %v", err)
	}
}

func noBucket(t *testing.T, s suite, open func(testing.TB, string) *s3.Store) {
	name := "fournines-test-" + Token()
	_, err := open(t, name).Put(s.ctx, "k", strings.NewReader("x"), s3.PutOptions{})
	wantKind(t, err, s3.ErrNotFound)
	if !strings.Contains(err.Error(), name) {
		t.Fatalf("the bucket is not named: %v", err)
	}
}
