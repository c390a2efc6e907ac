package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/greenlang/fournines/internal/fact"
)

// oldestQuery asks for the oldest position that a server has. The name of a segment is its
// timeline and its position, in hexadecimal digits of 8 and 16.
const oldestQuery = `coalesce((SELECT min(('x' || substr(name, 9, 8))::bit(32)::bigint * 4294967296 + ('x' || substr(name, 17, 8))::bit(32)::bigint * pg_size_bytes(current_setting('wal_segment_size')))
	FROM pg_ls_waldir() WHERE name ~ '^[0-9A-F]{24}$'), 0)`

// walQuery asks for the newest and the oldest position that a server has, and for a slot.
const walQuery = `SELECT pg_wal_lsn_diff(CASE WHEN pg_is_in_recovery() THEN coalesce(pg_last_wal_replay_lsn(), '0/0') ELSE pg_current_wal_lsn() END, '0/0')::bigint,
	` + oldestQuery + `,
	slot_name IS NOT NULL, coalesce(active, false), coalesce(wal_status, ''), coalesce(pg_wal_lsn_diff(restart_lsn, '0/0')::bigint, 0), coalesce(safe_wal_size, -1)
	FROM (SELECT) AS one LEFT JOIN pg_replication_slots ON slot_name = $1`

// Starves tells whether the server at address, which is in recovery, waits for more of the write-ahead
// log than it has: it has replayed every record that it has whole. One that waits for a lock, a
// pause or a disk does not starve.
func (a Admin) Starves(ctx context.Context, address string, silence time.Duration) (starves bool, err error) {
	err = a.with(ctx, address, silence, func(conn *pgx.Conn) error {
		return conn.QueryRow(ctx, "SELECT count(*) > 0 FROM pg_stat_activity WHERE backend_type = 'startup' AND wait_event IN ('RecoveryWalStream', 'RecoveryRetrieveRetryInterval')").Scan(&starves)
	})
	return starves, err
}

// WAL returns the write-ahead log of the server at address, and the slot of that name. It
// gives up when nothing moves for silence.
func (a Admin) WAL(ctx context.Context, address, slot string, silence time.Duration) (w fact.PostgresWAL, err error) {
	err = a.with(ctx, address, silence, func(conn *pgx.Conn) error {
		p := &w.Partner
		return conn.QueryRow(ctx, walQuery, slot).Scan(&w.Position, &w.Oldest, &p.Exists, &p.Active, &p.Status, &p.Kept, &p.Safe)
	})
	return w, err
}

// Outgrow fills the write-ahead log of the server at address with nothing, until it has none
// any more from before position, and returns how many bytes it has written. It gives up when
// nothing moves for silence, and after three times what a slot may keep.
func (a Admin) Outgrow(ctx context.Context, address string, position int64, silence time.Duration) (written int64, err error) {
	err = a.with(ctx, address, silence, func(conn *pgx.Conn) error {
		var begun, segment, most int64
		if err := conn.QueryRow(ctx, `SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint, pg_size_bytes(current_setting('wal_segment_size')),
			greatest(pg_size_bytes(current_setting('max_slot_wal_keep_size')), pg_size_bytes(current_setting('wal_keep_size')))`).Scan(&begun, &segment, &most); err != nil {
			return err
		}
		if most < 0 || most > mostOutgrown {
			return fmt.Errorf("a slot may keep %d bytes of write-ahead log (max_slot_wal_keep_size), and no more than %d are written in vain", most, int64(mostOutgrown))
		}
		for {
			var now, oldest int64
			// A segment in which nothing is written is not ended.
			if _, err := conn.Exec(ctx, "SELECT pg_logical_emit_message(false, 'fournines', 'drill'), pg_switch_wal()"); err != nil {
				return err
			}
			if err := conn.QueryRow(ctx, "SELECT pg_wal_lsn_diff(pg_current_wal_lsn(), '0/0')::bigint").Scan(&now); err != nil {
				return err
			}
			if written = now - begun; written < most+2*segment {
				continue
			}
			if _, err := conn.Exec(ctx, "CHECKPOINT"); err != nil {
				return err
			}
			if err := conn.QueryRow(ctx, "SELECT "+oldestQuery).Scan(&oldest); err != nil {
				return err
			}
			if oldest > position {
				return nil
			}
			if written > 3*most+4*segment {
				return fmt.Errorf("after %d bytes it still has position %d", written, position)
			}
		}
	})
	return written, err
}

// mostOutgrown is how much write-ahead log may be written in vain.
const mostOutgrown = 4 << 30
