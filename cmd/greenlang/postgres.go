package main

import (
	"github.com/greenlang/fournines/internal/greenlang/store"
	"github.com/spf13/cobra"
)

// postgresFlags adds the flags that say where PostgreSQL is. There is none for
// the password: arguments are for everybody to read.
func postgresFlags(c *cobra.Command) *store.Options {
	o := &store.Options{}
	f := c.Flags()
	f.StringVar(&o.Address, "postgres", environment("GREENLANG_POSTGRES", "127.0.0.1:5432"), "host:port that leads to the primary (GREENLANG_POSTGRES)")
	f.StringVar(&o.PasswordFile, "postgres-password-file", environment("GREENLANG_POSTGRES_PASSWORD_FILE", ""), "file with its password (GREENLANG_POSTGRES_PASSWORD_FILE; else PGPASSFILE)")
	f.StringVar(&o.Database, "postgres-database", environment("GREENLANG_POSTGRES_DATABASE", "greenlang"), "database (GREENLANG_POSTGRES_DATABASE)")
	f.StringVar(&o.User, "postgres-user", environment("GREENLANG_POSTGRES_USER", "greenlang"), "user (GREENLANG_POSTGRES_USER)")
	f.StringVar(&o.SSLMode, "postgres-sslmode", environment("PGSSLMODE", "disable"), "libpq's sslmode (PGSSLMODE)")
	return o
}
