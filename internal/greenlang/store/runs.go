package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/google/uuid"
	"github.com/greenlang/fournines/internal/greenlang"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const runColumns = `id::text, key, customer, agent, version, parameters, created_at`

// CreateRun stores a run under the client's idempotency key and returns it only
// after its COMMIT was confirmed. The same key with the same body returns the run
// that is there, and created is false; with another body it is a *KeyReused. A
// customer or agent that does not exist is a *NotFound, an agent that may not be
// run a *Conflict. After an *Unavailable the outcome is unknown: repeat the key.
func (s *Store) CreateRun(ctx context.Context, key string, n greenlang.NewRun) (run greenlang.Run, created bool, err error) {
	id, err := uuid.NewV7() // ordered by time: new rows meet in the same pages of the index
	if err != nil {
		return run, false, fmt.Errorf("create run: make id: %w", err)
	}
	fingerprint, err := n.Fingerprint()
	if err != nil {
		return run, false, err
	}
	err = s.do(ctx, "create run", func(ctx context.Context, c *pgxpool.Conn) error {
		run, err = insertRun(ctx, c, id.String(), key, fingerprint, n)
		if errors.Is(err, pgx.ErrNoRows) {
			run, err = replayRun(ctx, c, key, fingerprint)
		}
		if errors.Is(err, pgx.ErrNoRows) {
			return whyNoRun(ctx, c, key, n)
		}
		return err
	})
	// An attempt cut after its COMMIT is found again by the next one, under its own id.
	return run, err == nil && run.ID == id.String(), err
}

// insertRun waits for a concurrent insert of the same key to end, and makes no
// row if that one committed.
func insertRun(ctx context.Context, c *pgxpool.Conn, id, key string, fingerprint []byte, n greenlang.NewRun) (greenlang.Run, error) {
	const insert = `INSERT INTO runs (id, key, fingerprint, customer, agent, version, parameters)
		SELECT $1::uuid, $2, $3, c.id, a.name, a.version, $7::jsonb FROM customers c, agents a
		WHERE c.id = $4 AND a.name = $5 AND a.version = $6 AND a.lifecycle IN ('experimental', 'certified')
		ON CONFLICT DO NOTHING RETURNING ` + runColumns
	return scanRun(c.QueryRow(ctx, insert, id, key, fingerprint, n.Customer, n.Agent, n.Version, n.Parameters))
}

// replayRun answers with a run that is there. It counts the answer, and that
// write's COMMIT confirms the run's own (see the package's invariants).
func replayRun(ctx context.Context, c *pgxpool.Conn, key string, fingerprint []byte) (greenlang.Run, error) {
	const replay = `UPDATE runs SET replays = replays + 1 WHERE key = $1 AND fingerprint = $2 RETURNING ` + runColumns
	return scanRun(c.QueryRow(ctx, replay, key, fingerprint))
}

// whyNoRun finds out why a run was neither made nor found.
func whyNoRun(ctx context.Context, c *pgxpool.Conn, key string, n greenlang.NewRun) error {
	const ask = `SELECT EXISTS (SELECT FROM runs WHERE key = $1), EXISTS (SELECT FROM customers WHERE id = $2),
		coalesce((SELECT lifecycle FROM agents WHERE name = $3 AND version = $4), '')`
	var used, customer bool
	var lifecycle greenlang.Lifecycle
	if err := c.QueryRow(ctx, ask, key, n.Customer, n.Agent, n.Version).Scan(&used, &customer, &lifecycle); err != nil {
		return err
	}
	switch {
	case used:
		return &KeyReused{key}
	case !customer:
		return &NotFound{"customer", n.Customer}
	case lifecycle == "":
		return &NotFound{"agent", n.Agent + " " + n.Version}
	case !lifecycle.Runnable():
		return &Conflict{fmt.Sprintf("create run: agent %s %s is %s; only experimental and certified agents run", n.Agent, n.Version, lifecycle)}
	}
	return errRaced // it became possible in between
}

// Run returns the run with this id, or a *NotFound.
func (s *Store) Run(ctx context.Context, id string) (run greenlang.Run, err error) {
	err = s.do(ctx, "read run", func(ctx context.Context, c *pgxpool.Conn) error {
		run, err = scanRun(c.QueryRow(ctx, `SELECT `+runColumns+` FROM runs WHERE id = $1::uuid`, id))
		if errors.Is(err, pgx.ErrNoRows) {
			return &NotFound{"run", id}
		}
		return err
	})
	return run, err
}

func scanRun(r pgx.Row) (run greenlang.Run, err error) {
	err = r.Scan(&run.ID, &run.Key, &run.Customer, &run.Agent, &run.Version, &run.Parameters, &run.CreatedAt)
	run.CreatedAt = run.CreatedAt.UTC()
	return run, err
}
