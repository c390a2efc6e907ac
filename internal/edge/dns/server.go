package dns

import (
	"context"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/greenlang/fournines/internal/descriptor"
	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/event"
)

// Options are what a server needs from outside. All fields but Descriptors are required.
type Options struct {
	Now    func() time.Time
	Rand   func() uint64
	Events func(event.Event)
	Probe  Probe
	Logger *slog.Logger
	// Descriptors is told of every error for the lack of one; nil: nobody is.
	Descriptors *descriptor.Gauge
}

// Probe asks whether a region's edge is there.
type Probe func(ctx context.Context, address, path string, timeout time.Duration) error

// Server answers questions about one zone. All methods are safe for concurrent use.
type Server struct {
	opt     Options
	zone    atomic.Pointer[zone]
	limit   atomic.Pointer[limit]
	watches atomic.Pointer[map[string]*watch]
	counts  counts

	mu    sync.Mutex // guards what follows
	conf  config.DNS
	doors map[string]*door // by address

	making  sync.Mutex // guards what follows, and the order of zones
	wanted  *config.DNS
	tallies map[string]*tallies // by region
}

// State is what the server knows: plain JSON data.
type State struct {
	Listen   []string          `json:"listen"`
	Regions  []RegionState     `json:"regions"`
	Queries  uint64            `json:"queries"`            // messages since it began
	Outcomes map[string]uint64 `json:"outcomes,omitempty"` // what became of them, by the words of [Outcome]
	FailOpen string            `json:"failOpen,omitempty"` // why clients are sent to regions that look dead or are switched off
}

// RegionState is one region as the answers see it.
type RegionState struct {
	Name    string    `json:"name"`
	Open    bool      `json:"open"`
	Up      bool      `json:"up"`
	Since   time.Time `json:"since,omitzero"`
	Error   string    `json:"error,omitempty"`   // of the last probe
	Blind   string    `json:"blind,omitempty"`   // why the edge itself could not look the last time: it says nothing of the region
	Answers uint64    `json:"answers,omitempty"` // that named it first
}

// New returns a server that does nothing yet.
func New(o Options) *Server {
	s := &Server{opt: o, doors: map[string]*door{}, tallies: map[string]*tallies{}}
	s.watches.Store(&map[string]*watch{})
	s.limit.Store(newLimit(0))
	return s
}

// Apply makes the server answer by c at once; the sockets that both have stay open. When
// an address cannot be bound nothing changes.
func (s *Server) Apply(c config.DNS) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	fresh := map[string]*door{}
	for _, l := range c.Listen {
		if s.doors[l] != nil {
			continue
		}
		d, err := open(l)
		if err != nil {
			for _, opened := range fresh {
				opened.close()
			}
			return fmt.Errorf("bind name server on %s: %w; free the address or change it in the configuration", l, err)
		}
		fresh[l] = d
	}
	if c.Limit != s.conf.Limit {
		s.limit.Store(newLimit(c.Limit))
	}
	s.conf = c
	s.rewatch(c)
	s.remake(&c)
	for l, d := range fresh {
		s.doors[l] = d
		d.serve(s)
	}
	for l, d := range s.doors {
		if !slices.Contains(c.Listen, l) {
			d.close()
			delete(s.doors, l)
		}
	}
	return nil
}

// Stop closes the sockets and ends the probes. A second Stop does nothing.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	for l, d := range s.doors {
		d.close()
		delete(s.doors, l)
	}
	s.rewatch(config.DNS{})
}

// remake makes all answers anew, by another configuration or, with nil, another health.
func (s *Server) remake(c *config.DNS) {
	s.making.Lock()
	defer s.making.Unlock()
	if c != nil {
		s.wanted = c
	}
	if s.wanted == nil {
		return
	}
	s.zone.Store(newZone(s.wanted, s.up, func(region string) *tallies {
		if s.tallies[region] == nil {
			s.tallies[region] = &tallies{}
		}
		return s.tallies[region]
	}))
}

// State returns what the server knows now.
func (s *Server) State() State {
	s.mu.Lock()
	defer s.mu.Unlock()
	out := State{Listen: s.conf.Listen, Outcomes: s.counts.words()}
	for _, n := range out.Outcomes {
		out.Queries += n
	}
	if z := s.zone.Load(); z != nil {
		out.FailOpen = z.open
	}
	s.making.Lock()
	defer s.making.Unlock()
	watches := *s.watches.Load()
	for _, r := range s.conf.Regions {
		x := RegionState{Name: r.Name, Open: r.Open, Up: true}
		if w := watches[r.Name]; w != nil {
			w.mu.Lock()
			x.Up, x.Since = w.health.Up()
			x.Error, x.Blind = w.err, w.blind
			w.mu.Unlock()
		}
		if t := s.tallies[r.Name]; t != nil {
			x.Answers = t.answers.Load()
		}
		out.Regions = append(out.Regions, x)
	}
	return out
}
