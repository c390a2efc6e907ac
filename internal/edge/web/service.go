package web

import (
	"log/slog"
	"net/http"
	"net/http/httputil"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/greenlang/fournines/internal/descriptor"
	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/decide"
	"github.com/greenlang/fournines/internal/edge/event"
	"github.com/greenlang/fournines/internal/edge/tally"
)

// Deps is what a service needs from outside. All fields but Descriptors are required.
type Deps struct {
	Now    func() time.Time
	Rand   func() uint64
	Events func(event.Event)
	Tally  *tally.Tally
	Logger *slog.Logger
	// Descriptors is told of every error for the lack of one; nil: nobody is.
	Descriptors *descriptor.Gauge
}

// Service balances the requests of one address over its targets. It is an
// http.Handler; Update changes it while it serves.
type Service struct {
	deps      Deps
	name      string
	label     string // in the counters: the name before @
	region    string // that sends on
	shape     atomic.Pointer[shape]
	panicking atomic.Bool

	budgetLock sync.Mutex
	budget     *decide.Budget

	buffers   *bufferPool
	transport *http.Transport
	proxy     *httputil.ReverseProxy

	update sync.Mutex // serialises Update and Close
	closed bool
}

// shape is what a service serves at one moment; it does not change.
type shape struct {
	spec    config.HTTPService
	policy  policy
	targets []*target
	cells   int
	header  string
}

// Where names the customers' cells: their number and the header they follow
// from.
type Where struct {
	Cells  int
	Header string
	Region string // the edge's own
}

// New returns a service that serves and probes its targets.
func New(spec config.HTTPService, where Where, deps Deps) *Service {
	label, _, _ := strings.Cut(spec.Name, "@")
	s := &Service{deps: deps, name: spec.Name, label: label, region: where.Region, buffers: newBufferPool()}
	s.transport = s.newTransport()
	s.proxy = s.newProxy()
	s.Update(spec, where)
	return s
}

// Update switches to another specification. Targets that keep their name,
// address and policy keep their state; requests under way are not touched.
func (s *Service) Update(spec config.HTTPService, where Where) {
	s.update.Lock()
	defer s.update.Unlock()
	if s.closed {
		return
	}
	now := s.deps.Now()
	next := &shape{spec: spec, policy: fill(spec.Policy), cells: where.Cells, header: canonical(where.Header)}
	old := s.shape.Load()
	for _, c := range spec.Targets {
		t := old.find(c, spec.Remote, next.policy)
		if t == nil {
			t = newTarget(spec, c, next.policy, now, s.deps.Events)
			s.watch(t, next.policy)
		}
		t.configure(c)
		next.targets = append(next.targets, t)
	}
	if old == nil || old.policy.percent != next.policy.percent || old.policy.floor != next.policy.floor {
		s.budgetLock.Lock()
		s.budget = decide.NewBudget(next.policy.percent, next.policy.floor, now)
		s.budgetLock.Unlock()
	}
	s.shape.Store(next)
	old.retire(next)
}

// Close stops the probes and drops unused connections. Requests under way
// finish.
func (s *Service) Close() {
	s.update.Lock()
	defer s.update.Unlock()
	if s.closed {
		return
	}
	s.closed = true
	s.shape.Load().retire(&shape{})
	s.transport.CloseIdleConnections()
}

// find returns the target that goes on under the new policy.
func (h *shape) find(c config.Target, remote string, p policy) *target {
	if h == nil || h.policy.probe != p.probe || h.policy.probeTimeout != p.probeTimeout ||
		h.policy.failures != p.failures || h.policy.cooldown != p.cooldown || h.policy.connect != p.connect {
		return nil
	}
	for _, t := range h.targets {
		if t.name == c.Name && t.address == c.Address && t.remote == remote {
			return t
		}
	}
	return nil
}

// retire ends what the next shape no longer has.
func (h *shape) retire(next *shape) {
	if h == nil {
		return
	}
	for _, t := range h.targets {
		if !next.has(t) {
			t.stop()
			<-t.done
			t.pool.Close()
		}
	}
}

func (h *shape) has(t *target) bool {
	return slices.Contains(h.targets, t)
}
