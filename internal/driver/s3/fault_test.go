package s3_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/driver/s3/s3test"
)

// bed is a bucket that can be reached straight and through a proxy that breaks things.
type bed struct {
	gateway          *s3test.Gateway
	proxy            *s3test.Proxy
	straight, broken *s3.Store
}

func newBed(t *testing.T, change func(*s3.Options)) bed {
	t.Helper()
	g := s3test.Start(t, t.TempDir(), nil)
	p := s3test.NewProxy(t, g.Options.Listen)
	s := ensured(t, g)
	return bed{gateway: g, proxy: p, straight: s, broken: p.Open(t, g, s.Bucket(), change)}
}

func (b bed) put(t *testing.T, key string, body []byte) (s3.Stored, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	return b.broken.Put(ctx, key, bytes.NewReader(body), s3.PutOptions{IfAbsent: true, RetainUntil: time.Now().Add(time.Minute)})
}

// one checks that key holds body, locked, in exactly one version.
func (b bed) one(t *testing.T, key string, body []byte) {
	t.Helper()
	n := 0
	for e, err := range b.straight.Versions(t.Context(), key) {
		if err != nil {
			t.Fatal(err)
		}
		n++
		whole(t, b.straight, key, e.Version, body)
	}
	if n != 1 {
		t.Fatalf("%s has %d versions", key, n)
	}
}

// whole checks that a version is what was put, with a lock.
func whole(t testing.TB, s *s3.Store, key, version string, body []byte) {
	t.Helper()
	o, err := s.Get(t.Context(), key, version)
	if err != nil {
		t.Fatal(err)
	}
	got, err := io.ReadAll(o.Body)
	if err := errors.Join(err, o.Body.Close()); err != nil {
		t.Fatal(err)
	}
	i, err := s.Head(t.Context(), key, version)
	if err != nil || !bytes.Equal(got, body) || i.Mode != s3.Compliance {
		t.Fatalf("%s version %s: %d of %d bytes, lock %q, %v", key, version, len(got), len(body), i.Mode, err)
	}
}

func TestAConnectionThatIsCutInThePutIsTriedAgain(t *testing.T) {
	t.Parallel()
	b := newBed(t, nil)
	body := s3test.Bytes(5 << 20)
	b.proxy.CutAfter(2 << 20)
	before := b.proxy.Requests()
	if _, err := b.put(t, "cut", body); err != nil {
		t.Fatal(err)
	}
	if b.proxy.Requests()-before < 3 { // put, put, head
		t.Fatal("nothing was cut")
	}
	b.one(t, "cut", body)
}

func TestALostAnswerIsRecognized(t *testing.T) {
	t.Parallel()
	b := newBed(t, nil)
	b.proxy.LoseAnswers(1)
	got, err := b.put(t, "lost", []byte("body"))
	if err != nil || !got.Recognized {
		t.Fatalf("%+v, %v", got, err)
	}
	b.one(t, "lost", []byte("body"))
}

// The answer to any one request of an upload in parts may be lost.
func TestALostAnswerInAnUploadInPartsIsRecognized(t *testing.T) {
	t.Parallel()
	b := newBed(t, nil)
	body := s3test.Bytes(s3.MultipartBytes + 1)
	b.proxy.LoseAnswerOf("<CompleteMultipartUpload")
	if _, err := b.put(t, "parts", body); err != nil {
		t.Fatal(err)
	}
	if b.proxy.Lost() != 1 {
		t.Fatal("no answer was lost")
	}
	b.one(t, "parts", body)
}

func TestAnEndpointThatIsAwayForAWhileIsWaitedFor(t *testing.T) {
	t.Parallel()
	b := newBed(t, nil)
	b.proxy.Refuse(3)
	if _, err := b.put(t, "away", []byte("body")); err != nil {
		t.Fatal(err)
	}
	b.one(t, "away", []byte("body"))
}

func TestAnEndpointThatStaysAwayIsNamed(t *testing.T) {
	t.Parallel()
	b := newBed(t, nil)
	b.proxy.Refuse(1 << 30)
	_, err := b.put(t, "gone", []byte("body"))
	if !errors.Is(err, s3.ErrUnavailable) || !strings.Contains(err.Error(), b.broken.Endpoint()) || !strings.Contains(err.Error(), "repeating is safe") {
		t.Fatalf("got %v", err)
	}
	if strings.Contains(err.Error(), b.gateway.Options.SecretKey) {
		t.Fatal("the error tells the secret key")
	}
}

func TestSlowAnswersAreWaitedForAndStalledOnesAreNot(t *testing.T) {
	t.Parallel()
	b := newBed(t, nil)
	b.proxy.Slow(300 * time.Millisecond)
	if _, err := b.put(t, "slow", []byte("body")); err != nil {
		t.Fatal(err)
	}
	b.proxy.Slow(time.Hour)
	b.broken = b.proxy.Open(t, b.gateway, b.straight.Bucket(), func(o *s3.Options) { o.Attempts, o.Stall = 2, time.Second })
	if _, err := b.put(t, "stalled", []byte("body")); !errors.Is(err, s3.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
}

func TestABodyThatStallsOrEndsTooSoonIsNoObject(t *testing.T) {
	t.Parallel()
	b := newBed(t, func(o *s3.Options) { o.Stall = 5 * time.Second })
	body := s3test.Bytes(8 << 20)
	if _, err := b.straight.Put(t.Context(), "big", bytes.NewReader(body), s3.PutOptions{}); err != nil {
		t.Fatal(err)
	}
	for name, fault := range map[string]func(){"stall": func() { b.proxy.StallAnswersAfter(1 << 20) }, "end": func() { b.proxy.CutAnswersAfter(1 << 20) }} {
		fault()
		o, err := b.broken.Get(t.Context(), "big", "")
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		got, err := io.ReadAll(o.Body)
		if !errors.Is(err, s3.ErrUnavailable) || len(got) >= len(body) {
			t.Fatalf("%s: %d bytes, %v", name, len(got), err)
		}
		_ = o.Body.Close()
	}
}

func TestACanceledPutSaysSo(t *testing.T) {
	t.Parallel()
	b := newBed(t, nil)
	b.proxy.Slow(time.Hour)
	ctx, cancel := context.WithCancel(t.Context())
	time.AfterFunc(200*time.Millisecond, cancel)
	_, err := b.broken.Put(ctx, "canceled", strings.NewReader("x"), s3.PutOptions{})
	if !errors.Is(err, context.Canceled) || errors.Is(err, s3.ErrUnavailable) {
		t.Fatalf("got %v", err)
	}
}
