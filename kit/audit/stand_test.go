package audit_test

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"path/filepath"
	"sync/atomic"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/ingest"
	"github.com/greenlang/fournines/internal/journal/seal"
	"github.com/greenlang/fournines/kit/audit"
)

const token = "secret-of-shop"

// service opens the server's real handler over a real journal in dir.
func service(dir string, o ingest.Options) (http.Handler, func(), error) {
	j, err := (journal.Options{Kinds: ingest.EntryKinds()}).Open(filepath.Join(dir, "journal"))
	if err != nil {
		return nil, nil, err
	}
	keys, err := seal.OpenDirectory(filepath.Join(dir, "persons"), filepath.Join(dir, "master"))
	if err != nil {
		return nil, nil, err
	}
	sealer, err := seal.New(keys, keys.Pepper())
	if err != nil {
		return nil, nil, err
	}
	o.Journal, o.Sealer, o.Dir, o.Tokens = j, sealer, filepath.Join(dir, "ids"), map[string]string{"shop": token}
	ctx, cancel := context.WithCancel(context.Background())
	s, err := ingest.Open(ctx, o)
	return s, func() { cancel(); s.Close(); _ = j.Close(); _ = keys.Close() }, err
}

// front is an address that stays while servers behind it come and go.
type front struct {
	URL     string
	handler atomic.Pointer[http.Handler]
}

func newFront(t testing.TB) *front {
	t.Helper()
	f := &front{}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := f.handler.Load(); h != nil {
			(*h).ServeHTTP(w, r)
			return
		}
		w.WriteHeader(http.StatusBadGateway)
	}))
	t.Cleanup(server.Close)
	f.URL = server.URL
	return f
}

func (f *front) lead(h http.Handler) {
	if h == nil {
		f.handler.Store(nil)
		return
	}
	f.handler.Store(&h)
}

// forward leads to a server in another process.
func (f *front) forward(t testing.TB, address string) {
	t.Helper()
	u, err := url.Parse("http://" + address)
	if err != nil {
		t.Fatal(err)
	}
	p := httputil.NewSingleHostReverseProxy(u)
	p.ErrorHandler = func(w http.ResponseWriter, _ *http.Request, _ error) { w.WriteHeader(http.StatusBadGateway) }
	f.lead(p)
}

func client(t testing.TB, f *front, dir string, change func(*audit.Options)) *audit.Client {
	t.Helper()
	o := audit.Options{URL: f.URL, Token: token, Dir: dir}
	if change != nil {
		change(&o)
	}
	c, err := audit.Open(o)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

func event(i int) audit.Event {
	return audit.Event{ID: fmt.Sprintf("event-%d", i), Tenant: "acme", Actor: "user-7", Action: "order.placed", Data: json.RawMessage(`{"total":12.50}`)}
}

func flush(t testing.TB, c *audit.Client) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := c.Flush(ctx); err != nil {
		t.Fatal(err)
	}
}

// recorded returns how often each id stands in the journal.
func recorded(t testing.TB, dir string) map[string]int {
	t.Helper()
	j, err := journal.Open(filepath.Join(dir, "journal"), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close() //nolint:errcheck // only read
	records, err := j.Read(0, 1<<30)
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]int{}
	for _, r := range records {
		out[r.Operation]++
	}
	return out
}
