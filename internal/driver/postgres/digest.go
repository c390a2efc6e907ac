package postgres

import (
	"context"
	"fmt"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/greenlang/fournines/internal/fact"
)

// Digests makes fingerprints of the tables of the administrator's database in the schemas of users, at
// one moment. A fingerprint is the sum of two hashes over the rows as text: it does not depend on
// their order or place, so it is the same after a restore, and a row that is lost, doubled or other
// changes it. It guards against damage, not against somebody who makes rows to fit.
func (a Admin) Digests(ctx context.Context, address string, silence time.Duration) (out []fact.TableDigest, err error) {
	err = a.with(ctx, address, silence, func(conn *pgx.Conn) error {
		tx, err := conn.BeginTx(ctx, pgx.TxOptions{IsoLevel: pgx.RepeatableRead, AccessMode: pgx.ReadOnly})
		if err != nil {
			return err
		}
		defer tx.Rollback(context.WithoutCancel(ctx)) //nolint:errcheck // nothing was written
		// Text of times and numbers is the same on both sides only with the same settings.
		if _, err := tx.Exec(ctx, "SET LOCAL TimeZone = 'UTC'; SET LOCAL DateStyle = 'ISO'; SET LOCAL IntervalStyle = 'postgres'; SET LOCAL extra_float_digits = 1; SET LOCAL bytea_output = 'hex'; SET LOCAL search_path = ''"); err != nil {
			return err
		}
		rows, err := tx.Query(ctx, `SELECT n.nspname::text, c.relname::text FROM pg_class c JOIN pg_namespace n ON n.oid = c.relnamespace
			WHERE c.relkind = 'r' AND c.relpersistence = 'p' AND n.nspname <> 'information_schema' AND n.nspname NOT LIKE 'pg\_%' ORDER BY 1, 2`)
		if err != nil {
			return err
		}
		type table struct{ Schema, Name string }
		tables, err := pgx.CollectRows(rows, pgx.RowToStructByPos[table])
		if err != nil {
			return err
		}
		for _, t := range tables {
			d := fact.TableDigest{Table: a.Database + "." + t.Schema + "." + t.Name}
			err := tx.QueryRow(ctx, fmt.Sprintf(`SELECT count(*), coalesce(sum(hashtextextended(t::text, 0)::numeric), 0)::text || '/' || coalesce(sum(hashtextextended(t::text, 9999)::numeric), 0)::text FROM %s t`,
				pgx.Identifier{t.Schema, t.Name}.Sanitize())).Scan(&d.Rows, &d.Hash)
			if err != nil {
				return fmt.Errorf("table %s: %w", d.Table, err)
			}
			out = append(out, d)
		}
		return nil
	})
	return out, err
}
