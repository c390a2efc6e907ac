package ingest_test

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/ingest"
)

// faulty is a journal whose appends can be held up or made to fail.
type faulty struct {
	*journal.Journal
	mu   sync.Mutex
	fail error
	hold chan struct{}
	in   chan struct{}
}

func (f *faulty) Append(ctx context.Context, entries ...journal.Entry) (uint64, error) {
	f.mu.Lock()
	fail, hold := f.fail, f.hold
	f.mu.Unlock()
	if hold != nil {
		f.in <- struct{}{}
		<-hold
	}
	if fail != nil {
		return 0, fail
	}
	return f.Journal.Append(ctx, entries...)
}

// While the journal does not take entries the answer is 503 with Retry-After, quotas are
// not spent, and events are taken again once it does. (With a real journal whose disk is
// full: TestIngestOnAFullDisk of package journal.)
func TestJournalRefuses(t *testing.T) {
	t.Parallel()
	j, err := (journal.Options{Kinds: ingest.EntryKinds()}).Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f := &faulty{Journal: j}
	s := &stand{t: t, dir: t.TempDir(), Journal: j}
	s.with(ingest.Options{Journal: f, Quota: ingest.Quota{PerSecond: 0.001, Burst: 20}})
	s.send(events(0, 10)...)
	set := func(err error) { f.mu.Lock(); f.fail = err; f.mu.Unlock() }
	set(syscall.ENOSPC)
	for range 20 {
		if status, h, body := s.post(encode(t, events(10, 20))); status != http.StatusServiceUnavailable || h.Get("Retry-After") == "" || !strings.Contains(string(body), "no space left") {
			t.Fatalf("%d %v %s", status, h, body)
		}
	}
	set(nil)
	for i, r := range s.send(events(0, 20)...) {
		if r.Error != nil || r.Duplicate != (i < 10) || r.Index != uint64(i) { //nolint:gosec // not negative
			t.Fatalf("%d: %+v", i, r)
		}
	}
}

// unreadable is a journal whose first reads fail.
type unreadable struct {
	*journal.Journal
	left atomic.Int64
}

func (u *unreadable) Read(from uint64, n int) ([]journal.Record, error) {
	if u.left.Add(-1) >= 0 {
		return nil, syscall.EIO
	}
	return u.Journal.Read(from, n)
}

// As long as it is not known what the journal has nothing is taken, and it is tried again.
func TestNothingIsTakenBlindly(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	s := open(t, dir, ingest.Options{})
	s.send(events(0, 5)...)
	s.stop()
	j, err := (journal.Options{Kinds: ingest.EntryKinds()}).Open(filepath.Join(dir, "journal"))
	if err != nil {
		t.Fatal(err)
	}
	u := &unreadable{Journal: j}
	u.left.Store(1)
	s = &stand{t: t, dir: dir, Journal: j, blind: func(s *stand) {
		if status, h, body := s.post(encode(t, events(0, 5))); status != http.StatusServiceUnavailable || h.Get("Retry-After") == "" {
			t.Errorf("%d %s", status, body)
		}
	}}
	s.with(ingest.Options{Journal: u})
	for i, r := range s.send(events(0, 5)...) {
		if !r.Duplicate {
			t.Errorf("%d: %+v", i, r)
		}
	}
}

// A poisoned journal takes nothing more, and says so.
func TestFailedJournal(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), ingest.Options{})
	if err := s.Journal.Close(); err != nil {
		t.Fatal(err)
	}
	if status, h, body := s.post(encode(t, events(0, 1))); status != http.StatusServiceUnavailable || h.Get("Retry-After") == "" {
		t.Fatalf("%d %s", status, body)
	}
}

func TestNoRoom(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), ingest.Options{Room: func() error { return errors.New("the last megabytes are for operations") }})
	if status, h, body := s.post(encode(t, events(0, 1))); status != http.StatusServiceUnavailable || h.Get("Retry-After") != "5" || !strings.Contains(string(body), "for operations") {
		t.Fatalf("%d %v %s", status, h, body)
	}
}

// Batches beyond the bound are refused at once while the journal stalls; a repeat of one
// that is inside waits for it and is its duplicate.
func TestBatchesInsideAreBounded(t *testing.T) {
	t.Parallel()
	j, err := (journal.Options{Kinds: ingest.EntryKinds()}).Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	f := &faulty{Journal: j, hold: make(chan struct{}), in: make(chan struct{}, 8)}
	s := &stand{t: t, dir: t.TempDir(), Journal: j}
	s.with(ingest.Options{Journal: f}.WithBounds(3, 64, 10))
	var wg sync.WaitGroup
	answers := make(chan string, 3)
	for i := range 2 {
		wg.Go(func() {
			status, _, body := s.post(encode(t, events(i, i+1)))
			answers <- fmt.Sprint(status, string(body))
		})
		<-f.in
	}
	wg.Go(func() { // a repeat
		status, _, body := s.post(encode(t, events(0, 1)))
		answers <- fmt.Sprint(status, string(body))
	})
	refused := false
	for !refused { // until the repeat has its slot
		status, h, _ := s.post(encode(t, nil))
		refused = status == http.StatusServiceUnavailable && h.Get("Retry-After") == "1"
	}
	close(f.hold)
	wg.Wait()
	duplicates := 0
	for range 3 {
		a := <-answers
		if !strings.HasPrefix(a, "200") {
			t.Error(a)
		}
		duplicates += strings.Count(a, `"duplicate":true`)
	}
	if got := s.recorded(); len(got) != 2 || duplicates != 1 {
		t.Fatalf("%v, %d duplicates", got, duplicates)
	}
}
