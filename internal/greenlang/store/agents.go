package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/greenlang/fournines/internal/greenlang"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const agentColumns = `name, version, owner, lifecycle, created_at, updated_at`

// AgentFilter selects agents; empty fields select all.
type AgentFilter struct {
	Lifecycle greenlang.Lifecycle
	Owner     string
}

// CreateAgent stores a draft. The same name and version with the same owner is
// the same agent, whatever its lifecycle is by now, and created is false; with
// another owner it is a *Conflict.
func (s *Store) CreateAgent(ctx context.Context, a greenlang.Agent) (stored greenlang.Agent, created bool, err error) {
	err = s.do(ctx, "create agent", func(ctx context.Context, c *pgxpool.Conn) error {
		const insert = `INSERT INTO agents (name, version, owner, lifecycle) VALUES ($1, $2, $3, $4)
			ON CONFLICT DO NOTHING RETURNING ` + agentColumns
		stored, err = scanAgent(c.QueryRow(ctx, insert, a.Name, a.Version, a.Owner, a.Lifecycle))
		if created = err == nil; created || !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		// A write, not a read: see the package's invariants.
		const again = `UPDATE agents SET owner = owner WHERE name = $1 AND version = $2 AND owner = $3 RETURNING ` + agentColumns
		stored, err = scanAgent(c.QueryRow(ctx, again, a.Name, a.Version, a.Owner))
		if errors.Is(err, pgx.ErrNoRows) {
			return &Conflict{fmt.Sprintf("create agent: %s %s exists already and has another owner", a.Name, a.Version)}
		}
		return err
	})
	return stored, created, err
}

// Agent returns one version of an agent, or a *NotFound.
func (s *Store) Agent(ctx context.Context, name, version string) (agent greenlang.Agent, err error) {
	err = s.do(ctx, "read agent", func(ctx context.Context, c *pgxpool.Conn) error {
		agent, err = readAgent(ctx, c, name, version)
		return err
	})
	return agent, err
}

// Versions returns the versions of the agent with this name, at most
// greenlang.MaxPage of them, the latest made first, or a *NotFound.
func (s *Store) Versions(ctx context.Context, name string) (versions []greenlang.Agent, err error) {
	err = s.do(ctx, "read agent", func(ctx context.Context, c *pgxpool.Conn) error {
		const list = `SELECT ` + agentColumns + ` FROM agents WHERE name = $1 ORDER BY created_at DESC, version DESC LIMIT $2`
		versions, err = collectAgents(ctx, c, list, name, greenlang.MaxPage)
		if err == nil && len(versions) == 0 {
			return &NotFound{"agent", name}
		}
		return err
	})
	return versions, err
}

// Agents returns up to limit agents in the order of name and version, after the
// given ones ("" for the first).
func (s *Store) Agents(ctx context.Context, f AgentFilter, name, version string, limit int) (page []greenlang.Agent, err error) {
	var q query
	q.where("(name, version) > (?, ?)", name, version)
	if f.Lifecycle != "" {
		q.where("lifecycle = ?", f.Lifecycle)
	}
	if f.Owner != "" {
		q.where("owner = ?", f.Owner)
	}
	sql := q.sql(`SELECT `+agentColumns+` FROM agents`, `ORDER BY name, version`, limit)
	err = s.do(ctx, "list agents", func(ctx context.Context, c *pgxpool.Conn) error {
		page, err = collectAgents(ctx, c, sql, q.args...)
		return err
	})
	return page, err
}

// MoveAgent moves an agent to a station of its lifecycle. Being there already is
// success; an illegal move is a *greenlang.IllegalTransition.
func (s *Store) MoveAgent(ctx context.Context, name, version string, to greenlang.Lifecycle) (agent greenlang.Agent, err error) {
	err = s.do(ctx, "move agent", func(ctx context.Context, c *pgxpool.Conn) error {
		agent, err = readAgent(ctx, c, name, version)
		if err != nil {
			return err
		}
		if _, err := greenlang.Transition(agent.Lifecycle, to); err != nil {
			return err
		}
		// Also when it is there already: a write, not a read (the package's invariants).
		const move = `UPDATE agents SET lifecycle = $4, updated_at = CASE WHEN lifecycle = $4 THEN updated_at ELSE clock_timestamp() END
			WHERE name = $1 AND version = $2 AND lifecycle = $3 RETURNING ` + agentColumns
		agent, err = scanAgent(c.QueryRow(ctx, move, name, version, agent.Lifecycle, to))
		if errors.Is(err, pgx.ErrNoRows) {
			return errRaced
		}
		return err
	})
	return agent, err
}

func readAgent(ctx context.Context, c *pgxpool.Conn, name, version string) (greenlang.Agent, error) {
	const read = `SELECT ` + agentColumns + ` FROM agents WHERE name = $1 AND version = $2`
	agent, err := scanAgent(c.QueryRow(ctx, read, name, version))
	if errors.Is(err, pgx.ErrNoRows) {
		return agent, &NotFound{"agent", name + " " + version}
	}
	return agent, err
}

func collectAgents(ctx context.Context, c *pgxpool.Conn, sql string, args ...any) ([]greenlang.Agent, error) {
	rows, err := c.Query(ctx, sql, args...)
	if err != nil {
		return nil, err
	}
	return pgx.CollectRows(rows, func(r pgx.CollectableRow) (greenlang.Agent, error) { return scanAgent(r) })
}

func scanAgent(r pgx.Row) (a greenlang.Agent, err error) {
	err = r.Scan(&a.Name, &a.Version, &a.Owner, &a.Lifecycle, &a.CreatedAt, &a.UpdatedAt)
	a.CreatedAt, a.UpdatedAt = a.CreatedAt.UTC(), a.UpdatedAt.UTC()
	return a, err
}
