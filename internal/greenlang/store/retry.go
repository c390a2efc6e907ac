package store

import (
	"context"
	"errors"
	"io"
	"math/rand/v2"
	"net"
	"strings"
	"time"

	"github.com/jackc/pgx/v5/pgconn"
)

const readOnly = "25006" // read_only_sql_transaction: what a demoted primary says to a write

// errUnconfirmed is a COMMIT that PostgreSQL made without its standby.
var errUnconfirmed = errors.New("committed on the primary only: the wait for the standby was cancelled")

// errRaced is a state that changed between two statements of one attempt.
var errRaced = errors.New("the row changed meanwhile")

// Retryable reports whether err is what a failover makes: the server is going,
// coming, read-only or not to be reached, or did not answer in its time.
// Everything else a repeat cannot mend.
func Retryable(err error) bool {
	if err == nil {
		return false
	}
	if pg, ok := errors.AsType[*pgconn.PgError](err); ok { // first: a refused login is a connect error too
		return retryableState(pg.Code)
	}
	if _, ok := errors.AsType[*pgconn.ConnectError](err); ok {
		return true
	}
	if _, ok := errors.AsType[net.Error](err); ok { // includes a deadline that passed
		return true
	}
	for _, cut := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, pgconn.ErrConnClosed, errUnconfirmed, errRaced} {
		if errors.Is(err, cut) {
			return true
		}
	}
	return pgconn.SafeToRetry(err)
}

func retryableState(code string) bool {
	switch code {
	case readOnly,
		"57P01", // admin_shutdown
		"57P02", // crash_shutdown: another session's crash took ours along
		"57P03", // cannot_connect_now: starting, stopping, recovering
		"53300": // too_many_connections: everybody comes back at once
		return true
	}
	return strings.HasPrefix(code, "08") // connection exceptions
}

// Misconfigured reports whether err means that PostgreSQL is well and this
// instance is not: it was refused for its login, its database or its schema.
func Misconfigured(err error) bool {
	pg, ok := errors.AsType[*pgconn.PgError](err)
	if !ok {
		return false
	}
	switch pg.Code {
	case "3D000", "42P01", "42501": // no such database, no such table, no right to it
		return true
	}
	return strings.HasPrefix(pg.Code, "28") // login refused
}

const (
	backoffFirst = 10 * time.Millisecond
	backoffMost  = 100 * time.Millisecond
)

// Backoff is the wait after the failed attempt n, counted from 0: doubling from
// 10 ms to 100 ms, of which a random part between half and all is waited, so
// that instances do not come back in step. random is in [0, 1).
func Backoff(n int, random float64) time.Duration {
	d := min(backoffFirst<<min(n, 10), backoffMost)
	return d/2 + time.Duration(random*float64(d/2))
}

// pause waits the backoff after attempt n, or until the context ends.
func pause(ctx context.Context, n int) error {
	t := time.NewTimer(Backoff(n, rand.Float64()))
	defer t.Stop()
	select {
	case <-t.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
