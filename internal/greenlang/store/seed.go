package store

import (
	"context"
	"fmt"
	"strings"

	"github.com/greenlang/fournines/internal/greenlang"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Seeded is what Seed did: the rows that were missing and are there now.
type Seeded struct {
	Customers int64 `json:"customers_added"`
	Agents    int64 `json:"agents_added"`
}

// Seed makes the plan's customers and agents where they are missing, in one
// transaction: all there is nothing to do, half there is completed, and whoever
// looks meanwhile sees none or all. Rows that changed since they were seeded stay.
func (s *Store) Seed(ctx context.Context, p SeedPlan) (done Seeded, err error) {
	if err := p.Check(); err != nil {
		return done, err
	}
	customers, agents := customerTable(p), agentTable(p)
	err = s.long().do(ctx, "seed", func(ctx context.Context, c *pgxpool.Conn) error {
		// An instance that starts in a region that takes over must not copy all of it
		// only to find that it is there.
		if whole, err := complete(ctx, c, customers, agents); err != nil || whole {
			return err
		}
		return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) error {
			if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(migrateLock)); err != nil {
				return fmt.Errorf("lock registry: %w", err)
			}
			if done.Customers, err = seedTable(ctx, tx, customers); err != nil {
				return err
			}
			done.Agents, err = seedTable(ctx, tx, agents)
			return err
		})
	})
	return done, err
}

// seeding is one table to fill.
type seeding struct {
	table   string
	columns []string
	key     int // columns at the front that make a row unique
	rows    [][]any
	err     error
}

// complete tells whether every row of the tables is there.
func complete(ctx context.Context, c *pgxpool.Conn, tables ...seeding) (bool, error) {
	for _, s := range tables {
		if s.err != nil {
			return false, fmt.Errorf("make %s: %w", s.table, s.err)
		}
		keys, arrays := make([]any, s.key), make([]string, s.key)
		for i := range s.key {
			column := make([]any, len(s.rows))
			for j, row := range s.rows {
				column[j] = row[i]
			}
			keys[i], arrays[i] = column, fmt.Sprintf("$%d::text[]", i+1)
		}
		names := strings.Join(s.columns[:s.key], ", ")
		ask := fmt.Sprintf(`SELECT count(*) FROM %s JOIN unnest(%s) AS wanted (%s) USING (%s)`, s.table, strings.Join(arrays, ", "), names, names)
		var there int
		if err := c.QueryRow(ctx, ask, keys...).Scan(&there); err != nil {
			return false, fmt.Errorf("count %s: %w", s.table, err)
		}
		if there < len(s.rows) {
			return false, nil
		}
	}
	return true, nil
}

func customerTable(p SeedPlan) seeding {
	s := seeding{table: "customers", key: 1, columns: []string{"id", "tenant", "plan", "home_region", "cell", "created_at"}}
	s.err = p.customers(func(c greenlang.Customer) error {
		s.rows = append(s.rows, []any{c.ID, c.Tenant, string(c.Plan), string(c.HomeRegion), int16(c.Cell), c.CreatedAt})
		return nil
	})
	return s
}

func agentTable(p SeedPlan) seeding {
	s := seeding{table: "agents", key: 2, columns: []string{"name", "version", "owner", "lifecycle", "created_at", "updated_at"}}
	s.err = p.agents(func(a greenlang.Agent) error {
		s.rows = append(s.rows, []any{a.Name, a.Version, a.Owner, string(a.Lifecycle), a.CreatedAt, a.UpdatedAt})
		return nil
	})
	return s
}

// seedTable copies the rows beside the table and inserts those that are missing:
// COPY alone would fail on the first that is there.
func seedTable(ctx context.Context, tx pgx.Tx, s seeding) (int64, error) {
	if s.err != nil {
		return 0, fmt.Errorf("make %s: %w", s.table, s.err)
	}
	beside := "seed_" + s.table
	create := fmt.Sprintf(`CREATE TEMP TABLE %s ON COMMIT DROP AS SELECT * FROM %s WITH NO DATA`, beside, s.table)
	if _, err := tx.Exec(ctx, create); err != nil {
		return 0, fmt.Errorf("prepare %s: %w", s.table, err)
	}
	if _, err := tx.CopyFrom(ctx, pgx.Identifier{beside}, s.columns, pgx.CopyFromRows(s.rows)); err != nil {
		return 0, fmt.Errorf("copy %s: %w", s.table, err)
	}
	tag, err := tx.Exec(ctx, fmt.Sprintf(`INSERT INTO %s SELECT * FROM %s ON CONFLICT DO NOTHING`, s.table, beside))
	if err != nil {
		return 0, fmt.Errorf("insert %s: %w", s.table, err)
	}
	return tag.RowsAffected(), nil
}
