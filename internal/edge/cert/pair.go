package cert

import (
	"crypto/tls"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
	"time"
)

// Files name one certificate with its chain, and its key, both in PEM. They may be the
// same file, so that both can be exchanged in one step.
type Files struct{ Cert, Key string }

// State is what is known of one certificate. It holds no key.
type State struct {
	File     string    `json:"file"`
	Names    []string  `json:"names,omitempty"`
	NotAfter time.Time `json:"notAfter,omitzero"`
	// Error says why the files as they are now are not used; an older certificate may
	// still be in use.
	Error string `json:"error,omitempty"`
}

// pair is one certificate in use, and the files it came from.
type pair struct {
	files Files
	seen  string // what the files looked like when they were last read
	cert  *tls.Certificate
	err   error
}

// look reads the files if they have changed. The result is another pair, so that
// handshakes may use the old one; changed says whether it differs.
func (p pair) look(now time.Time) (next pair, changed bool) {
	seen := fingerprint(p.files.Cert) + fingerprint(p.files.Key)
	if seen == p.seen {
		return p, false
	}
	p.seen = seen
	cert, err := read(p.files, now)
	if p.err = err; err == nil {
		p.cert = cert
	}
	return p, true
}

// fingerprint changes when a file is exchanged or written.
func fingerprint(path string) string {
	info, err := os.Stat(path)
	if err != nil {
		return "missing "
	}
	inode := uint64(0)
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		inode = s.Ino
	}
	return fmt.Sprintf("%d %d %d ", inode, info.ModTime().UnixNano(), info.Size())
}

// read reads a pair and refuses one that no client could use.
func read(f Files, now time.Time) (*tls.Certificate, error) {
	cert, err := tls.LoadX509KeyPair(f.Cert, f.Key)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("load certificate: %w; put the file there; the edge looks for it every few seconds", err)
	}
	if err != nil {
		return nil, fmt.Errorf("load certificate %s with key %s: %w; put a matching pair in PEM there", f.Cert, f.Key, err)
	}
	if leaf := cert.Leaf; now.After(leaf.NotAfter) {
		return nil, fmt.Errorf("load certificate %s: it ended on %s; renew it", f.Cert, leaf.NotAfter.UTC().Format(time.RFC3339))
	}
	return &cert, nil
}

func (p pair) state() State {
	s := State{File: p.files.Cert}
	if p.cert != nil {
		s.Names, s.NotAfter = p.cert.Leaf.DNSNames, p.cert.Leaf.NotAfter
	}
	if p.err != nil {
		s.Error = p.err.Error()
	}
	return s
}
