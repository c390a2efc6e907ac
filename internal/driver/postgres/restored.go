package postgres

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/greenlang/fournines/internal/fact"
)

// Recovers tells whether the server at address is in recovery: it takes no writes then.
func (a Admin) Recovers(ctx context.Context, address string, silence time.Duration) (recovers bool, err error) {
	err = a.with(ctx, address, silence, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "SELECT pg_is_in_recovery()").Scan(&recovers)
	})
	return recovers, err
}

// Restored looks at a server that has been promoted after a restore: who it is, where it stopped to
// replay, whether it takes writes, and what it holds. Where it cannot look at something, that is the
// error; what was seen stands in t all the same. Extensions are those of the administrator's database.
func (a Admin) Restored(ctx context.Context, address string, silence time.Duration, t *fact.RestoreTest) error {
	return a.with(ctx, address, silence, func(conn *pgx.Conn) error {
		var system int64
		var timeline int32
		var replayed *time.Time
		var position *int64
		var recovering bool
		if err := conn.QueryRow(ctx, `SELECT s.system_identifier, c.timeline_id, pg_last_xact_replay_timestamp(), pg_wal_lsn_diff(pg_last_wal_replay_lsn(), '0/0')::bigint, pg_is_in_recovery()
			FROM pg_control_system() s, pg_control_checkpoint() c`).Scan(&system, &timeline, &replayed, &position, &recovering); err != nil {
			return err
		}
		t.System = uint64(system) //nolint:gosec // PostgreSQL shows it as if it had a sign
		if replayed != nil {
			t.Replayed = *replayed
		}
		if position != nil {
			t.Position = *position
		}
		if recovering {
			return errors.New("it is still in recovery")
		}
		return errors.Join(stopped(ctx, conn, t), writes(ctx, conn, t), newest(ctx, conn, t), holds(ctx, conn, t))
	})
}

// stopped reads where the server's own timeline leaves the one that it replayed. The checkpoint may
// still be one of the old timeline; the log that it writes is not.
func stopped(ctx context.Context, conn *pgx.Conn, t *fact.RestoreTest) error {
	var history string
	if err := conn.QueryRow(ctx, `SELECT pg_read_file('pg_wal/' || substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8) || '.history')`).Scan(&history); err != nil {
		return fmt.Errorf("where it stopped to replay: %w", err)
	}
	timeline, beyond, err := parseStop(history)
	t.Timeline, t.Beyond = timeline, beyond
	return err
}

// parseStop reads the last line of a timeline's history: the timeline that it left, where, and
// why. The time is that of the first transaction that was left out; zero where the target was
// none in time.
func parseStop(history string) (timeline uint32, beyond time.Time, err error) {
	lines := strings.Split(strings.TrimSpace(history), "\n")
	f := strings.SplitN(lines[len(lines)-1], "\t", 3)
	if len(f) != 3 {
		return 0, time.Time{}, fmt.Errorf("the history of the server's timeline ends with %.100q, and no timeline, position and reason", lines[len(lines)-1])
	}
	n, err := strconv.ParseUint(f[0], 10, 32)
	if err != nil || n == 0 {
		return 0, time.Time{}, fmt.Errorf("the history of the server's timeline names the timeline %.20q", f[0])
	}
	text, in := strings.CutPrefix(f[2], "before ")
	if !in {
		return uint32(n), time.Time{}, nil
	}
	for _, layout := range []string{"2006-01-02 15:04:05.999999-07", "2006-01-02 15:04:05.999999-07:00"} {
		if beyond, err = time.Parse(layout, text); err == nil {
			return uint32(n), beyond, nil
		}
	}
	return uint32(n), time.Time{}, nil // before a transaction that is named by its number
}

// writes puts a record that says nothing into the log, in a transaction.
func writes(ctx context.Context, conn *pgx.Conn, t *fact.RestoreTest) error {
	if _, err := conn.Exec(ctx, `SELECT pg_logical_emit_message(true, 'fournines', 'a restore is tested')`); err != nil {
		return fmt.Errorf("a write: %w", err)
	}
	t.Writable = true
	return nil
}

// newest reads the newest heartbeat of the cluster.
func newest(ctx context.Context, conn *pgx.Conn, t *fact.RestoreTest) error {
	var at *time.Time
	if err := conn.QueryRow(ctx, newestHeartbeat).Scan(&at); err != nil {
		return fmt.Errorf("the newest heartbeat: %w", err)
	}
	if at != nil {
		t.Heartbeat = *at
	}
	return nil
}

// holds reads which roles may log in, which extensions are there that the host has as well, and
// which tablespaces can be read.
func holds(ctx context.Context, conn *pgx.Conn, t *fact.RestoreTest) error {
	for _, of := range []struct {
		query string
		into  *[]string
	}{
		{"SELECT rolname::text FROM pg_roles WHERE rolcanlogin ORDER BY 1", &t.Roles},
		{"SELECT e.extname::text FROM pg_extension e JOIN pg_available_extensions a ON a.name = e.extname ORDER BY 1", &t.Extensions},
		{"SELECT spcname::text FROM pg_tablespace WHERE pg_tablespace_location(oid) = '' OR (pg_stat_file(pg_tablespace_location(oid), true)).isdir ORDER BY 1", &t.Spaces},
	} {
		rows, err := conn.Query(ctx, of.query)
		if err != nil {
			return err
		}
		if *of.into, err = pgx.CollectRows(rows, pgx.RowTo[string]); err != nil {
			return err
		}
	}
	return nil
}
