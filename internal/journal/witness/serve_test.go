package witness

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"sync"
	"testing"

	"golang.org/x/mod/sumdb/note"
)

// post sends a body over real HTTP.
func post(t *testing.T, p Peer, body []byte) (int, string, string) {
	t.Helper()
	resp, err := http.Post(p.URL+"/add-checkpoint", "text/plain", bytes.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close() //nolint:errcheck // nothing was written
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	return resp.StatusCode, resp.Header.Get("Content-Type"), string(b)
}

func TestAddCheckpoint(t *testing.T) {
	t.Parallel()
	l, impostor, stranger := newLog(t, "example.com/log"), newLog(t, "example.com/log"), newLog(t, "example.com/other")
	for _, g := range []*testLog{l, impostor, stranger} {
		g.grow(20, "a")
	}
	s := newStation(t, t.TempDir(), nil, newClock(), logs(t, l))
	p := s.serve(t)
	extended := l.sign(l.text(12) + "an extension\n")
	both := append(l.at(15), impostor.at(15)[len(impostor.text(15))+1:]...)
	proof := func(old, size uint64) [][]byte { p, _ := l.tree.ConsistencyProof(old, size); return p }
	steps := []struct {
		name   string
		body   []byte
		status int
		answer string // of a 409
	}{
		{"unknown log", stranger.request(t, 0, 5), 404, ""},
		{"another key under the log's name", impostor.request(t, 0, 5), 403, ""},
		{"rubbish", []byte("rubbish"), 400, ""},
		{"no note", []byte("old 0\n\nno note\n"), 400, ""},
		{"old size before there is one", l.request(t, 3, 5), 409, "0\n"},
		{"first", l.request(t, 0, 5), 200, ""},
		{"first again", l.request(t, 0, 5), 409, "5\n"},
		{"the same", l.request(t, 5, 5), 200, ""},
		{"growth", l.request(t, 5, 9), 200, ""},
		{"old size outdated", l.request(t, 5, 12), 409, "9\n"},
		{"old above the size", l.request(t, 9, 8), 400, ""},
		{"no proof", Request{Old: 9, Checkpoint: l.at(12)}.Body(), 422, ""},
		{"extension line", Request{Old: 9, Proof: proof(9, 12), Checkpoint: extended}.Body(), 200, ""},
		{"signatures of others too", Request{Old: 12, Proof: proof(12, 15), Checkpoint: both}.Body(), 200, ""},
	}
	for _, step := range steps {
		status, content, body := post(t, p, step.body)
		if status != step.status {
			t.Fatalf("%s: %d %s", step.name, status, body)
		}
		if status == 409 && (content != "text/x.tlog.size" || body != step.answer) {
			t.Fatalf("%s: %q as %q, want %q", step.name, body, content, step.answer)
		}
		if status != 200 {
			continue
		}
		r, err := ParseRequest(step.body)
		if err != nil {
			t.Fatal(err)
		}
		n, err := note.Open([]byte(textOf(string(r.Checkpoint))+"\n"+body), note.VerifierList(s.Cosigner()))
		if err != nil || len(n.UnverifiedSigs) > 0 {
			t.Fatalf("%s: %q is no cosignature: %v", step.name, body, err)
		}
	}
	if failures := s.failures.list(); len(failures) > 0 {
		t.Fatalf("failures: %v", failures)
	}
}

func TestOnlyAddCheckpointByPost(t *testing.T) {
	t.Parallel()
	l := newLog(t, "example.com/log")
	s := newStation(t, t.TempDir(), nil, newClock(), logs(t, l))
	p := s.serve(t)
	resp, err := http.Get(p.URL + "/add-checkpoint")
	if err != nil {
		t.Fatal(err)
	}
	if resp.StatusCode != http.StatusMethodNotAllowed || resp.Header.Get("Allow") != "POST" {
		t.Fatalf("GET: %s", resp.Status)
	}
	_ = resp.Body.Close()
	if resp, err = http.Post(p.URL+"/other", "", nil); err != nil || resp.StatusCode != http.StatusNotFound {
		t.Fatalf("another path: %v, %v", resp.Status, err)
	}
	_ = resp.Body.Close()
	status, _, _ := post(t, p, []byte(strings.Repeat("x", MaxBody+1)))
	if status != http.StatusRequestEntityTooLarge {
		t.Fatalf("oversize body: %d", status)
	}
	if status, _, _ = post(t, p, []byte(strings.Repeat("x", MaxBody))); status != http.StatusBadRequest {
		t.Fatalf("largest body: %d", status)
	}
}

// Requests of two logs, from many senders at once: each log only ever grows, whatever
// was cosigned is at most what is known, and nobody is accused.
func TestConcurrentRequests(t *testing.T) {
	t.Parallel()
	a, b := newLog(t, "example.com/a"), newLog(t, "example.com/b")
	a.grow(200, "a")
	b.grow(200, "b")
	dir := t.TempDir()
	s := newStation(t, dir, nil, newClock(), logs(t, a, b))
	var all sync.WaitGroup
	var cosigned heard[string]
	for i := range 8 {
		l := []*testLog{a, b}[i%2]
		bodies := map[uint64][]byte{}
		all.Go(func() {
			for size := uint64(1 + i); size <= 200; size += 3 {
				for {
					known, _, _ := s.Known(l.origin)
					if known.Size > size {
						break
					}
					l.mu.Lock()
					body := l.request(t, known.Size, size)
					l.mu.Unlock()
					bodies[size] = body
					answer := s.add(body)
					if answer.status == 200 {
						cosigned.add(l.origin)
						if now, _, _ := s.Known(l.origin); now.Size < size {
							t.Errorf("cosigned %d and knows %d", size, now.Size)
						}
						break
					}
					if answer.status != 409 {
						t.Errorf("status %d: %s", answer.status, answer.body)
						return
					}
				}
			}
		})
	}
	all.Wait()
	if f := s.Findings(); len(f) > 0 || len(cosigned.list()) < 100 {
		t.Fatalf("%d cosignatures, findings %v", len(cosigned.list()), f)
	}
	for _, l := range []*testLog{a, b} {
		before, _, _ := s.Known(l.origin)
		r, err := readRecord(s.o.Files, dir, l.origin, s.o.Logs)
		if err != nil || r.last.Size != before.Size {
			t.Fatalf("on disk %d, in memory %d, %v", r.last.Size, before.Size, err)
		}
	}
}
