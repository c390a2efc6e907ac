package store

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"fmt"
	"io/fs"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

//go:embed migrations/*.sql
var migrations embed.FS

const (
	migrateLock = 0x677265656e6c6e67 // "greenlng", the key of the advisory lock
	// longWork bounds one attempt of the verbs an operator runs, which move much more than a request.
	longWork = 60 * time.Second
)

// migration is one step forward. There are none backward: a step that must be
// undone is a new step.
type migration struct {
	version  int
	name     string
	sql      string
	checksum string
}

func loadMigrations() ([]migration, error) {
	names, err := fs.Glob(migrations, "migrations/*.sql") // sorted
	if err != nil {
		return nil, fmt.Errorf("list migrations: %w", err)
	}
	all := make([]migration, len(names))
	for i, name := range names {
		b, err := migrations.ReadFile(name)
		if err != nil {
			return nil, fmt.Errorf("read migration: %w", err)
		}
		sum := sha256.Sum256(b)
		all[i] = migration{version: i + 1, name: name, sql: string(b), checksum: hex.EncodeToString(sum[:])}
	}
	return all, nil
}

// Migrate brings the schema to this program's version and returns how many steps
// that took: 0 when it was there. All steps are one transaction under an
// advisory lock, so instances may all migrate at start. It refuses a schema that
// is newer than the program, or whose past steps differ from the program's.
func (s *Store) Migrate(ctx context.Context) (steps int, err error) {
	all, err := loadMigrations()
	if err != nil {
		return 0, err
	}
	err = s.long().do(ctx, "migrate", func(ctx context.Context, c *pgxpool.Conn) error {
		return pgx.BeginFunc(ctx, c, func(tx pgx.Tx) (err error) {
			steps, err = migrate(ctx, tx, all)
			return err
		})
	})
	return steps, err
}

func migrate(ctx context.Context, tx pgx.Tx, all []migration) (int, error) {
	if _, err := tx.Exec(ctx, `SELECT pg_advisory_xact_lock($1)`, int64(migrateLock)); err != nil {
		return 0, fmt.Errorf("lock schema: %w", err)
	}
	const table = `CREATE TABLE IF NOT EXISTS schema_versions (
		version integer PRIMARY KEY, name text NOT NULL, checksum text NOT NULL, applied_at timestamptz NOT NULL DEFAULT now())`
	if _, err := tx.Exec(ctx, table); err != nil {
		return 0, fmt.Errorf("create versions table: %w", err)
	}
	done, err := applied(ctx, tx, all)
	if err != nil {
		return 0, err
	}
	for _, m := range all[done:] {
		if _, err := tx.Exec(ctx, m.sql); err != nil {
			return 0, fmt.Errorf("apply %s: %w", m.name, err)
		}
		const record = `INSERT INTO schema_versions (version, name, checksum) VALUES ($1, $2, $3)`
		if _, err := tx.Exec(ctx, record, m.version, m.name, m.checksum); err != nil {
			return 0, fmt.Errorf("record %s: %w", m.name, err)
		}
	}
	return len(all) - done, ensureSecret(ctx, tx)
}

// applied returns how many of all are there, after checking that they are the same.
func applied(ctx context.Context, tx pgx.Tx, all []migration) (int, error) {
	rows, err := tx.Query(ctx, `SELECT checksum FROM schema_versions ORDER BY version`)
	if err != nil {
		return 0, fmt.Errorf("read versions: %w", err)
	}
	sums, err := pgx.CollectRows(rows, pgx.RowTo[string])
	if err != nil {
		return 0, fmt.Errorf("read versions: %w", err)
	}
	if len(sums) > len(all) {
		return 0, &Conflict{fmt.Sprintf("schema is at version %d, this program knows %d: run the newer program", len(sums), len(all))}
	}
	for i, sum := range sums {
		if sum != all[i].checksum {
			return 0, &Conflict{fmt.Sprintf("schema version %d was made by another %s: this is not this program's database", i+1, all[i].name)}
		}
	}
	return len(sums), nil
}

// ensureSecret makes the secret that signs cursors, once for all instances.
func ensureSecret(ctx context.Context, tx pgx.Tx) error {
	secret := make([]byte, 32)
	if _, err := rand.Read(secret); err != nil {
		return fmt.Errorf("make cursor secret: %w", err)
	}
	if _, err := tx.Exec(ctx, `INSERT INTO settings VALUES ('cursor', $1) ON CONFLICT DO NOTHING`, secret); err != nil {
		return fmt.Errorf("store cursor secret: %w", err)
	}
	return nil
}

// long returns the same store with the patience of an operator's verb.
func (s *Store) long() *Store {
	o := s.options
	o.AttemptTimeout = longWork
	return &Store{pool: s.pool, options: o}
}
