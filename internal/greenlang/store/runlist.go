package store

import (
	"context"
	"time"

	"github.com/greenlang/fournines/internal/greenlang"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// RunFilter selects runs; zero fields select all.
type RunFilter struct {
	Customer string
	Since    time.Time // the earliest creation time, inclusive
}

// RunPosition is a place in the list of runs: the run it is after. Zero is the start.
type RunPosition struct {
	CreatedAt time.Time
	ID        string
}

// Runs returns up to limit runs after the position, newest first.
func (s *Store) Runs(ctx context.Context, f RunFilter, after RunPosition, limit int) (page []greenlang.Run, err error) {
	var q query
	if f.Customer != "" {
		q.where("customer = ?", f.Customer)
	}
	if !f.Since.IsZero() {
		q.where("created_at >= ?", f.Since)
	}
	if after.ID != "" {
		q.where("(created_at, id) < (?, ?::uuid)", after.CreatedAt, after.ID)
	}
	sql := q.sql(`SELECT `+runColumns+` FROM runs`, `ORDER BY created_at DESC, runs.id DESC`, limit)
	err = s.do(ctx, "list runs", func(ctx context.Context, c *pgxpool.Conn) error {
		rows, err := c.Query(ctx, sql, q.args...)
		if err != nil {
			return err
		}
		page, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (greenlang.Run, error) { return scanRun(r) })
		return err
	})
	return page, err
}

// LookupRuns counts what is stored under each key, in the order of the keys, from
// the rows themselves.
func (s *Store) LookupRuns(ctx context.Context, keys []string) (seen []greenlang.Sighting, err error) {
	found := map[string][]string{}
	err = s.do(ctx, "look up runs", func(ctx context.Context, c *pgxpool.Conn) error {
		clear(found)
		rows, err := c.Query(ctx, `SELECT key, id::text FROM runs WHERE key = ANY($1)`, keys)
		if err != nil {
			return err
		}
		var key, id string
		_, err = pgx.ForEachRow(rows, []any{&key, &id}, func() error {
			found[key] = append(found[key], id)
			return nil
		})
		return err
	})
	if err != nil {
		return nil, err
	}
	for _, key := range keys {
		ids := found[key]
		seen = append(seen, greenlang.Sighting{Key: key, Count: len(ids), IDs: append([]string{}, ids...)})
	}
	return seen, nil
}
