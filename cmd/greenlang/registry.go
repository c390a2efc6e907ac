package main

import (
	"context"
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/greenlang/store"
	"github.com/spf13/cobra"
)

func migrateCommand() *cobra.Command {
	c := &cobra.Command{Use: "migrate", Short: "Bring the schema to this version; does nothing when it is there", Args: arguments(cobra.NoArgs)}
	o, patience := postgresFlags(c), patienceFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		var steps int
		err := withStore(c.Context(), *o, *patience, func(ctx context.Context, s *store.Store) (err error) {
			steps, err = s.Migrate(ctx)
			return err
		})
		if err != nil {
			return err
		}
		return say(c, map[string]int{"steps": steps}, fmt.Sprintf("schema is up to date, %d steps taken", steps))
	}
	return c
}

func seedCommand() *cobra.Command {
	var p store.SeedPlan
	c := &cobra.Command{Use: "seed", Short: "Make customers and agents where they are missing", Args: arguments(cobra.NoArgs)}
	c.Flags().IntVar(&p.Customers, "customers", 50000, "how many customers")
	c.Flags().IntVar(&p.Agents, "agents", 10000, "how many agents")
	c.Flags().Uint64Var(&p.Seed, "seed", 1, "which registry; the same seed makes the same one")
	o, patience := postgresFlags(c), patienceFlag(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		if err := p.Check(); err != nil {
			return usageError{err}
		}
		var done store.Seeded
		err := withStore(c.Context(), *o, *patience, func(ctx context.Context, s *store.Store) (err error) {
			done, err = s.Seed(ctx, p)
			return err
		})
		if err != nil {
			return err
		}
		return say(c, done, fmt.Sprintf("%d customers and %d agents added", done.Customers, done.Agents))
	}
	return c
}

func patienceFlag(c *cobra.Command) *time.Duration {
	return c.Flags().Duration("wait", time.Minute, "how long to wait for PostgreSQL")
}

func withStore(ctx context.Context, o store.Options, patience time.Duration, use func(context.Context, *store.Store) error) error {
	s, err := store.Open(o)
	if err != nil {
		return err
	}
	defer s.Close()
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	return use(ctx, s)
}
