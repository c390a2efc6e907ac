// Package postgres speaks to one PostgreSQL server directly: probes through new
// connections, and reads that verify an effect from outside (rows 7.1.4, 7.1.8).
package postgres

import (
	"context"
	"errors"
	"fmt"
	"net"
	"strings"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/greenlang/fournines/internal/fact"
)

// Prober writes a heartbeat through a new connection each time, as one observer.
type Prober struct {
	Observer string
	User     string
	Password string
	Database string
}

// Probe connects anew to address, asks whether the server is in recovery and can store more
// than it has, and on a primary commits a heartbeat. The outcome is about connecting, asking
// and storing only: a write that hangs, for want of a synchronous standby for example, accuses
// nobody. It gives up when nothing moves for silence, however long it takes as a whole.
func (p Prober) Probe(ctx context.Context, address string, silence time.Duration) fact.ProbeResult {
	began := time.Now()
	var heard atomic.Bool
	why, err := p.ask(ctx, address, silence, &heard)
	var refusal *pgconn.PgError
	switch {
	case errors.As(err, &refusal) && cannotStore(refusal):
		return fact.ProbeResult{Outcome: fact.Full, Error: address + " says " + refusal.Error()}
	case errors.As(err, &refusal):
		return fact.ProbeResult{Outcome: fact.Refuses, Error: address + " says " + refusal.Error()}
	case err != nil:
		return fact.ProbeResult{Outcome: outcome(ctx, err, heard.Load(), time.Since(began) >= silence), Error: err.Error()}
	}
	if why != nil && !errors.Is(why, errStandby) {
		return fact.ProbeResult{Outcome: fact.Serves, Error: why.Error()}
	}
	return fact.ProbeResult{Outcome: fact.Serves, Writable: why == nil}
}

// errStandby says that a server is in recovery, and takes no writes for that.
var errStandby = errors.New("it is in recovery")

// ask connects and asks. why says why no write was committed; nil: one was.
func (p Prober) ask(ctx context.Context, address string, silence time.Duration, heard *atomic.Bool) (why, err error) {
	conn, err := p.connect(ctx, address, silence, heard)
	if err != nil {
		return nil, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // the answer is known
	var recovery bool
	if err := conn.QueryRow(ctx, spill).Scan(&recovery, new(int)); err != nil {
		return nil, fmt.Errorf("ask %s for its role: %w", address, err)
	}
	if recovery {
		return errStandby, nil
	}
	_, why = conn.Exec(ctx, "INSERT INTO fournines.heartbeat VALUES ($1, now()) ON CONFLICT (observer) DO UPDATE SET at = EXCLUDED.at", p.Observer)
	var refusal *pgconn.PgError
	if errors.As(why, &refusal) && cannotStore(refusal) {
		return nil, fmt.Errorf("write to %s: %w", address, why)
	}
	if why != nil {
		why = fmt.Errorf("write to %s: %w", address, why)
	}
	return why, nil
}

// spill asks for the server's role along rows that do not fit into spillMemory, so that the
// server writes some 100 kB beside its tables. A heartbeat overwrites one row and needs no room: on a full disk
// it succeeds while every table that grows fails. A standby can spill as well, and nothing is
// left of it.
const (
	spill       = "SELECT pg_is_in_recovery(), count(*) FROM generate_series(1, 5000)"
	spillMemory = "64kB" // the least that the server allows
)

// cannotStore tells whether the server says that its disk takes nothing: it is full (53100),
// broken (58030), or read-only, which has no code of its own.
func cannotStore(e *pgconn.PgError) bool {
	return e.Code == "53100" || e.Code == "58030" || strings.Contains(e.Message, "Read-only file system")
}

func (p Prober) connect(ctx context.Context, address string, silence time.Duration, heard *atomic.Bool) (*pgx.Conn, error) {
	config, err := pgx.ParseConfig("postgres://" + address + "/?sslmode=disable&application_name=fournines-probe&default_query_exec_mode=simple_protocol")
	if err != nil {
		return nil, fmt.Errorf("probe %s: %w", address, err)
	}
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		return dial(ctx, network, address, silence, heard)
	}
	config.RuntimeParams["work_mem"] = spillMemory
	config.User, config.Password, config.Database = p.User, p.Password, p.Database
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return nil, fmt.Errorf("connect to %s: %w", address, err)
	}
	return conn, nil
}

const newestHeartbeat = "SELECT max(at) FROM fournines.heartbeat"

// Newest returns when the newest heartbeat was written that the server at address has. On
// a standby that is how far its copy reaches, as time; without any it is zero.
func (p Prober) Newest(ctx context.Context, address string, silence time.Duration) (time.Time, error) {
	conn, err := p.connect(ctx, address, silence, new(atomic.Bool))
	if err != nil {
		return time.Time{}, err
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // the answer is known
	var at *time.Time
	if err := conn.QueryRow(ctx, newestHeartbeat).Scan(&at); err != nil {
		return time.Time{}, fmt.Errorf("ask %s for its newest heartbeat: %w", address, err)
	}
	if at == nil {
		return time.Time{}, nil
	}
	return *at, nil
}
