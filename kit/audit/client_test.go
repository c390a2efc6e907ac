package audit_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/greenlang/fournines/internal/journal/ingest"
	"github.com/greenlang/fournines/kit/audit"
)

func serve(t testing.TB, f *front, dir string, o ingest.Options) func() {
	t.Helper()
	h, end, err := service(dir, o)
	if err != nil {
		t.Fatal(err)
	}
	f.lead(h)
	return func() { f.lead(nil); end() }
}

func TestRecordedOnceInOrder(t *testing.T) {
	t.Parallel()
	dir, f := t.TempDir(), newFront(t)
	stop := serve(t, f, dir, ingest.Options{})
	c := client(t, f, t.TempDir(), nil)
	var wg sync.WaitGroup
	for worker := range 8 {
		wg.Go(func() {
			for i := range 100 {
				if err := c.Record(t.Context(), event(worker*100+i)); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	flush(t, c)
	if s := c.Stats(); s.Recorded != 800 || s.Duplicates != 0 || s.Pending != 0 || s.Trouble != "" {
		t.Errorf("%+v", s)
	}
	stop()
	if got := recorded(t, dir); len(got) != 800 {
		t.Fatalf("%d events recorded", len(got))
	}
}

// While the server is away events gather until the spool is full; nothing accepted is lost.
func TestServerAway(t *testing.T) {
	t.Parallel()
	dir, spool, f := t.TempDir(), t.TempDir(), newFront(t)
	c := client(t, f, spool, func(o *audit.Options) { o.MaxBytes = 100_000 })
	accepted := 0
	for ; ; accepted++ {
		err := c.Record(t.Context(), event(accepted))
		if errors.Is(err, audit.ErrFull) {
			break
		}
		if err != nil || accepted > 10_000 {
			t.Fatal(accepted, err)
		}
	}
	if s := c.Stats(); s.Pending < 90_000 || s.Pending > 100_000 || s.Trouble == "" {
		t.Fatalf("%+v", s)
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	if err := c.Record(t.Context(), event(0)); !errors.Is(err, audit.ErrClosed) {
		t.Fatal(err)
	}
	// The next process has the spool; one that waits gets room when the server is back.
	c = client(t, f, spool, func(o *audit.Options) { o.MaxBytes, o.Wait = 100_000, true })
	short, cancel := context.WithCancel(t.Context())
	cancel()
	if err := c.Record(short, event(accepted)); !errors.Is(err, audit.ErrFull) || !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	waited := make(chan error, 1)
	go func() { waited <- c.Record(context.Background(), event(accepted)) }()
	stop := serve(t, f, dir, ingest.Options{})
	if err := <-waited; err != nil {
		t.Fatal(err)
	}
	flush(t, c)
	stop()
	got := recorded(t, dir)
	if len(got) != accepted+1 {
		t.Fatalf("%d of %d events", len(got), accepted+1)
	}
	for id, n := range got {
		if n != 1 {
			t.Errorf("%s is recorded %d times", id, n)
		}
	}
	if left, _ := filepath.Glob(filepath.Join(spool, "*.spool")); len(left) != 1 {
		t.Errorf("what was sent is still there: %v", left)
	}
}

func TestOneProcessOneSpool(t *testing.T) {
	t.Parallel()
	f, dir := newFront(t), t.TempDir()
	client(t, f, dir, nil)
	if _, err := audit.Open(audit.Options{URL: f.URL, Token: token, Dir: dir}); err == nil || !strings.Contains(err.Error(), "in use") {
		t.Fatal(err)
	}
}

// What the server will never take is kept with the reason; the rest goes on.
func TestRefusedForGood(t *testing.T) {
	t.Parallel()
	dir, spool, f := t.TempDir(), t.TempDir(), newFront(t)
	c := client(t, f, spool, nil)
	bad := event(1)
	bad.Actor = ""
	if err := c.Record(t.Context(), bad); !errors.Is(err, audit.ErrInvalid) || !strings.Contains(err.Error(), "actor") {
		t.Fatal(err)
	}
	other := event(2)
	other.Actor = "another"
	for _, e := range []audit.Event{event(1), event(2), other, event(3)} {
		if err := c.Record(t.Context(), e); err != nil {
			t.Fatal(err)
		}
	}
	stop := serve(t, f, dir, ingest.Options{})
	flush(t, c)
	stop()
	if got := recorded(t, dir); len(got) != 3 || c.Stats().Refused != 1 {
		t.Fatalf("%v %+v", got, c.Stats())
	}
	file, err := os.Open(filepath.Join(spool, "refused.jsonl"))
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close() //nolint:errcheck // only read
	lines := bufio.NewScanner(file)
	var r audit.Refused
	if !lines.Scan() || json.Unmarshal(lines.Bytes(), &r) != nil || r.Status != 409 || !strings.Contains(string(r.Event), "another") || lines.Scan() {
		t.Fatalf("%+v", r)
	}
}

// A server that has other bounds than this client finds the event that is at fault.
func TestServerOfAnotherVersion(t *testing.T) {
	t.Parallel()
	for _, problem := range []string{`{"detail":"one of them is bad"}`, `<html>`} {
		f, spool := newFront(t), t.TempDir()
		var mu sync.Mutex
		got := map[string]bool{}
		c := client(t, f, spool, nil)
		for i := range 20 {
			if err := c.Record(t.Context(), event(i)); err != nil {
				t.Fatal(err)
			}
		}
		f.lead(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			var b audit.Batch
			if err := json.NewDecoder(r.Body).Decode(&b); err != nil {
				t.Error(err)
			}
			mu.Lock()
			defer mu.Unlock()
			a := audit.Answer{}
			for _, e := range b.Events {
				if e.ID == "event-7" {
					w.WriteHeader(http.StatusBadRequest)
					_, _ = w.Write([]byte(problem))
					return
				}
				a.Results = append(a.Results, audit.Result{ID: e.ID})
			}
			for _, e := range b.Events {
				got[e.ID] = true
			}
			_ = json.NewEncoder(w).Encode(a)
		}))
		flush(t, c)
		if len(got) != 19 || got["event-7"] || c.Stats().Refused != 1 {
			t.Fatalf("%d %+v", len(got), c.Stats())
		}
	}
}

// Over its quota a tenant's events wait, and arrive.
func TestQuotaIsWaitedFor(t *testing.T) {
	t.Parallel()
	dir, f := t.TempDir(), newFront(t)
	stop := serve(t, f, dir, ingest.Options{Quota: ingest.Quota{PerSecond: 200, Burst: 10}})
	c := client(t, f, t.TempDir(), nil)
	for i := range 60 {
		if err := c.Record(t.Context(), event(i)); err != nil {
			t.Fatal(err)
		}
	}
	flush(t, c)
	stop()
	if got := recorded(t, dir); len(got) != 60 || c.Stats().Refused != 0 {
		t.Fatalf("%d %+v", len(got), c.Stats())
	}
}

// A torn tail is cut; damage in the middle is set aside and the rest goes on.
func TestDamagedSpool(t *testing.T) {
	t.Parallel()
	dir, spool, f := t.TempDir(), t.TempDir(), newFront(t)
	c := client(t, f, spool, nil)
	for i := range 30 {
		if err := c.Record(t.Context(), event(i)); err != nil {
			t.Fatal(err)
		}
	}
	if err := c.Close(); err != nil {
		t.Fatal(err)
	}
	segments, err := filepath.Glob(filepath.Join(spool, "*.spool"))
	if err != nil || len(segments) != 1 {
		t.Fatal(segments, err)
	}
	b, err := os.ReadFile(segments[0])
	if err != nil {
		t.Fatal(err)
	}
	size := len(b) / 30
	b[bytes.Index(b, []byte("event-10"))] ^= 1 // a payload
	at := bytes.Index(b, []byte(`"event-20"`))
	start := bytes.LastIndex(b[:at], []byte("\xfaFE\x01"))
	b[start+4] ^= 0x40           // a length
	b = append(b, b[:size/2]...) // a write that a kill ended
	if err := os.WriteFile(segments[0], b, 0o600); err != nil {
		t.Fatal(err)
	}
	stop := serve(t, f, dir, ingest.Options{})
	c = client(t, f, spool, nil)
	flush(t, c)
	stop()
	got := recorded(t, dir)
	if len(got) != 28 || got["event-10"]+got["event-20"] != 0 || c.Stats().Damaged != 2 {
		t.Fatalf("%d events, %+v", len(got), c.Stats())
	}
	kept, err := filepath.Glob(filepath.Join(spool, "damaged", "*"))
	if err != nil || len(kept) != 2 {
		t.Fatal(kept, err)
	}
}
