package archive_test

import (
	"bytes"
	"context"
	"errors"
	"io"
	"iter"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/driver/s3/s3test"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/archive"
)

func kindsOf(t testing.TB, l *ledger) map[string][]journal.Record {
	t.Helper()
	out := map[string][]journal.Record{}
	records, err := l.Read(0, 1_000_000)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range records {
		out[r.Kind] = append(out[r.Kind], r)
	}
	return out
}

// A store that is away for an hour costs time and nothing else: one alarm, one all-clear,
// few attempts, and every entry archived once it is back.
func TestAwayForAnHour(t *testing.T) {
	dir, spool := t.TempDir(), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		l, err := openLedger(dir, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() //nolint:errcheck // the bubble ends
		m := newMemory()
		l.trust(t, place)
		var away atomic.Bool
		var asked atomic.Int64
		m.before = func(string) error {
			if away.Load() {
				asked.Add(1)
				return errors.New("connection refused")
			}
			return nil
		}
		o := options(l, place, m, spool)
		o.Limits.Age, o.Logger = time.Minute, slog.New(slog.DiscardHandler)
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); archiver(t, o).Run(ctx) }()
		l.add(t, 300)
		time.Sleep(2 * time.Minute) // virtual
		if s, _ := l.Status(); s.Next < 300 {
			t.Fatalf("before: %+v", s)
		}
		away.Store(true)
		for range 60 {
			l.add(t, 50)
			time.Sleep(time.Minute)
		}
		if k := kindsOf(t, l); len(k["archive.failed"]) != 1 || len(k["archive.resumed"]) != 0 {
			t.Fatalf("away: %d failed, %d resumed", len(k["archive.failed"]), len(k["archive.resumed"]))
		}
		if n := asked.Load(); n < 10 || n > 60*8 {
			t.Fatalf("it asked %d times in an hour", n)
		}
		s, err := l.Status()
		if err != nil || s.Failed == nil || s.Failed.Kind != "unavailable" || !strings.Contains(s.Failed.Error, "refused") {
			t.Fatalf("away: %+v %v", s.Failed, err)
		}
		away.Store(false)
		time.Sleep(10 * time.Minute)
		cancel()
		<-ended
		k := kindsOf(t, l)
		if s, err := l.Status(); err != nil || s.Failed != nil || s.Next < 3300 || len(k["archive.failed"]) != 1 || len(k["archive.resumed"]) != 1 {
			t.Fatalf("back: %+v, %d failed, %d resumed, %v", s, len(k["archive.failed"]), len(k["archive.resumed"]), err)
		}
		if _, err := verify(t.Context(), l, m, time.Now()); err != nil {
			t.Fatal(err)
		}
	})
}

// A journal in which nothing but the archive's own entries is added comes to rest.
func TestItComesToRest(t *testing.T) {
	dir, spool := t.TempDir(), t.TempDir()
	synctest.Test(t, func(t *testing.T) {
		l, err := openLedger(dir, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		defer l.Close() //nolint:errcheck // the bubble ends
		m := newMemory()
		l.trust(t, place)
		o := options(l, place, m, spool)
		o.Limits.Age = time.Minute
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan struct{})
		go func() { defer close(ended); archiver(t, o).Run(ctx) }()
		l.add(t, 1)
		time.Sleep(24 * time.Hour)
		cancel()
		<-ended
		if s, err := l.Status(); err != nil || s.Parts != 1 {
			t.Fatalf("%+v %v", s, err)
		}
	})
}

// Another content under a key is an alarm at once, and is never overwritten.
func TestAConflictIsNamedAndNothingIsOverwritten(t *testing.T) {
	t.Parallel()
	l, r := newLedger(t), newReal(t, nil)
	l.trust(t, r.Place())
	l.add(t, 400)
	if _, err := r.Put(t.Context(), "tile/0/000", strings.NewReader("not a tile"), time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	a := archiver(t, options(l, r.Place(), r, t.TempDir()))
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan struct{})
	go func() { defer close(ended); a.Run(ctx) }()
	for len(kindsOf(t, l)["archive.failed"]) == 0 {
		if _, err := l.Wait(t.Context(), l.Head().Size); err != nil {
			t.Fatal(err)
		}
	}
	cancel()
	<-ended
	s, err := l.Status()
	if err != nil || s.Failed.Kind != "conflict" || !strings.Contains(s.Failed.Error, "tile/0/000") || s.Next != 0 {
		t.Fatalf("%+v %v", s.Failed, err)
	}
	if _, err := a.Step(t.Context()); !errors.Is(err, archive.ErrConflict) {
		t.Fatal(err)
	}
}

// A table that another version of the program wrote, and did not live to record, holds the
// same entries in other bytes: it is taken. One with other entries is not.
func TestATableOfAnotherVersionIsTaken(t *testing.T) {
	t.Parallel()
	for name, change := range map[string]func(rows [][]byte) [][]byte{
		"the same entries": func(r [][]byte) [][]byte { return r },
		"another entry":    func(r [][]byte) [][]byte { r[7] = []byte(`{"kind":"other"}`); return r },
		"one entry less":   func(r [][]byte) [][]byte { return r[:len(r)-1] },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, r := newLedger(t), newReal(t, nil)
			l.trust(t, r.Place())
			l.add(t, 399)
			o := options(l, r.Place(), failing{r, "checkpoint/"}, t.TempDir())
			o.Write = func(w io.Writer, first, next uint64, rows iter.Seq2[journal.Record, error]) error {
				var b bytes.Buffer
				if err := archive.WriteTable("older")(&b, first, next, rows); err != nil {
					return err
				}
				_, err := w.Write(rewritten(t, b.Bytes(), first, change))
				return err
			}
			if _, err := archiver(t, o).Step(t.Context()); err == nil {
				t.Fatal("it went on without its checkpoint")
			}
			later := options(l, r.Place(), r, t.TempDir())
			later.Read = archive.ReadTable
			_, err := archiver(t, later).Step(t.Context())
			if name != "the same entries" {
				if !errors.Is(err, archive.ErrConflict) {
					t.Fatal(err)
				}
				return
			}
			if err != nil {
				t.Fatal(err)
			}
			v, err := archive.Verify(t.Context(), r, "test", archive.VerifyOptions{Key: l.VerifierKey(), Now: time.Now(), Read: archive.ReadTable})
			if err != nil || v.Size != 400 {
				t.Fatal(v.Size, err)
			}
		})
	}
}

// failing refuses keys that begin with a prefix.
type failing struct {
	archive.Store
	prefix string
}

func (f failing) Put(ctx context.Context, key string, body io.ReadSeeker, until time.Time) (archive.Object, error) {
	if strings.HasPrefix(key, f.prefix) {
		return archive.Object{}, errors.New("not now")
	}
	return f.Store.Put(ctx, key, body, until)
}

// What a network and an endpoint do to requests: none of it loses or doubles anything.
func TestFaultsBetweenArchiverAndStore(t *testing.T) {
	t.Parallel()
	for name, damage := range map[string]func(*s3test.Proxy){
		"refused":                    func(p *s3test.Proxy) { p.Refuse(3) },
		"cut in a request":           func(p *s3test.Proxy) { p.CutAfter(9_000) },
		"an answer is lost":          func(p *s3test.Proxy) { p.LoseAnswers(2) },
		"the table's answer is lost": func(p *s3test.Proxy) { p.LoseAnswerOf("/part/") },
		"answers stall":              func(p *s3test.Proxy) { p.StallAnswersAfter(600) },
		"answers are cut":            func(p *s3test.Proxy) { p.CutAnswersAfter(600) },
		"dead after five requests":   func(p *s3test.Proxy) { p.DieAfter(5) },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, r := newLedger(t), newReal(t, nil)
			p := s3test.NewProxy(t, r.gateway.Options.Listen)
			through := throughProxy(t, r, p)
			l.trust(t, r.Place())
			l.add(t, 600)
			damage(p)
			a := archiver(t, options(l, r.Place(), through, t.TempDir()))
			if _, err := a.Step(t.Context()); err != nil {
				t.Logf("as it should be: %v", err)
			}
			drain(t, archiver(t, options(l, r.Place(), r, t.TempDir())), l, 600) // the path is whole again
			if v, err := verify(t.Context(), l, r, time.Now()); err != nil || v.Size < 600 || len(v.Covered) > 0 {
				t.Fatalf("%+v %v", v, err)
			}
		})
	}
}

// An endpoint that answers with errors is one that is away, whatever it says.
func TestAnswersThatMeanNotNow(t *testing.T) {
	t.Parallel()
	for name, status := range map[string]int{"slow down": 503, "full": 507, "broken": 500, "denied": 403} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				_, _ = io.Copy(io.Discard, r.Body)
				w.WriteHeader(status)
			}))
			t.Cleanup(server.Close)
			b, err := openBucket(s3.Options{Endpoint: server.URL, Bucket: "b", Credentials: s3.Credentials{AccessKey: "a", SecretKey: "b"}, Attempts: 2, MaxBackoff: time.Millisecond})
			if err != nil {
				t.Fatal(err)
			}
			l := newLedger(t)
			l.trust(t, place)
			l.add(t, 10)
			if _, err := archiver(t, options(l, place, b, t.TempDir())).Step(t.Context()); err == nil || errors.Is(err, archive.ErrConflict) || errors.Is(err, archive.ErrUnproved) {
				t.Fatal(err)
			}
			if s, err := l.Status(); err != nil || s.Next != 0 || s.Pending == nil {
				t.Fatalf("%+v %v", s, err)
			}
		})
	}
}

// Nothing begins while nobody has seen that the locks hold, or when they do not.
func TestNothingIsArchivedBeforeTheLocksHold(t *testing.T) {
	t.Parallel()
	l, m := newLedger(t), newMemory()
	l.add(t, 10)
	a := archiver(t, options(l, place, m, t.TempDir()))
	if _, err := a.Step(t.Context()); err == nil || !strings.Contains(err.Error(), "probe") {
		t.Fatal(err)
	}
	broken := archive.Prober{Place: place, Record: l, Now: time.Now, Logger: slog.New(slog.DiscardHandler), Try: func(context.Context) (archive.Probe, error) {
		return archive.Probe{Attempts: []archive.Attempt{{Name: "delete"}}}, nil
	}}
	if _, _, err := broken.Once(t.Context(), false); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Step(t.Context()); err == nil || !strings.Contains(err.Error(), "do not hold") {
		t.Fatal(err)
	}
	if k := kindsOf(t, l); m.puts != 0 || len(k["archive.begun"]) != 0 {
		t.Fatalf("%d objects were put", m.puts)
	}
	l.trust(t, place)
	drain(t, a, l, 10)
}

// The store's word is compared: an object without the lock that was asked is an alarm.
func TestAStoreThatLiesIsNotBelieved(t *testing.T) {
	t.Parallel()
	for name, lie := range map[string]func(*archive.Object){
		"no lock":        func(o *archive.Object) { o.Mode = "" },
		"a weaker mode":  func(o *archive.Object) { o.Mode = "GOVERNANCE" },
		"a shorter lock": func(o *archive.Object) { o.RetainUntil = o.RetainUntil.Add(-time.Second) },
		"another digest": func(o *archive.Object) { o.SHA256 = strings.Repeat("0", 64) },
		"another size":   func(o *archive.Object) { o.Size++ },
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, m := newLedger(t), newMemory()
			l.trust(t, place)
			l.add(t, 10)
			a := archiver(t, options(l, place, liar{m, lie}, t.TempDir()))
			if _, err := a.Step(t.Context()); !errors.Is(err, archive.ErrUnproved) {
				t.Fatal(err)
			}
			if s, err := l.Status(); err != nil || s.Next != 0 {
				t.Fatalf("%+v %v", s, err)
			}
		})
	}
}

func throughProxy(t *testing.T, r real, p *s3test.Proxy) archive.Store {
	t.Helper()
	o := r.options
	o.Endpoint, o.Attempts, o.Stall, o.MaxBackoff = "http://"+p.Address(), 2, time.Second, 50*time.Millisecond
	b, err := openBucket(o)
	if err != nil {
		t.Fatal(err)
	}
	return b
}
