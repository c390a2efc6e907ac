package store

import (
	"context"

	"github.com/greenlang/fournines/internal/greenlang"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

// Hot is what was run lately, the most often run first.
type Hot struct {
	Customers []greenlang.Customer
	Agents    []greenlang.Agent
}

// HotLimits bound what Hot looks at and returns.
type HotLimits struct{ Runs, Customers, Agents int }

// Hot returns the customers and the versions of agents that the newest runs name: who runs
// is who reads, and the runs come along with the database wherever it goes.
func (s *Store) Hot(ctx context.Context, most HotLimits) (h Hot, err error) {
	err = s.do(ctx, "read what was run lately", func(ctx context.Context, c *pgxpool.Conn) error {
		const customers = `SELECT ` + customerColumns + ` FROM customers JOIN (
			SELECT customer, count(*) AS n FROM (SELECT customer FROM runs ORDER BY created_at DESC, id DESC LIMIT $1) AS lately GROUP BY customer ORDER BY n DESC LIMIT $2
		) AS hot ON hot.customer = customers.id ORDER BY n DESC`
		rows, err := c.Query(ctx, customers, most.Runs, most.Customers)
		if err != nil {
			return err
		}
		if h.Customers, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (greenlang.Customer, error) { return scanCustomer(r) }); err != nil {
			return err
		}
		const agents = `SELECT name, agents.version, owner, lifecycle, created_at, updated_at FROM agents JOIN (
			SELECT agent, version, count(*) AS n FROM (SELECT agent, version FROM runs ORDER BY created_at DESC, id DESC LIMIT $1) AS lately GROUP BY agent, version ORDER BY n DESC LIMIT $2
		) AS hot ON hot.agent = agents.name AND hot.version = agents.version ORDER BY n DESC`
		h.Agents, err = collectAgents(ctx, c, agents, most.Runs, most.Agents)
		return err
	})
	return h, err
}
