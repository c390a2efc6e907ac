package relay

import (
	"fmt"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"github.com/greenlang/fournines/internal/descriptor"
	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/event"
)

// Deps is what a service needs from outside. All fields but Descriptors are required.
type Deps struct {
	Now    func() time.Time
	Rand   func() uint64
	Events func(event.Event)
	Logger *slog.Logger
	// Descriptors is told of every error for the lack of one; nil: nobody is.
	Descriptors *descriptor.Gauge
}

// Service relays the sessions of one address to the leader of its members.
type Service struct {
	spec     config.TCPService
	deps     Deps
	follower *follower
	seats    *seats
	count    counters

	mu        sync.Mutex
	changed   chan struct{} // closed and replaced when leader or hold change
	sessions  map[*session]struct{}
	closed    bool
	retired   bool // closes by itself after its last session
	holdID    uint64
	held      atomic.Bool // written under mu
	heldUntil time.Time
	running   sync.WaitGroup
}

type counters struct {
	opened, refused, cut, heldSessions, toServer, toClient, waiting atomic.Int64
}

// New returns a service that follows the leader from now on. It takes over what
// a predecessor (nil: none) knows: the fences, which must outlast a new
// configuration, the highest term, a hold that is on, and the sessions that are open.
func New(spec config.TCPService, deps Deps, old *Service) *Service {
	s := &Service{spec: spec, deps: deps, changed: make(chan struct{}), sessions: map[*session]struct{}{}, seats: newSeats()}
	s.follower = newFollower(spec, deps, s.leaderChanged)
	if old != nil {
		s.inherit(old)
	}
	s.seats.bound(spec.Policy)
	s.follower.start()
	return s
}

// Spec returns what the service serves.
func (s *Service) Spec() config.TCPService { return s.spec }

// Handle relays one client's connection until it ends, and closes it.
func (s *Service) Handle(conn net.Conn) {
	t, ok := s.seats.arrive(client(conn))
	if !ok {
		s.crowded(conn)
		conn.Close()
		return
	}
	defer t.move(away)
	n := newSession(s, conn, t)
	s.mu.Lock()
	if s.closed {
		s.mu.Unlock()
		conn.Close()
		return
	}
	s.sessions[n] = struct{}{}
	s.running.Add(1)
	s.mu.Unlock()
	s.count.opened.Add(1)
	defer s.running.Done()
	defer s.forget(n)
	n.run()
}

// client returns the address of who connects, without its port.
func client(conn net.Conn) string {
	host, _, err := net.SplitHostPort(conn.RemoteAddr().String())
	if err != nil {
		return ""
	}
	return host
}

func (s *Service) forget(n *session) {
	s.mu.Lock()
	delete(s.sessions, n)
	last := s.retired && len(s.sessions) == 0
	s.mu.Unlock()
	if last {
		go s.Close()
	}
}

// Retire lets the present sessions go on, followed as before, and closes the
// service after the last; a successor takes the new ones.
func (s *Service) Retire() {
	s.mu.Lock()
	s.retired = true
	last := len(s.sessions) == 0
	s.mu.Unlock()
	if last {
		s.Close()
	}
}

// Close ends all sessions and stops following. It may be called twice.
func (s *Service) Close() {
	s.mu.Lock()
	again := s.closed
	s.closed = true
	s.broadcast()
	s.mu.Unlock()
	if again {
		return
	}
	s.cutAll("", "the edge stops serving this address")
	s.follower.close()
	s.running.Wait()
}

// Cut drops all sessions to a member now and refuses it until it leads with a
// higher term, or until Uncut. When Cut returns nothing more is forwarded to
// the member. It returns the number of sessions dropped.
func (s *Service) Cut(member, reason string) (closed int, err error) {
	if !s.has(member) {
		return 0, fmt.Errorf("cut sessions: service %q has no member %q", s.spec.Name, member)
	}
	s.deps.Events(event.Event{At: s.deps.Now(), Kind: event.Fenced, Service: s.spec.Name, Subject: member, Detail: reason})
	led, to, term := s.follower.fence(member)
	n := s.cutAll(member, reason)
	if led {
		s.leaderChanged(member, to, term)
	}
	return n, nil
}

// Uncut ends the fence of a member.
func (s *Service) Uncut(member string) error {
	if !s.has(member) {
		return fmt.Errorf("lift fence: service %q has no member %q", s.spec.Name, member)
	}
	s.follower.lift(member)
	s.deps.Events(event.Event{At: s.deps.Now(), Kind: event.FenceLifted, Service: s.spec.Name, Subject: member})
	return nil
}

func (s *Service) has(member string) bool {
	for _, m := range s.spec.Members {
		if m.Name == member {
			return true
		}
	}
	return false
}

// leaderChanged ends the sessions of a leader that is one no longer.
func (s *Service) leaderChanged(from, to string, term uint64) {
	e := event.Event{At: s.deps.Now(), Kind: event.LeaderChanged, Service: s.spec.Name, Subject: to,
		Detail: fmt.Sprintf("term %d, before %q", term, from)}
	if to == "" {
		e.Kind, e.Subject, e.Detail = event.LeaderLost, from, "it no longer leads and nobody else does yet"
	}
	s.deps.Events(e)
	if from != "" && from != to {
		s.cutAll(from, "the leader has changed")
	}
	s.mu.Lock()
	s.broadcast()
	s.mu.Unlock()
}

// cutAll ends the sessions to a member, or all with "", and returns how many.
func (s *Service) cutAll(member, reason string) (n int) {
	s.mu.Lock()
	for session := range s.sessions {
		if session.end(member, reason) {
			n++
		}
	}
	s.count.cut.Add(int64(n))
	s.mu.Unlock()
	if n > 0 {
		s.deps.Events(event.Event{At: s.deps.Now(), Kind: event.SessionsCut, Service: s.spec.Name, Subject: member, Detail: reason, Count: n})
	}
	return n
}

// broadcast wakes everyone who waits for a leader or a release; callers hold
// the lock.
func (s *Service) broadcast() {
	close(s.changed)
	s.changed = make(chan struct{})
}

// Closed says whether the service has ended.
func (s *Service) Closed() bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.closed
}

func (s *Service) inherit(old *Service) {
	old.follower.mu.Lock()
	s.follower.lead = old.follower.lead.Successor()
	old.follower.mu.Unlock()
	s.seats = old.seats
	old.mu.Lock()
	held, until := old.held.Load(), old.heldUntil
	old.mu.Unlock()
	if held {
		s.Hold(time.Until(until))
	}
}
