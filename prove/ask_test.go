//go:build prove

package prove

import (
	"context"
	"fmt"
	"strconv"

	"github.com/jackc/pgx/v5"

	"github.com/greenlang/fournines/internal/driver/patroni"
)

// ask connects anew, commits one write in the observer's own row, and returns the
// timeline on which it was acknowledged. A replica refuses; a primary whose standbys
// have gone over to another waits for them in vain.
func ask(ctx context.Context, password, address, observer string) (timeline uint32, err error) {
	config, err := pgx.ParseConfig("postgres://" + address + "/?sslmode=disable&application_name=prove&default_query_exec_mode=simple_protocol")
	if err != nil {
		return 0, fmt.Errorf("ask %s: %w", address, err)
	}
	config.User, config.Password, config.Database = patroni.ProbeUser, password, "postgres"
	conn, err := pgx.ConnectConfig(ctx, config)
	if err != nil {
		return 0, fmt.Errorf("ask %s: %w", address, err)
	}
	defer conn.Close(context.WithoutCancel(ctx)) //nolint:errcheck // the answer is known
	var hex string
	err = conn.QueryRow(ctx, `INSERT INTO fournines.heartbeat VALUES ($1, now()) ON CONFLICT (observer) DO UPDATE SET at = EXCLUDED.at
		RETURNING substr(pg_walfile_name(pg_current_wal_lsn()), 1, 8)`, observer).Scan(&hex)
	if err != nil {
		return 0, fmt.Errorf("write to %s: %w", address, err)
	}
	n, err := strconv.ParseUint(hex, 16, 32)
	if err != nil {
		return 0, fmt.Errorf("read timeline of %s: %w", address, err)
	}
	return uint32(n), nil
}
