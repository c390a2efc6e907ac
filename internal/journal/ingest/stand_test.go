package ingest_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/ingest"
	"github.com/greenlang/fournines/internal/journal/seal"
	"github.com/greenlang/fournines/kit/audit"
)

const token = "secret-of-shop"

// stand is the real handler over a real journal.
type stand struct {
	t       testing.TB
	dir     string
	Journal *journal.Journal
	Service *ingest.Service
	Keys    *seal.Directory
	Sealer  *seal.Sealer
	URL     string
	blind   func(*stand) // called before the service has read the journal
	stop    func()
}

func open(t testing.TB, dir string, o ingest.Options) *stand {
	t.Helper()
	s := &stand{t: t, dir: dir}
	var err error
	if s.Journal, err = (journal.Options{Kinds: ingest.EntryKinds()}).Open(filepath.Join(dir, "journal")); err != nil {
		t.Fatal(err)
	}
	return s.with(o)
}

// with puts the rest on the stand's journal.
func (s *stand) with(o ingest.Options) *stand {
	t := s.t
	t.Helper()
	var err error
	if s.Keys, err = seal.OpenDirectory(filepath.Join(s.dir, "persons"), filepath.Join(s.dir, "master")); err != nil {
		t.Fatal(err)
	}
	if s.Sealer, err = seal.New(s.Keys, s.Keys.Pepper()); err != nil {
		t.Fatal(err)
	}
	if o.Journal == nil {
		o.Journal = s.Journal
	}
	o.Sealer, o.Dir = s.Sealer, filepath.Join(s.dir, "ids")
	o.Tokens = map[string]string{"shop": token, "other": "another"}
	ctx, cancel := context.WithCancel(context.Background())
	if s.Service, err = ingest.Open(ctx, o); err != nil {
		t.Fatal(err)
	}
	server := httptest.NewServer(s.Service)
	s.URL = server.URL
	ended := false
	s.stop = func() {
		if ended {
			return
		}
		ended = true
		cancel()
		server.Close()
		s.Service.Close()
		_ = s.Journal.Close()
		_ = s.Keys.Close()
	}
	t.Cleanup(s.stop)
	if s.blind != nil {
		s.blind(s)
	}
	if err := s.Service.Ready(); err != nil {
		t.Fatal(err)
	}
	return s
}

func event(i int) audit.Event {
	return audit.Event{
		ID: fmt.Sprintf("event-%d", i), Time: time.Date(2026, 11, 24, 1, 2, 3, i, time.UTC), Tenant: "acme", Actor: "user-7",
		Action: "order.placed", Subject: fmt.Sprintf("order-%d", i), Reason: "checkout", Data: json.RawMessage(`{"total": 12.50, "note":"a<b"}`),
	}
}

func events(from, to int) []audit.Event {
	var out []audit.Event
	for i := from; i < to; i++ {
		out = append(out, event(i))
	}
	return out
}

// post sends a body and returns the status, the header and the answer.
func (s *stand) post(body []byte, headers ...string) (int, http.Header, []byte) {
	s.t.Helper()
	r, err := http.NewRequestWithContext(s.t.Context(), http.MethodPost, s.URL, bytes.NewReader(body))
	if err != nil {
		s.t.Fatal(err)
	}
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Authorization", "Bearer "+token)
	for i := 0; i < len(headers); i += 2 {
		r.Header.Set(headers[i], headers[i+1])
	}
	resp, err := http.DefaultClient.Do(r)
	if err != nil {
		s.t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // only read
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	return resp.StatusCode, resp.Header, b
}

// send sends events and demands that the batch is taken.
func (s *stand) send(events ...audit.Event) []audit.Result {
	s.t.Helper()
	status, _, body := s.post(encode(s.t, events))
	if status != http.StatusOK {
		s.t.Fatalf("%d: %s", status, body)
	}
	var a audit.Answer
	if err := json.Unmarshal(body, &a); err != nil || len(a.Results) != len(events) {
		s.t.Fatalf("%v: %s", err, body)
	}
	return a.Results
}

func encode(t testing.TB, events []audit.Event) []byte {
	t.Helper()
	b, err := json.Marshal(audit.Batch{Events: events})
	if err != nil {
		t.Fatal(err)
	}
	return b
}

// recorded returns the ids in the journal, in order.
func (s *stand) recorded() []string {
	s.t.Helper()
	records, err := s.Journal.Read(0, 1<<30)
	if err != nil {
		s.t.Fatal(err)
	}
	var out []string
	for _, r := range records {
		out = append(out, r.Operation)
	}
	return out
}
