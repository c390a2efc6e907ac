package journal_test

import (
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"

	"github.com/greenlang/fournines/internal/journal"
)

// Every proof over a journal with full and partial tiles is checked by another's code.
func TestProofsHoldForOthers(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	victim(t, dir)
	j := open(t, dir)
	records, err := j.Read(0, 1000)
	if err != nil || len(records) != 700 {
		t.Fatalf("%d %v", len(records), err)
	}
	hasher := rfc6962.DefaultHasher
	r := (&compact.RangeFactory{Hash: hasher.HashChildren}).NewEmptyRange(0)
	roots := [][]byte{hasher.EmptyRoot()}
	for _, rec := range records {
		if err := r.Append(rec.Hash, nil); err != nil {
			t.Fatal(err)
		}
		root, err := r.GetRootHash(nil)
		if err != nil {
			t.Fatal(err)
		}
		roots = append(roots, root)
	}
	for _, size := range []uint64{1, 2, 255, 256, 257, 511, 512, 513, 699, 700} {
		if root, err := j.RootAt(size); err != nil || string(root[:]) != string(roots[size]) {
			t.Fatalf("root at %d: %v %v", size, root, err)
		}
		for i := range size {
			hashes, err := j.Inclusion(i, size)
			if err == nil {
				err = proof.VerifyInclusion(hasher, i, size, records[i].Hash, hashes, roots[size])
			}
			if err != nil {
				t.Fatalf("inclusion of %d in %d: %v", i, size, err)
			}
		}
		for a := uint64(1); a <= size; a++ {
			hashes, err := j.Consistency(a, size)
			if err == nil {
				err = proof.VerifyConsistency(hasher, a, size, hashes, roots[a], roots[size])
			}
			if err != nil {
				t.Fatalf("consistency of %d and %d: %v", a, size, err)
			}
		}
	}
	if _, err := j.Inclusion(0, 701); err == nil || !strings.Contains(err.Error(), "the checkpoint covers 700") {
		t.Fatalf("beyond the checkpoint: %v", err)
	}
}

func TestProofStandsAlone(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	victim(t, dir)
	p, err := open(t, dir).Prove(300)
	if err != nil {
		t.Fatal(err)
	}
	b, err := json.Marshal(p)
	if err != nil {
		t.Fatal(err)
	}
	read := func() journal.Proof {
		var p journal.Proof
		if err := json.Unmarshal(b, &p); err != nil {
			t.Fatal(err)
		}
		return p
	}
	good := read()
	if err := good.Verify(); err != nil {
		t.Fatal(err)
	}
	other := t.TempDir()
	victim(t, other)
	o := open(t, other)
	add(t, o, "more")
	if err := o.Publish(t.Context()); err != nil {
		t.Fatal(err)
	}
	foreign, err := o.Prove(300)
	if err != nil {
		t.Fatal(err)
	}
	for what, change := range map[string]func(*journal.Proof){
		"index":      func(p *journal.Proof) { p.Index++ },
		"entry":      func(p *journal.Proof) { p.Entry = strings.Replace(p.Entry, "1.42.0", "1.43.0", 1) },
		"hash":       func(p *journal.Proof) { p.Hashes[3][0] ^= 1 },
		"length":     func(p *journal.Proof) { p.Hashes = p.Hashes[1:] },
		"checkpoint": func(p *journal.Proof) { p.Checkpoint = strings.Replace(p.Checkpoint, "\n700\n", "\n699\n", 1) },
		"key":        func(p *journal.Proof) { p.Key = foreign.Key },
		"foreign":    func(p *journal.Proof) { p.Checkpoint, p.Key = foreign.Checkpoint, foreign.Key },
	} {
		p := read()
		if change(&p); p.Verify() == nil {
			t.Errorf("another %s was taken", what)
		}
	}
}

// A journal is verified over HTTP from its tiles, and damage there is found.
func TestVerifyURL(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	victim(t, dir)
	j := open(t, dir)
	server := httptest.NewServer(j.Handler())
	defer server.Close()
	a, err := journal.VerifyURL(t.Context(), server.URL, j.VerifierKey(), journal.VerifyOptions{})
	if err != nil || a.Head != j.Head() {
		t.Fatalf("%+v %v", a, err)
	}
	if _, err := journal.VerifyURL(t.Context(), server.URL, j.VerifierKey(), journal.VerifyOptions{Against: []byte(a.Checkpoint)}); err != nil {
		t.Fatal(err)
	}
	other := open(t, t.TempDir())
	var damage *journal.DamageError
	if _, err := journal.VerifyURL(t.Context(), server.URL, other.VerifierKey(), journal.VerifyOptions{}); !errors.As(err, &damage) || damage.Kind != journal.Unsigned {
		t.Fatalf("another key: %v", err)
	}
	for name, kind := range map[string]journal.Damage{"tile/0/001": journal.BitRot, "tile/1/000.p/2": journal.BitRot, "tile/entries/001": journal.Replaced} {
		path := filepath.Join(dir, name)
		b, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		b[len(b)-9] ^= 1
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
		if _, err := journal.VerifyURL(t.Context(), server.URL, j.VerifierKey(), journal.VerifyOptions{}); !errors.As(err, &damage) || damage.Kind != kind {
			t.Errorf("%s: %v, want %s", name, err, kind)
		}
		b[len(b)-9] ^= 1
		if err := os.WriteFile(path, b, 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

func TestHandler(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	victim(t, dir)
	j := open(t, dir)
	server := httptest.NewServer(j.Handler())
	defer server.Close()
	for path, want := range map[string]struct {
		status        int
		kind, caching string
		size          int
	}{
		"/checkpoint":            {200, "text/plain; charset=utf-8", "no-cache", 0},
		"/tile/0/000":            {200, "application/octet-stream", "public, max-age=31536000, immutable", 256 * 32},
		"/tile/0/002.p/188":      {200, "application/octet-stream", "public, max-age=31536000, immutable", 188 * 32},
		"/tile/0/000.p/3":        {200, "application/octet-stream", "public, max-age=31536000, immutable", 3 * 32},
		"/tile/0/002.p/100":      {200, "application/octet-stream", "public, max-age=31536000, immutable", 100 * 32},
		"/tile/1/000.p/2":        {200, "application/octet-stream", "public, max-age=31536000, immutable", 2 * 32},
		"/tile/0/002.p/189":      {404, "text/plain; charset=utf-8", "", 0},
		"/tile/0/002":            {404, "text/plain; charset=utf-8", "", 0},
		"/tile/0/../../key":      {404, "text/plain; charset=utf-8", "", 0},
		"/tile/0/%2e%2e/key":     {404, "text/plain; charset=utf-8", "", 0},
		"/key":                   {404, "text/plain; charset=utf-8", "", 0},
		"/tile/entries/000.p/0":  {404, "text/plain; charset=utf-8", "", 0},
		"/tile/entries/002.p/10": {200, "application/octet-stream", "public, max-age=31536000, immutable", 0},
	} {
		resp, err := http.Get(server.URL + path)
		if err != nil {
			t.Fatal(err)
		}
		b, err := io.ReadAll(resp.Body)
		_ = resp.Body.Close()
		if err != nil {
			t.Fatal(err)
		}
		if h := resp.Header; resp.StatusCode != want.status || h.Get("Content-Type") != want.kind || h.Get("Cache-Control") != want.caching || (want.size > 0 && len(b) != want.size) {
			t.Errorf("%s: %s %v, %d bytes", path, resp.Status, h, len(b))
		}
		if strings.Contains(string(b), "PRIVATE") {
			t.Fatalf("%s serves the key", path)
		}
	}
}
