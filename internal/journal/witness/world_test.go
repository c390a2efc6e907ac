package witness

import (
	"context"
	"crypto/rand"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/transparency-dev/merkle/rfc6962"
	"github.com/transparency-dev/merkle/testonly"
	"golang.org/x/mod/sumdb/note"

	"github.com/greenlang/fournines/internal/journal/durable"
)

// testLog is a log in memory that can be rolled back and forked, as no log should.
type testLog struct {
	origin string
	vkey   string
	signer note.Signer

	mu     sync.Mutex
	leaves []string
	tree   *testonly.Tree
	reads  int
	err    error
}

func newLog(t testing.TB, origin string) *testLog {
	t.Helper()
	skey, vkey, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		t.Fatal(err)
	}
	s, err := note.NewSigner(skey)
	if err != nil {
		t.Fatal(err)
	}
	return &testLog{origin: origin, vkey: vkey, signer: s, tree: testonly.New(rfc6962.DefaultHasher)}
}

// grow appends n entries; word makes them differ between histories.
func (l *testLog) grow(n int, word string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	for range n {
		leaf := fmt.Sprintf("%s %d", word, len(l.leaves))
		l.leaves = append(l.leaves, leaf)
		l.tree.AppendData([]byte(leaf))
	}
}

// rollback cuts the log to its first n entries.
func (l *testLog) rollback(n int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.leaves = slices.Clone(l.leaves[:n])
	l.tree = testonly.New(rfc6962.DefaultHasher)
	for _, leaf := range l.leaves {
		l.tree.AppendData([]byte(leaf))
	}
}

func (l *testLog) fail(err error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.err = err
}

func (l *testLog) looks() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.reads
}

func (l *testLog) Checkpoint(context.Context) ([]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.reads++
	if l.err != nil {
		return nil, l.err
	}
	return l.at(l.tree.Size()), nil
}

// at signs the tree of the first size entries.
func (l *testLog) at(size uint64) []byte {
	return l.sign(l.text(size))
}

func (l *testLog) text(size uint64) string {
	return fmt.Sprintf("%s\n%d\n%s\n", l.origin, size, hash64(l.tree.HashAt(size)))
}

func (l *testLog) sign(text string) []byte {
	b, err := note.Sign(&note.Note{Text: text}, l.signer)
	if err != nil {
		panic(err)
	}
	return b
}

func (l *testLog) Consistency(_ context.Context, old, size uint64) ([][]byte, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if size > l.tree.Size() {
		return nil, errors.New("the log is smaller")
	}
	return l.tree.ConsistencyProof(old, size)
}

// request is the body that a correct feeder sends.
func (l *testLog) request(t testing.TB, old, size uint64) []byte {
	t.Helper()
	r := Request{Old: old, Checkpoint: l.at(size)}
	if old > 0 && old < size {
		var err error
		if r.Proof, err = l.tree.ConsistencyProof(old, size); err != nil {
			t.Fatal(err)
		}
	}
	return r.Body()
}

func logs(t testing.TB, of ...*testLog) Logs {
	t.Helper()
	l := Logs{}
	for _, o := range of {
		if err := l.Add(o.vkey); err != nil {
			t.Fatal(err)
		}
	}
	return l
}

// clock is a clock that only the test moves.
type clock struct {
	mu sync.Mutex
	t  time.Time
}

func newClock() *clock { return &clock{t: time.Unix(1_800_000_000, 0).UTC()} }

func (c *clock) now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.t
}

func (c *clock) forward(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.t = c.t.Add(d)
}

// heard collects what callbacks say.
type heard[T any] struct {
	mu  sync.Mutex
	all []T
}

func (h *heard[T]) add(v T) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.all = append(h.all, v)
}

func (h *heard[T]) list() []T {
	h.mu.Lock()
	defer h.mu.Unlock()
	return slices.Clone(h.all)
}

// station is a witness with what it has reported.
type station struct {
	*Witness
	clock    *clock
	findings heard[Finding]
	failures heard[error]
}

func newStation(t testing.TB, dir string, f durable.Files, c *clock, known Logs) *station {
	t.Helper()
	s := &station{clock: c}
	w, err := New(Options{Dir: dir, Name: "witness.example/" + dirName(dir), Logs: known, Now: c.now,
		Alarm: s.findings.add, Failed: s.failures.add, Files: f})
	if err != nil {
		t.Fatal(err)
	}
	s.Witness = w
	return s
}

func dirName(dir string) string { return dir[strings.LastIndex(dir, "/")+1:] }

// serve gives the witness an address on loopback.
func (s *station) serve(t testing.TB) Peer {
	t.Helper()
	h := httptest.NewServer(http.StripPrefix("/journal", s))
	t.Cleanup(h.Close)
	return Peer{URL: h.URL + "/journal", Key: s.Cosigner().String()}
}

// eventually waits for a fact.
func eventually(t testing.TB, what string, fact func() bool) {
	t.Helper()
	deadline := time.NewTimer(time.Minute)
	defer deadline.Stop()
	tick := time.NewTicker(2 * time.Millisecond)
	defer tick.Stop()
	for !fact() {
		select {
		case <-tick.C:
		case <-deadline.C:
			t.Fatalf("within a minute it did not happen that %s", what)
		}
	}
}
