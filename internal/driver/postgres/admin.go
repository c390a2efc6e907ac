package postgres

import (
	"context"
	"fmt"
	"net"
	"net/url"
	"sync/atomic"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/greenlang/fournines/internal/fact"
)

// Admin connects to a server as a superuser, to look at its sessions and its write-ahead log,
// and to bound the sessions. An address is HOST:PORT, or DIRECTORY:PORT of a Unix socket.
type Admin struct {
	User, Password, Database string
	Limits                   Limits
}

// Look returns the sessions of the server at address, their limits, and what of these is not
// as it should be. It gives up when nothing moves for silence.
func (a Admin) Look(ctx context.Context, address string, silence time.Duration) (c fact.PostgresConnections, err error) {
	err = a.with(ctx, address, silence, func(conn *pgx.Conn) error {
		found, crowded, err := a.Limits.Compare(ctx, conn)
		if err != nil {
			return err
		}
		c.Differs, c.Crowded = Texts(found), crowded
		return sessions(ctx, conn, &c)
	})
	return c, err
}

// Bound makes the limits of the server at address as they should be, reads them back, and
// returns what was different.
func (a Admin) Bound(ctx context.Context, address string, silence time.Duration) (changed []string, err error) {
	err = a.with(ctx, address, silence, func(conn *pgx.Conn) error {
		changed, err = a.Limits.Apply(ctx, conn)
		return err
	})
	return changed, err
}

func (a Admin) with(ctx context.Context, address string, silence time.Duration, use func(*pgx.Conn) error) error {
	host, port, err := net.SplitHostPort(address)
	if err != nil {
		return fmt.Errorf("connect to %s: %w", address, err)
	}
	at := url.Values{"host": {host}, "port": {port}} // a host may be the directory of a socket
	config, err := pgx.ParseConfig("postgres:///?" + at.Encode() + "&sslmode=disable&application_name=fournines-limits&default_query_exec_mode=simple_protocol")
	if err != nil {
		return fmt.Errorf("connect to %s: %w", address, err)
	}
	config.DialFunc = func(ctx context.Context, network, address string) (net.Conn, error) {
		return dial(ctx, network, address, silence, new(atomic.Bool))
	}
	config.User, config.Password, config.Database = a.User, a.Password, a.Database
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return fmt.Errorf("connect to %s as %s: %w", address, a.User, err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // the answer is known
	if err := use(conn); err != nil {
		return fmt.Errorf("look at %s as %s: %w", address, a.User, err)
	}
	return nil
}

// sessions reads who is connected, and the limits of roles and databases that have one.
func sessions(ctx context.Context, conn *pgx.Conn, c *fact.PostgresConnections) error {
	rows, err := conn.Query(ctx, `SELECT usename::text, datname::text, application_name, coalesce(host(client_addr), ''), count(*), count(*) FILTER (WHERE state = 'idle')
		FROM pg_stat_activity WHERE backend_type = 'client backend' AND usename IS NOT NULL AND datname IS NOT NULL AND pid <> pg_backend_pid()
		GROUP BY 1, 2, 3, 4 ORDER BY 5 DESC, 1, 2, 3, 4`)
	if err != nil {
		return err
	}
	var s fact.PostgresSessions
	if _, err := pgx.ForEachRow(rows, []any{&s.Role, &s.Database, &s.Application, &s.Client, &s.Open, &s.Idle}, func() error {
		c.Sessions = append(c.Sessions, s)
		return nil
	}); err != nil {
		return err
	}
	c.Roles, c.Databases = map[string]int{}, map[string]int{}
	for query, into := range map[string]map[string]int{
		"SELECT rolname::text, rolconnlimit FROM pg_roles WHERE rolconnlimit >= 0 AND rolcanlogin AND NOT rolsuper": c.Roles,
		"SELECT datname::text, datconnlimit FROM pg_database WHERE datconnlimit >= 0 AND datallowconn":              c.Databases,
	} {
		rows, err := conn.Query(ctx, query)
		if err != nil {
			return err
		}
		var name string
		var limit int
		if _, err := pgx.ForEachRow(rows, []any{&name, &limit}, func() error { into[name] = limit; return nil }); err != nil {
			return err
		}
	}
	return nil
}

// Checkpoint returns once the server at address has written to its disk what it has in memory.
// It gives up when that takes longer than within.
func (a Admin) Checkpoint(ctx context.Context, address string, within time.Duration) error {
	return a.with(ctx, address, within, func(conn *pgx.Conn) error {
		_, err := conn.Exec(ctx, "CHECKPOINT")
		return err
	})
}
