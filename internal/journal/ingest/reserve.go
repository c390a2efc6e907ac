package ingest

import (
	"context"
	"time"
)

// reserve waits until no other batch with one of these ids is inside, so that each finds
// what the other has recorded.
func (s *Service) reserve(ctx context.Context, b *batch) (release func(), err error) {
	for {
		s.mu.Lock()
		busy := s.busy(b)
		if busy == nil {
			break // with the lock
		}
		s.mu.Unlock()
		select {
		case <-busy:
		case <-ctx.Done():
			return nil, later(time.Second, "another batch with the same events is being recorded: %w", ctx.Err())
		}
	}
	defer s.mu.Unlock()
	done := make(chan struct{})
	for _, h := range b.hashes {
		s.pending[h] = done
	}
	s.low[b] = s.o.Journal.Head().Size
	return func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		for _, h := range b.hashes {
			delete(s.pending, h)
		}
		delete(s.low, b)
		close(done)
	}, nil
}

func (s *Service) busy(b *batch) chan struct{} {
	for _, h := range b.hashes {
		if c, ok := s.pending[h]; ok {
			return c
		}
	}
	return nil
}

// settled is the index below which every event is in the index of ids.
func (s *Service) settled(except *batch) uint64 {
	size := s.o.Journal.Head().Size
	s.mu.Lock()
	defer s.mu.Unlock()
	for b, low := range s.low {
		if b != except {
			size = min(size, low)
		}
	}
	return size
}
