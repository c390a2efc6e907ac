package ingest_test

import (
	"bytes"
	"compress/gzip"
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/greenlang/fournines/internal/journal/ingest"
	"github.com/greenlang/fournines/kit/audit"
)

func TestBatchBecomesEntries(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), ingest.Options{})
	e := event(1)
	e.Trace, e.Person, e.Personal = strings.Repeat("ab", 16), "ada", map[string]string{"email": "ada@example.com"}
	results := s.send(e, event(2))
	if results[0].Index != 0 || results[1].Index != 1 || results[0].Duplicate {
		t.Fatalf("%+v", results)
	}
	records, err := s.Journal.Read(0, 10)
	if err != nil || len(records) != 2 {
		t.Fatalf("%v %v", records, err)
	}
	r := records[0]
	var got ingest.Recorded
	if err := r.Decode(&got); err != nil {
		t.Fatal(err)
	}
	if r.Kind != "audit.recorded" || r.Operation != e.ID || r.Actor != "shop:user-7" || r.Subject != e.Subject || r.Trace != e.Trace ||
		got.Application != "shop" || got.Tenant != "acme" || got.Action != e.Action || !got.Occurred.Equal(e.Time) || string(got.Data) != `{"total":12.50,"note":"a\u003cb"}` {
		t.Fatalf("%+v %+v", r.Entry, got)
	}
	if bytes.Contains(r.Bytes, []byte("example.com")) || bytes.Contains(r.Bytes, []byte(`"ada"`)) {
		t.Fatalf("personal data stand open: %s", r.Bytes)
	}
	plain, err := s.Sealer.Open(got.Personal, ingest.PersonalField())
	if err != nil || string(plain) != `{"email":"ada@example.com"}` {
		t.Fatalf("%s %v", plain, err)
	}
}

// Whatever is wrong anywhere in a batch, nothing of it is recorded.
func TestBatchIsCheckedWhole(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), ingest.Options{})
	with := func(change func(*audit.Event)) []byte {
		e := event(2)
		change(&e)
		return encode(t, []audit.Event{event(1), e})
	}
	for name, c := range map[string]struct {
		body   []byte
		status int
		says   string
	}{
		"no JSON":        {[]byte(`{"events":[`), 400, "not a batch"},
		"unknown field":  {[]byte(`{"events":[{"idd":"x"}]}`), 400, "idd"},
		"more":           {append(encode(t, events(1, 2)), "{}"...), 400, "more follows"},
		"no events":      {[]byte(`{"events":[]}`), 422, "0 events"},
		"too many":       {encode(t, events(0, 1001)), 422, "1001 events"},
		"too large":      {bytes.Repeat([]byte(" "), 1<<20+1), 413, "1048576"},
		"no id":          {with(func(e *audit.Event) { e.ID = "" }), 422, "events[1].id is missing"},
		"no tenant":      {with(func(e *audit.Event) { e.Tenant = "" }), 422, "events[1].tenant is missing"},
		"tenant's form":  {with(func(e *audit.Event) { e.Tenant = "a/b" }), 422, "events[1].tenant"},
		"no actor":       {with(func(e *audit.Event) { e.Actor = "" }), 422, "events[1].actor"},
		"action's form":  {with(func(e *audit.Event) { e.Action = "Order Placed" }), 422, "events[1].action"},
		"long action":    {with(func(e *audit.Event) { e.Action = strings.Repeat("a", 101) }), 422, "101 bytes, the bound is 100"},
		"trace":          {with(func(e *audit.Event) { e.Trace = "ABC" }), 422, "events[1].trace"},
		"data":           {with(func(e *audit.Event) { e.Data = []byte(`[1]`) }), 422, "events[1].data is not a JSON object"},
		"deep data":      {with(func(e *audit.Event) { e.Data = []byte(strings.Repeat(`{"a":`, 17) + "1" + strings.Repeat("}", 17)) }), 422, "nested deeper"},
		"large data":     {with(func(e *audit.Event) { e.Data = []byte(`{"a":"` + strings.Repeat("x", 16<<10) + `"}`) }), 422, "events[1].data has"},
		"nobody's":       {with(func(e *audit.Event) { e.Personal = map[string]string{"email": "x"} }), 422, "events[1].person is missing"},
		"large personal": {with(func(e *audit.Event) { e.Person, e.Personal = "p", map[string]string{"a": strings.Repeat("x", 4<<10)} }), 422, "events[1].personal"},
	} {
		status, _, body := s.post(c.body)
		var p audit.Problem
		if err := json.Unmarshal(body, &p); err != nil || status != c.status || p.Status != status || !strings.Contains(p.Detail, c.says) {
			t.Errorf("%s: %d %s (%v), want %d and %q", name, status, body, err, c.status, c.says)
		}
	}
	if got := s.recorded(); len(got) != 0 {
		t.Fatalf("recorded %v", got)
	}
}

func TestGzipIsBounded(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), ingest.Options{})
	zip := func(b []byte) []byte {
		var out bytes.Buffer
		z := gzip.NewWriter(&out)
		_, _ = z.Write(b)
		_ = z.Close()
		return out.Bytes()
	}
	if status, _, body := s.post(zip(encode(t, events(0, 3))), "Content-Encoding", "gzip"); status != 200 || len(s.recorded()) != 3 {
		t.Fatalf("%d %s", status, body)
	}
	for name, c := range map[string]struct {
		body     []byte
		encoding string
		status   int
	}{
		"bomb": {zip(make([]byte, 64<<20)), "gzip", 413}, "not gzip": {[]byte("{}"), "gzip", 400},
		"cut": {zip(encode(t, events(5, 9)))[:60], "gzip", 400}, "br": {[]byte("{}"), "br", 415},
	} {
		if status, _, body := s.post(c.body, "Content-Encoding", c.encoding); status != c.status {
			t.Errorf("%s: %d %s", name, status, body)
		}
	}
}

func TestTokenSaysWhoItIs(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), ingest.Options{})
	for _, given := range []string{"", "Bearer ", "Bearer wrong", token, "Basic " + token} {
		if status, h, _ := s.post(encode(t, events(0, 1)), "Authorization", given); status != 401 || h.Get("WWW-Authenticate") == "" {
			t.Errorf("%q: %d", given, status)
		}
	}
	// The same id of two applications, and of two tenants, is not the same event.
	other := event(1)
	other.Tenant = "globex"
	s.send(event(1), other)
	if status, _, body := s.post(encode(t, events(1, 2)), "Authorization", "Bearer another"); status != 200 || strings.Contains(string(body), "duplicate") {
		t.Fatalf("%d %s", status, body)
	}
	if got := s.recorded(); len(got) != 3 {
		t.Fatalf("%v", got)
	}
}

// A repeat finds the first one: at once, in the same batch, and after a restart, whether
// ids stand in memory, in runs, or nowhere but in the journal.
func TestRepeatIsRecordedOnce(t *testing.T) {
	t.Parallel()
	dir, o := t.TempDir(), ingest.Options{}.WithBounds(16, 64, 10)
	s := open(t, dir, o)
	person := event(0)
	person.Person, person.Personal = "ada", map[string]string{"email": "ada@example.com"}
	all := append([]audit.Event{person}, events(1, 500)...)
	for batch := range slices.Chunk(all, 50) {
		s.send(append(slices.Clone(batch), batch[0])...) // with a twin
	}
	if s.Service.Runs() < 5 {
		t.Fatalf("only %d runs: the index does not spill", s.Service.Runs())
	}
	repeat := func(s *stand) {
		t.Helper()
		for batch := range slices.Chunk(all, 100) {
			for i, r := range s.send(batch...) {
				if want := slices.Index(s.recorded(), batch[i].ID); !r.Duplicate || r.Error != nil || r.Index != uint64(want) { //nolint:gosec // not negative
					t.Fatalf("%s: %+v, it stands at %d", batch[i].ID, r, want)
				}
			}
		}
		if got := s.recorded(); len(got) != 500 {
			t.Fatalf("%d entries", len(got))
		}
	}
	repeat(s)
	s.stop()
	s = open(t, dir, o)
	repeat(s)
	s.stop()
	removeOne(t, dir)
	repeat(open(t, dir, o))
}

func TestSameIDWithAnotherContentIsRefusedAlone(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), ingest.Options{})
	first := event(1)
	first.Person, first.Personal = "ada", map[string]string{"email": "a"}
	s.send(first)
	for field, change := range map[string]func(*audit.Event){
		"actor":    func(e *audit.Event) { e.Actor = "x" },
		"subject":  func(e *audit.Event) { e.Subject = "" },
		"data":     func(e *audit.Event) { e.Data = nil },
		"time":     func(e *audit.Event) { e.Time = e.Time.Add(1) },
		"person":   func(e *audit.Event) { e.Person = "bob" },
		"personal": func(e *audit.Event) { e.Personal = map[string]string{"email": "b"} },
	} {
		e := first
		change(&e)
		id := len(s.recorded()) + 100
		r := s.send(event(id), e)
		if r[0].Error != nil || r[1].Error == nil || r[1].Error.Status != 409 || !strings.Contains(r[1].Error.Detail, "entry 0 with another "+field) {
			t.Errorf("%s: %+v %+v", field, r, r[1].Error)
		}
	}
	twin := event(900)
	twin.Actor = "x"
	if r := s.send(event(900), twin); r[1].Error == nil || r[1].Error.Status != 409 || !strings.Contains(r[1].Error.Detail, "events[0]") {
		t.Errorf("in one batch: %+v", r)
	}
}

// Senders that all send the same events at once record each once, and are all told where.
func TestConcurrentRepeats(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), ingest.Options{}.WithBounds(64, 64, 10))
	var wg sync.WaitGroup
	var mu sync.Mutex
	index := map[string]uint64{}
	for worker := range 8 {
		wg.Go(func() {
			for round := range 10 {
				for i, r := range s.send(events(round*20+worker, round*20+worker+25)...) {
					mu.Lock()
					if old, known := index[r.ID]; known && old != r.Index {
						t.Errorf("%d %s stands at %d and at %d", i, r.ID, old, r.Index)
					}
					index[r.ID] = r.Index
					mu.Unlock()
				}
			}
		})
	}
	wg.Wait()
	got := s.recorded()
	for i, id := range got {
		if index[id] != uint64(i) { //nolint:gosec // not negative
			t.Errorf("%s stands at %d, %d was told", id, i, index[id])
		}
	}
	if len(got) != len(index) {
		t.Fatalf("%d entries, %d ids", len(got), len(index))
	}
}

// A tenant over its quota is refused, alone and in order; repeats cost it nothing.
func TestQuotaOfATenant(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), ingest.Options{Quota: ingest.Quota{PerSecond: 0.001, Burst: 10}})
	mixed := events(0, 14)
	other := event(100)
	other.Tenant = "globex"
	results := s.send(append(mixed, other)...)
	for i, r := range results {
		if over := i >= 10 && i < 14; over != (r.Error != nil) || (over && (r.Error.Status != 429 || r.Error.RetryAfter <= 0 || !strings.Contains(r.Error.Detail, "tenant acme"))) {
			t.Fatalf("%d: %+v %+v", i, r, r.Error)
		}
	}
	s.send(mixed[:10]...)
	status, h, body := s.post(encode(t, mixed[10:]))
	if status != http.StatusTooManyRequests || h.Get("Retry-After") == "" || !strings.Contains(string(body), "tenant acme") {
		t.Fatalf("%d %v %s", status, h, body)
	}
}

func TestTenantsAreBounded(t *testing.T) {
	t.Parallel()
	s := open(t, t.TempDir(), ingest.Options{Quota: ingest.Quota{PerSecond: 0.001, Burst: 10}}.WithBounds(16, 64, 3))
	refused := 0
	for i := range 5 {
		e := event(i)
		e.Tenant = fmt.Sprint("tenant-", i)
		if status, _, _ := s.post(encode(t, []audit.Event{e})); status == http.StatusTooManyRequests {
			refused++
		}
	}
	if refused != 2 {
		t.Fatalf("%d tenants refused, want 2", refused)
	}
}
