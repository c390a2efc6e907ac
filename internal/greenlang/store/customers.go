package store

import (
	"context"
	"errors"
	"fmt"

	"github.com/greenlang/fournines/internal/greenlang"
	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgxpool"
)

const customerColumns = `id, tenant, plan, home_region, cell, created_at`

// CustomerFilter selects customers; empty fields select all.
type CustomerFilter struct {
	Region greenlang.Region
	Plan   greenlang.Plan
}

// CreateCustomer stores a customer. The same tenant with the same plan and region
// is the same customer, and created is false; with others it is a *Conflict.
func (s *Store) CreateCustomer(ctx context.Context, c greenlang.Customer) (stored greenlang.Customer, created bool, err error) {
	err = s.do(ctx, "create customer", func(ctx context.Context, conn *pgxpool.Conn) error {
		const insert = `INSERT INTO customers (id, tenant, plan, home_region, cell) VALUES ($1, $2, $3, $4, $5)
			ON CONFLICT DO NOTHING RETURNING ` + customerColumns
		stored, err = scanCustomer(conn.QueryRow(ctx, insert, c.ID, c.Tenant, c.Plan, c.HomeRegion, c.Cell))
		if created = err == nil; created || !errors.Is(err, pgx.ErrNoRows) {
			return err
		}
		// A write, not a read: see the package's invariants.
		const again = `UPDATE customers SET plan = plan WHERE id = $1 AND plan = $2 AND home_region = $3 RETURNING ` + customerColumns
		stored, err = scanCustomer(conn.QueryRow(ctx, again, c.ID, c.Plan, c.HomeRegion))
		if errors.Is(err, pgx.ErrNoRows) {
			return &Conflict{fmt.Sprintf("create customer: tenant %q exists already with another plan or home region", c.Tenant)}
		}
		return err
	})
	return stored, created, err
}

// Customer returns the customer with this id, or a *NotFound.
func (s *Store) Customer(ctx context.Context, id string) (customer greenlang.Customer, err error) {
	err = s.do(ctx, "read customer", func(ctx context.Context, c *pgxpool.Conn) error {
		customer, err = scanCustomer(c.QueryRow(ctx, `SELECT `+customerColumns+` FROM customers WHERE id = $1`, id))
		if errors.Is(err, pgx.ErrNoRows) {
			return &NotFound{"customer", id}
		}
		return err
	})
	return customer, err
}

// Customers returns up to limit customers in the order of their ids, after the
// given id ("" for the first).
func (s *Store) Customers(ctx context.Context, f CustomerFilter, after string, limit int) (page []greenlang.Customer, err error) {
	var q query
	q.where("id > ?", after)
	if f.Region != "" {
		q.where("home_region = ?", f.Region)
	}
	if f.Plan != "" {
		q.where("plan = ?", f.Plan)
	}
	sql := q.sql(`SELECT `+customerColumns+` FROM customers`, `ORDER BY id`, limit)
	err = s.do(ctx, "list customers", func(ctx context.Context, c *pgxpool.Conn) error {
		rows, err := c.Query(ctx, sql, q.args...)
		if err != nil {
			return err
		}
		page, err = pgx.CollectRows(rows, func(r pgx.CollectableRow) (greenlang.Customer, error) { return scanCustomer(r) })
		return err
	})
	return page, err
}

func scanCustomer(r pgx.Row) (c greenlang.Customer, err error) {
	err = r.Scan(&c.ID, &c.Tenant, &c.Plan, &c.HomeRegion, &c.Cell, &c.CreatedAt)
	c.CreatedAt = c.CreatedAt.UTC()
	return c, err
}
