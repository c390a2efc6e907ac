package store

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/jackc/pgx/v5/pgxpool"
)

// work is one attempt at a request, on a connection of its own. It must be safe
// to repeat when the outcome of an earlier attempt is unknown.
type work func(context.Context, *pgxpool.Conn) error

// do attempts w until it succeeds, fails for good, or the context ends. What
// failed for want of PostgreSQL is an *Unavailable.
func (s *Store) do(ctx context.Context, what string, w work) error {
	for n := 0; ; n++ {
		err := s.once(ctx, w)
		if err == nil {
			return nil
		}
		if !Retryable(err) {
			return fmt.Errorf("%s: %w", what, err)
		}
		if pause(ctx, n) != nil {
			if errors.Is(ctx.Err(), context.Canceled) { // the caller left; nobody was unavailable
				return fmt.Errorf("%s: %w", what, ctx.Err())
			}
			return &Unavailable{What: what, Attempts: n + 1, Cause: err}
		}
	}
}

// once makes one attempt, within the attempt's own timeout.
func (s *Store) once(ctx context.Context, w work) error {
	err := s.acquired(ctx, w)
	switch {
	case ctx.Err() == context.Canceled || errors.Is(err, context.Canceled): // says nothing about PostgreSQL
	case errors.Is(err, errRaced), !Retryable(err) && !Misconfigured(err):
		s.options.Observe(nil) // it answered
	default:
		s.options.Observe(err)
	}
	return err
}

func (s *Store) acquired(ctx context.Context, w work) error {
	ctx, cancel := context.WithTimeout(ctx, s.options.AttemptTimeout)
	defer cancel()
	c, err := s.pool.Acquire(ctx)
	if err != nil {
		return err
	}
	defer c.Release()
	err = w(ctx, c)
	if c.Conn().PgConn().CustomData()[unreplicated] != nil {
		err = errUnconfirmed
	}
	if Retryable(err) && !errors.Is(err, errRaced) {
		s.discard(c)
	}
	return err
}

// discard closes a connection that a failover made useless, and has the idle
// ones made anew: they lead to where this one led.
func (s *Store) discard(c *pgxpool.Conn) {
	ctx, cancel := context.WithTimeout(context.Background(), 50*time.Millisecond)
	defer cancel()
	_ = c.Conn().Close(ctx) // it is being thrown away; that it could not even say goodbye changes nothing
	if s.renewal.due(time.Now()) {
		s.pool.Reset()
	}
}

// renewal limits how often a pool is renewed: a burst of failures, all from one
// cause, must not throw away the good connections made after it.
type renewal struct {
	mu   sync.Mutex
	last time.Time
}

const renewalInterval = 500 * time.Millisecond

func (r *renewal) due(now time.Time) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if now.Sub(r.last) < renewalInterval {
		return false
	}
	r.last = now
	return true
}
