package store

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// canaryName is the setting in which a cell's newest canary stands.
func canaryName(cell int) string { return "canary/" + strconv.Itoa(cell) }

// Canary returns when a cell's newest canary was written; the zero time when none was.
func (s *Store) Canary(ctx context.Context, cell int) (at time.Time, err error) {
	var text []byte
	err = s.do(ctx, "read canary", func(ctx context.Context, c *pgxpool.Conn) error {
		return c.QueryRow(ctx, `SELECT value FROM settings WHERE name = $1`, canaryName(cell)).Scan(&text)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return time.Time{}, nil
	}
	if err != nil {
		return time.Time{}, err
	}
	if at, err = time.Parse(time.RFC3339Nano, string(text)); err != nil {
		return time.Time{}, fmt.Errorf("read canary of cell %d: %w", cell, err)
	}
	return at, nil
}

// WriteCanary commits a cell's canary and returns the time it holds. A repeat overwrites it.
func (s *Store) WriteCanary(ctx context.Context, cell int) (time.Time, error) {
	at := time.Now().UTC()
	err := s.do(ctx, "write canary", func(ctx context.Context, c *pgxpool.Conn) error {
		const upsert = `INSERT INTO settings (name, value) VALUES ($1, $2) ON CONFLICT (name) DO UPDATE SET value = excluded.value`
		_, err := c.Exec(ctx, upsert, canaryName(cell), []byte(at.Format(time.RFC3339Nano)))
		return err
	})
	return at, err
}
