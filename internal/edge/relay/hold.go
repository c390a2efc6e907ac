package relay

import (
	"time"

	"github.com/greenlang/fournines/internal/edge/event"
)

// maxHold bounds every hold: clients that wait longer than this give up anyway.
const maxHold = time.Minute

// Hold makes new sessions and the next statements of idle ones wait until
// Release, or until limit (at most a minute) has passed. Holding again extends
// the hold.
func (s *Service) Hold(limit time.Duration) {
	limit = min(max(limit, 0), maxHold)
	s.mu.Lock()
	s.holdID++
	id := s.holdID
	s.held.Store(true)
	s.heldUntil = time.Now().Add(limit)
	s.mu.Unlock()
	s.deps.Events(event.Event{At: s.deps.Now(), Kind: event.HoldBegan, Service: s.spec.Name, Detail: "for at most " + limit.String()})
	time.AfterFunc(limit, func() { s.release(id, "its time is over") })
}

// Release ends the hold; without one it does nothing.
func (s *Service) Release() {
	s.mu.Lock()
	id := s.holdID
	s.mu.Unlock()
	s.release(id, "released")
}

func (s *Service) release(id uint64, why string) {
	s.mu.Lock()
	ends := s.held.Load() && s.holdID == id
	if ends {
		s.held.Store(false)
		s.broadcast()
	}
	s.mu.Unlock()
	if ends {
		s.deps.Events(event.Event{At: s.deps.Now(), Kind: event.HoldEnded, Service: s.spec.Name, Detail: why})
	}
}

// watch returns a channel that closes with the next change.
func (s *Service) watch() <-chan struct{} {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.changed
}
