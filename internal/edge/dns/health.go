package dns

import (
	"context"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/decide"
	"github.com/greenlang/fournines/internal/edge/event"
	"github.com/greenlang/fournines/internal/probe/outcome"
)

// The rhythm of the probes: a region that refuses leaves the answers within about 2 s, one
// that is silent within about 5 s.
const (
	probeEvery   = time.Second
	probeAgain   = 500 * time.Millisecond // while in doubt
	probeTimeout = time.Second
	probeFall    = 3
	probeRise    = 2
)

// watch is one region under probes.
type watch struct {
	region config.DNSRegion
	stop   context.CancelFunc
	done   chan struct{}

	mu     sync.Mutex // guards what follows
	health *decide.Health
	err    string // of the last look that told something
	blind  string // why the edge itself could not look the last time
}

func (s *Server) newWatch(r config.DNSRegion) *watch {
	ctx, cancel := context.WithCancel(context.Background())
	policy := decide.ProbePolicy{Every: probeEvery, Reprobe: probeAgain, Rise: probeRise, Fall: probeFall}
	w := &watch{region: r, stop: cancel, done: make(chan struct{}), health: decide.NewHealth(policy, s.opt.Now())}
	go func() {
		defer close(w.done)
		for ctx.Err() == nil {
			err := s.opt.Probe(ctx, r.Probe, r.Path, probeTimeout)
			if ctx.Err() != nil {
				return
			}
			s.observe(w, err)
			w.mu.Lock()
			wait := w.health.Next(unit(s.opt.Rand()))
			w.mu.Unlock()
			t := time.NewTimer(wait)
			select {
			case <-t.C:
			case <-ctx.Done():
				t.Stop()
			}
		}
	}()
	return w
}

// observe takes the answer of one probe, and tells when a region leaves or returns.
func (s *Server) observe(w *watch, err error) {
	now := s.opt.Now()
	s.opt.Descriptors.Saw(err)
	w.mu.Lock()
	w.blind = ""
	if outcome.Local(err) {
		w.blind = err.Error()
		w.health.Blind(now)
		w.mu.Unlock()
		return
	}
	w.err = ""
	if err != nil {
		w.err = err.Error()
	}
	changed, detail := w.health.Observe(err == nil, now), w.err
	up, _ := w.health.Up()
	w.mu.Unlock()
	if !changed {
		return
	}
	s.remake(nil)
	kind := event.RegionDown
	if up {
		kind = event.RegionUp
	}
	s.opt.Events(event.Event{At: now, Kind: kind, Service: "dns", Subject: w.region.Name, Detail: detail})
}

// up tells whether a region's probes succeed; one that nobody probes is up.
func (s *Server) up(region string) bool {
	w, ok := (*s.watches.Load())[region]
	if !ok {
		return true
	}
	w.mu.Lock()
	defer w.mu.Unlock()
	up, _ := w.health.Up()
	return up
}

// rewatch probes what c names, and goes on with what is probed already.
func (s *Server) rewatch(c config.DNS) {
	old, next := *s.watches.Load(), map[string]*watch{}
	for _, r := range c.Regions {
		w, ok := old[r.Name]
		switch {
		case r.Probe == "":
		case ok && w.region.Probe == r.Probe && w.region.Path == r.Path:
			next[r.Name] = w
		default:
			next[r.Name] = s.newWatch(r)
		}
	}
	s.watches.Store(&next)
	for name, w := range old {
		if next[name] != w {
			w.stop()
			<-w.done
		}
	}
}
