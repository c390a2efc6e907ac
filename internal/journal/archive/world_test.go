package archive_test

import (
	"context"
	"encoding/json"
	"fmt"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/compliance/wiring/bucket"
	"github.com/greenlang/fournines/internal/driver/s3"
	"github.com/greenlang/fournines/internal/driver/s3/s3test"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/archive"
)

const week = 7 * 24 * time.Hour

// ledger is a journal with the status folded from it, as the server has it.
type ledger struct {
	*journal.Journal
	mu     sync.Mutex // guards what follows
	folded uint64
	status archive.Status
}

func openLedger(dir string, now func() time.Time) (*ledger, error) {
	j, err := (journal.Options{Now: now, PublishEvery: time.Millisecond, SegmentBytes: 1 << 20}).Open(dir)
	return &ledger{Journal: j}, err
}

// Status folds what is new; the place does not matter where there is one alone.
func (l *ledger) Status() (archive.Status, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for {
		records, err := l.Read(l.folded, 1000)
		if err != nil || len(records) == 0 {
			return l.status, err
		}
		for _, r := range records {
			if _, ours, err := archive.PlaceOf(r.Entry); err != nil || !ours {
				l.folded = r.Index + 1
				continue
			}
			if l.status, err = l.status.Apply(r); err != nil {
				return l.status, err
			}
			l.folded = r.Index + 1
		}
	}
}

// add appends n entries and publishes them.
func (l *ledger) add(t testing.TB, n int) {
	t.Helper()
	entries := make([]journal.Entry, n)
	for i := range entries {
		entries[i] = journal.Entry{Kind: "thing.seen", Subject: fmt.Sprint("thing-", i), Data: json.RawMessage(`{"n":1}`)}
	}
	if _, err := l.Append(t.Context(), entries...); err != nil {
		t.Fatal(err)
	}
	if err := l.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
}

// trust says that the store's locks hold, as a probe would.
func (l *ledger) trust(t testing.TB, p archive.Place) {
	t.Helper()
	prober := archive.Prober{Place: p, Record: l, Now: time.Now, Try: func(context.Context) (archive.Probe, error) { return archive.Probe{Holds: true}, nil }}
	if _, _, err := prober.Once(t.Context(), false); err != nil {
		t.Fatal(err)
	}
}

func options(l *ledger, p archive.Place, s archive.Store, spool string) archive.Options {
	return archive.Options{
		Log: l, Tree: l, Record: l, Status: l.Status, Place: p, Open: func(context.Context) (archive.Store, error) { return s, nil },
		Write: archive.WriteTable("test"), Spool: spool, Retention: week, Limits: archive.Limits{Entries: 1024, Bytes: 1 << 30, Age: time.Nanosecond},
		Now: time.Now, Chance: func() float64 { return 0 },
	}
}

func archiver(t testing.TB, o archive.Options) *archive.Archiver {
	t.Helper()
	a, err := archive.New(o)
	if err != nil {
		t.Fatal(err)
	}
	return a
}

// drain archives until nothing of the first n entries waits.
func drain(t testing.TB, a *archive.Archiver, l *ledger, n uint64) {
	t.Helper()
	for {
		if s, err := l.Status(); err != nil || s.Next >= n {
			if err != nil {
				t.Fatal(err)
			}
			return
		}
		if err := l.Publish(t.Context()); err != nil {
			t.Fatal(err)
		}
		if _, err := a.Step(t.Context()); err != nil {
			t.Fatal(err)
		}
	}
}

// real is a bucket of a gateway in a process of its own.
type real struct {
	*bucket.Bucket
	gateway *s3test.Gateway
	options s3.Options
}

func newReal(t testing.TB, change func(*s3.Options)) real {
	t.Helper()
	g := s3test.Start(t, t.TempDir(), nil)
	o := s3.Options{
		Endpoint: "http://" + g.Options.Listen, Bucket: "fournines-test-" + s3test.Token(),
		Credentials: s3.Credentials{AccessKey: g.Options.AccessKey, SecretKey: g.Options.SecretKey},
	}
	if change != nil {
		change(&o)
	}
	b, err := openBucket(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := b.Ensure(t.Context()); err != nil {
		t.Fatal(err)
	}
	return real{b, g, o}
}

func openBucket(o s3.Options) (*bucket.Bucket, error) { return bucket.Open(o, "log/") }

// path is where the gateway keeps a key's newest version.
func (r real) path(key string) string {
	return filepath.Join(r.gateway.Options.Dir, "objects", r.options.Bucket, "log", filepath.FromSlash(key))
}

func newLedger(t testing.TB) *ledger {
	t.Helper()
	l, err := openLedger(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = l.Close() })
	return l
}

func verify(ctx context.Context, l *ledger, r archive.Reader, now time.Time) (archive.Audit, error) {
	return archive.Verify(ctx, r, "s3://test", archive.VerifyOptions{Key: l.VerifierKey(), Now: now, Read: archive.ReadTable})
}
