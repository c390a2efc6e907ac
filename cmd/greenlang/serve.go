package main

import (
	"log/slog"
	"os"
	"time"

	"github.com/greenlang/fournines/internal/greenlang/serve"
	"github.com/spf13/cobra"
)

func serveCommand() *cobra.Command {
	var o serve.Options
	c := &cobra.Command{Use: "serve", Short: "Serve the API until SIGTERM", Args: arguments(cobra.NoArgs)}
	f := c.Flags()
	f.StringVar(&o.Listen, "listen", environment("GREENLANG_LISTEN", "127.0.0.1:8080"), "host:port to listen on (GREENLANG_LISTEN)")
	f.StringVar(&o.Zone, "zone", environment("GREENLANG_ZONE", ""), "zone it runs in (GREENLANG_ZONE)")
	f.StringVar(&o.Version, "release", environment("GREENLANG_VERSION", version()), "version it says it is (GREENLANG_VERSION)")
	f.StringVar(&o.TokenFile, "token-file", environment("GREENLANG_TOKEN_FILE", ""), "file with the API's bearer token (GREENLANG_TOKEN_FILE)")
	f.StringVar(&o.Redis.Address, "redis", environment("GREENLANG_REDIS", "127.0.0.1:6379"), "host:port that leads to the master (GREENLANG_REDIS)")
	f.StringVar(&o.Redis.PasswordFile, "redis-password-file", environment("GREENLANG_REDIS_PASSWORD_FILE", ""), "file with its password (GREENLANG_REDIS_PASSWORD_FILE)")
	f.StringVar(&o.Audit.URL, "audit", environment("GREENLANG_AUDIT_URL", ""), "address of the platform's server, which takes the audit trail; none: there is no trail (GREENLANG_AUDIT_URL)")
	f.StringVar(&o.Audit.TokenFile, "audit-token-file", environment("GREENLANG_AUDIT_TOKEN_FILE", ""), "file with this application's token there (GREENLANG_AUDIT_TOKEN_FILE)")
	f.StringVar(&o.Audit.Spool, "audit-spool", environment("GREENLANG_AUDIT_SPOOL", ""), "directory in which audit events wait for the server (GREENLANG_AUDIT_SPOOL)")
	f.DurationVar(&o.Deadline, "deadline", 5*time.Second, "time a request may take, retries included")
	f.DurationVar(&o.Grace, "grace", 30*time.Second, "time it stays ready while nothing can be read")
	f.DurationVar(&o.DrainDelay, "drain-delay", time.Second, "time between readiness failing and the listener closing")
	f.BoolVar(&o.AllowMisbehave, "allow-misbehave", false, "serve /debug/misbehave, for drills")
	postgres := postgresFlags(c)
	c.RunE = func(c *cobra.Command, _ []string) error {
		o.Postgres, o.Log = *postgres, slog.New(slog.NewJSONHandler(os.Stderr, nil))
		s, err := serve.New(o)
		if err != nil {
			return err
		}
		defer s.Close()
		return s.Run(c.Context())
	}
	return c
}
