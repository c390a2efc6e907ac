package store

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Store is the registry in one PostgreSQL. Its methods may be called
// concurrently; each obeys the deadline of its context and retries within it.
type Store struct {
	pool    *pgxpool.Pool
	options Options
	renewal renewal
	secrets secrets
}

// Open prepares a Store. It does not connect: an instance starts, and is healthy
// itself, while PostgreSQL is away. Close it after use.
func Open(o Options) (*Store, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	config, err := pgxpool.ParseConfig(o.url())
	if err != nil {
		return nil, fmt.Errorf("configure postgres: %w", err)
	}
	configure(config, o)
	pool, err := pgxpool.NewWithConfig(context.Background(), config)
	if err != nil {
		return nil, fmt.Errorf("open postgres pool: %w", err)
	}
	return &Store{pool: pool, options: o}, nil
}

func configure(c *pgxpool.Config, o Options) {
	c.MaxConns, c.MinConns = o.MaxConns, 0
	c.MaxConnLifetime = 10 * time.Minute // so that load comes back to a listener that was replaced
	c.MaxConnLifetimeJitter = 2 * time.Minute
	c.MaxConnIdleTime = 2 * time.Minute
	c.HealthCheckPeriod = 5 * time.Second
	c.PingTimeout = 500 * time.Millisecond // idle connections are pinged before use, by the pool's default after 1 s
	c.ConnConfig.ConnectTimeout = o.ConnectTimeout
	c.ConnConfig.DialFunc = dialer(o.ConnectTimeout).DialContext
	// The acknowledgement rests on this setting, so it is not left to the server's default.
	c.ConnConfig.RuntimeParams["synchronous_commit"] = "on"
	c.ConnConfig.RuntimeParams["idle_in_transaction_session_timeout"] = "10s"
	c.ConnConfig.OnNotice = noteUnreplicated
	if o.PasswordFile != "" {
		c.BeforeConnect = func(_ context.Context, cc *pgx.ConnConfig) (err error) {
			cc.Password, err = o.password()
			return err
		}
	}
}

// Close closes all connections; requests in flight are waited for.
func (s *Store) Close() { s.pool.Close() }

// Connections returns how many connections are in use and how many exist.
func (s *Store) Connections() (used, total int32) {
	st := s.pool.Stat()
	return st.AcquiredConns(), st.TotalConns()
}

// Ping tries once, without retries, whether PostgreSQL answers and is the
// primary; for health checks.
func (s *Store) Ping(ctx context.Context) error {
	err := s.once(ctx, func(ctx context.Context, c *pgxpool.Conn) error {
		var standby bool
		if err := c.QueryRow(ctx, `SELECT pg_is_in_recovery()`).Scan(&standby); err != nil {
			return err
		}
		if standby {
			return &pgconn.PgError{Severity: "ERROR", Code: readOnly, Message: "this is a standby"}
		}
		return nil
	})
	if err != nil {
		return fmt.Errorf("ping postgres: %w", err)
	}
	return nil
}

const unreplicated = "greenlang.unreplicated"

// noteUnreplicated marks a connection whose last COMMIT stopped waiting for the
// standby. The server reports it as a warning in the language of its choice, so
// the function it comes from identifies it, not the words.
func noteUnreplicated(c *pgconn.PgConn, n *pgconn.Notice) {
	if n.Routine == "SyncRepWaitForLSN" {
		c.CustomData()[unreplicated] = true
	}
}
