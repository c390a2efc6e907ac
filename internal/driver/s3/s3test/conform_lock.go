package s3test

import (
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/s3"
)

func putLocked(t *testing.T, s suite) {
	until := time.Now().Add(lockFor)
	got := s.put(t, "locked", []byte("x"), s3.PutOptions{RetainUntil: until})
	if got.Mode != s3.Compliance || got.RetainUntil.Before(until) || got.RetainUntil.Sub(until) >= time.Second {
		t.Fatalf("stored %+v, asked until %s", got, until)
	}
}

func deleteLocked(t *testing.T, s suite) {
	got := s.put(t, "undeletable", []byte("x"), s3.PutOptions{RetainUntil: time.Now().Add(lockFor)})
	wantKind(t, s.store.Delete(s.ctx, got.Key, got.Version), s3.ErrLocked)
	s.wantBody(t, got.Key, got.Version, []byte("x"))
	free := s.put(t, "deletable", []byte("x"), s3.PutOptions{})
	for range 2 { // repeating is harmless
		if err := s.store.Delete(s.ctx, free.Key, free.Version); err != nil {
			t.Fatal(err)
		}
	}
	_, err := s.store.Head(s.ctx, free.Key, free.Version)
	wantKind(t, err, s3.ErrNotFound)
	if err := s.store.Delete(s.ctx, free.Key, ""); err == nil {
		t.Fatal("a delete without a version was taken")
	}
}

func extend(t *testing.T, s suite) {
	until := time.Now().Add(lockFor / 2)
	got := s.put(t, "extended", []byte("x"), s3.PutOptions{RetainUntil: until})
	i, err := s.store.ExtendRetention(s.ctx, got.Key, got.Version, until.Add(lockFor/2))
	if err != nil || !i.RetainUntil.After(got.RetainUntil) {
		t.Fatalf("extended to %+v, %v", i, err)
	}
	if _, err := s.store.ExtendRetention(s.ctx, got.Key, got.Version, i.RetainUntil); err != nil {
		t.Fatalf("repeated: %v", err)
	}
	_, err = s.store.ExtendRetention(s.ctx, got.Key, got.Version, until)
	wantKind(t, err, s3.ErrShorter)
}

func recognized(t *testing.T, s suite) {
	o := s3.PutOptions{IfAbsent: true, RetainUntil: time.Now().Add(lockFor)}
	first := s.put(t, "once", []byte("same"), o)
	again := s.put(t, "once", []byte("same"), o)
	if first.Recognized || !again.Recognized || again.Version != first.Version {
		t.Fatalf("first %+v, again %+v", first, again)
	}
}

func recognizedUnlocked(t *testing.T, s suite) {
	first := s.put(t, "unfinished", []byte("same"), s3.PutOptions{})
	again := s.put(t, "unfinished", []byte("same"), s3.PutOptions{IfAbsent: true, RetainUntil: time.Now().Add(lockFor)})
	if !again.Recognized || again.Version != first.Version || again.Mode != s3.Compliance {
		t.Fatalf("again %+v", again)
	}
}

func refused(t *testing.T, s suite) {
	s.put(t, "taken", []byte("mine"), s3.PutOptions{})
	for _, other := range []string{"yours", "mine2"} {
		_, err := s.store.Put(s.ctx, "taken", strings.NewReader(other), s3.PutOptions{IfAbsent: true})
		wantKind(t, err, s3.ErrExists)
	}
	s.wantBody(t, "taken", "", []byte("mine"))
}

func absentAfterDelete(t *testing.T, s suite) {
	first := s.put(t, "reused", []byte("one"), s3.PutOptions{})
	if err := s.store.Delete(s.ctx, first.Key, first.Version); err != nil {
		t.Fatal(err)
	}
	s.put(t, "reused", []byte("two"), s3.PutOptions{IfAbsent: true})
	s.wantBody(t, "reused", "", []byte("two"))
}
