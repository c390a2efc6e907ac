package store

import (
	"context"
	"errors"
	"fmt"
	"sync"

	"github.com/greenlang/fournines/internal/greenlang"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// secrets remembers the cursor secret once it was read.
type secrets struct {
	mu     sync.Mutex
	loaded bool
	cursor greenlang.Cursor
}

// Cursor returns the sealer of list cursors. Its secret is in the database, made
// by Migrate: all instances agree on it without configuration, and it goes where
// the lists go when they are restored elsewhere.
func (s *Store) Cursor(ctx context.Context) (greenlang.Cursor, error) {
	s.secrets.mu.Lock()
	cursor, loaded := s.secrets.cursor, s.secrets.loaded
	s.secrets.mu.Unlock()
	if loaded {
		return cursor, nil
	}
	var secret []byte
	err := s.do(ctx, "read cursor secret", func(ctx context.Context, c *pgxpool.Conn) error {
		return c.QueryRow(ctx, `SELECT value FROM settings WHERE name = 'cursor'`).Scan(&secret)
	})
	if errors.Is(err, pgx.ErrNoRows) {
		return cursor, fmt.Errorf("read cursor secret: there is none; run greenlang migrate: %w", err)
	}
	if err != nil {
		return cursor, err
	}
	if cursor, err = greenlang.NewCursor(secret); err != nil {
		return cursor, err
	}
	s.secrets.mu.Lock()
	s.secrets.cursor, s.secrets.loaded = cursor, true
	s.secrets.mu.Unlock()
	return cursor, nil
}
