package cert

import (
	"crypto/tls"
	"errors"
	"strings"
	"sync"
	"sync/atomic"
	"time"
)

// every is how often the files are looked at: two calls of the kernel for each.
const every = 5 * time.Second

// Store holds the certificates of an edge. All methods are safe for concurrent use.
type Store struct {
	now    func() time.Time
	report func(State)
	table  atomic.Pointer[table]

	mu    sync.Mutex
	pairs []pair
	stop  chan struct{}
}

// NewStore returns an empty store. report is told of every certificate that is taken or
// refused; it must not call back.
func NewStore(now func() time.Time, report func(State)) *Store {
	s := &Store{now: now, report: report}
	s.table.Store(&table{})
	return s
}

// Use makes the store serve these files; those it has already keep their certificates.
// The first is for clients that name nobody it knows. Without files it serves none.
func (s *Store) Use(files []Files) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var next []pair
	for _, f := range files {
		p := pair{files: f}
		for _, old := range s.pairs {
			if old.files == f {
				p = old
			}
		}
		next = append(next, p)
	}
	s.pairs = next
	s.look()
	switch {
	case len(files) > 0 && s.stop == nil:
		s.stop = make(chan struct{})
		go s.watch(s.stop)
	case len(files) == 0 && s.stop != nil:
		close(s.stop)
		s.stop = nil
	}
}

// Look reads the files that have changed, now.
func (s *Store) Look() {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.look()
}

func (s *Store) look() {
	t := &table{names: map[string][]*tls.Certificate{}}
	for i := range s.pairs {
		p, changed := s.pairs[i].look(s.now())
		if changed {
			s.pairs[i] = p
			s.report(p.state())
		}
		t.add(p.cert)
	}
	s.table.Store(t)
}

func (s *Store) watch(stop chan struct{}) {
	tick := time.NewTicker(every)
	defer tick.Stop()
	for {
		select {
		case <-stop:
			return
		case <-tick.C:
			s.Look()
		}
	}
}

// States returns what is known of every certificate.
func (s *Store) States() (out []State) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, p := range s.pairs {
		out = append(out, p.state())
	}
	return out
}

// table finds certificates by name; it does not change.
type table struct {
	names map[string][]*tls.Certificate // in lower case, with wildcards
	first []*tls.Certificate
}

func (t *table) add(c *tls.Certificate) {
	if c == nil {
		return
	}
	t.first = append(t.first, c)
	for _, name := range c.Leaf.DNSNames {
		name = strings.ToLower(name)
		t.names[name] = append(t.names[name], c)
	}
}

var errNone = errors.New("the edge has no certificate: see its report for why")

// get chooses for a client: by its whole name, by a wildcard, or the first; of several
// one whose kind of key the client knows.
func (t *table) get(hello *tls.ClientHelloInfo) (*tls.Certificate, error) {
	name := strings.ToLower(strings.TrimSuffix(hello.ServerName, "."))
	choice := t.names[name]
	if len(choice) == 0 {
		if _, parent, ok := strings.Cut(name, "."); ok {
			choice = t.names["*."+parent]
		}
	}
	if len(choice) == 0 {
		choice = t.first
	}
	for _, c := range choice {
		if len(choice) == 1 || hello.SupportsCertificate(c) == nil {
			return c, nil
		}
	}
	if len(choice) == 0 {
		return nil, errNone
	}
	return choice[0], nil
}
