package probe

import (
	"context"
	"sync/atomic"
	"time"
)

// Standstill notices that this very process stood still: frozen, or starved of the
// processor. What was observed meanwhile says nothing about anybody else. The zero value
// is ready.
type Standstill struct {
	last atomic.Int64 // end of the newest standstill, nanoseconds since 1970; 0: none
}

const (
	beat    = 100 * time.Millisecond
	tooLate = 300 * time.Millisecond // a beat that comes later than this was a standstill
)

// Watch notices standstills until ctx ends.
func (s *Standstill) Watch(ctx context.Context) {
	t := time.NewTicker(beat)
	defer t.Stop()
	for last := time.Now(); ; {
		select {
		case <-ctx.Done():
			return
		case <-t.C:
		}
		now := time.Now()
		if now.Sub(last) > tooLate {
			s.last.Store(now.UnixNano())
		}
		last = now
	}
}

// Since tells whether the process has stood still after t.
func (s *Standstill) Since(t time.Time) bool { return s.last.Load() > t.UnixNano() }
