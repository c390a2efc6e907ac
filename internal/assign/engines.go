package assign

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"

	"github.com/greenlang/fournines/internal/driver/kafka"
	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/driver/pgbackrest"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/spec"
)

// FindPrograms looks the engines up, the system's own before those in root, and
// refuses what is missing or too old with what to do.
func FindPrograms(ctx context.Context, root string) (place.Programs, error) {
	p := place.Programs{Versions: map[string]string{}, Patroni: filepath.Join(root, "patroni", "bin", "patroni")}
	if arch := map[string]string{"amd64": "x86_64", "arm64": "aarch64"}[runtime.GOARCH]; arch != "" {
		lib := filepath.Join(root, "usr", "lib", arch+"-linux-gnu")
		if _, err := os.Stat(lib); err == nil {
			p.Libraries = lib
		}
	}
	for _, base := range []string{"/", root} {
		for _, v := range []string{"15", "16", "17"} {
			dir := filepath.Join(base, "usr", "lib", "postgresql", v, "bin")
			if _, err := os.Stat(filepath.Join(dir, "postgres")); err == nil && p.PostgresBin == "" {
				p.PostgresBin = dir
			}
		}
	}
	p.Redis = filepath.Join(root, "usr", "bin", "redis-server")
	if path, err := exec.LookPath("redis-server"); err == nil {
		p.Redis = path
	}
	p.PgBackRest = filepath.Join(root, "usr", "bin", "pgbackrest")
	if path, err := exec.LookPath("pgbackrest"); err == nil {
		p.PgBackRest = path
	}
	if java, err := kafka.FindJava(root); err == nil { // whether it is needed says the platform, see Serve
		p.Kafka = place.Java(java)
		p.Versions[place.Kafka] = java.Version()
	}
	return p, check(&p, ctx)
}

// Suffice tells whether the programs are enough for what a platform declares. PostgreSQL,
// Patroni, pgBackRest and Redis are always needed, and [FindPrograms] refuses without them.
func Suffice(p place.Programs, e spec.Engines) error {
	if e.Kafka.Brokers == 0 || p.Kafka.Program != "" {
		return nil
	}
	_, err := kafka.FindJava(place.EnginesRoot())
	return fmt.Errorf("the platform declares %d Kafka brokers for each region, and there is no Kafka: %w; run `make engines`, then again, or declare spec.engines.kafka.brokers: 0", e.Kafka.Brokers, err)
}

func check(p *place.Programs, ctx context.Context) error {
	var errs []error
	if p.PostgresBin == "" {
		errs = append(errs, errors.New("PostgreSQL 15, 16 or 17 is not installed"))
	} else if v, err := version(p, ctx, filepath.Join(p.PostgresBin, "postgres")); err != nil {
		errs = append(errs, err)
	} else {
		p.Versions[place.Postgres] = v
	}
	if v, err := version(p, ctx, p.Redis); err != nil {
		errs = append(errs, errors.New("no Redis is installed"))
	} else {
		p.Versions[place.Redis] = v
	}
	if _, err := os.Stat(p.PgBackRest); err != nil {
		errs = append(errs, errors.New("pgBackRest is not installed in "+p.PgBackRest))
	} else if v, err := pgbackrest.CheckVersion(ctx, p.PgBackRest, p.Env()); err != nil {
		errs = append(errs, err)
	} else {
		p.Versions["pgbackrest"] = v
	}
	if _, err := os.Stat(p.Patroni); err != nil {
		errs = append(errs, errors.New("Patroni is not installed in "+p.Patroni))
	} else if v, err := patroni.CheckVersion(ctx, p.Patroni); err != nil {
		errs = append(errs, err)
	} else {
		p.Versions["patroni"] = v
	}
	if len(errs) > 0 {
		return fmt.Errorf("engines are missing; run `make engines`, then again: %w", errors.Join(errs...))
	}
	return nil
}

func version(p *place.Programs, ctx context.Context, program string) (string, error) {
	cmd := exec.CommandContext(ctx, program, "--version")
	cmd.Env = p.Env()
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("ask %s for its version: %w", program, err)
	}
	for f := range strings.FieldsSeq(string(out)) {
		if f = strings.TrimPrefix(f, "v="); f[0] >= '0' && f[0] <= '9' {
			return f, nil
		}
	}
	return strings.TrimSpace(string(out)), nil
}
