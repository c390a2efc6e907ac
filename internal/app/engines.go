package app

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
	"github.com/greenlang/fournines/internal/spec"
)

// Programs are the engines' programs on this machine, found and checked.
type Programs struct {
	PostgresBin string            `json:"postgres_bin"` // directory
	Patroni     string            `json:"patroni"`
	Redis       string            `json:"redis"`
	Kafka       kafka.Java        `json:"kafka,omitzero"`      // empty where it is not installed
	Libraries   string            `json:"libraries,omitempty"` // LD_LIBRARY_PATH of engines that were unpacked
	Versions    map[string]string `json:"versions"`
}

// EnginesRoot is where `make engines` puts what the machine lacks.
func EnginesRoot() string {
	if dir := os.Getenv("FOURNINES_ENGINES"); dir != "" {
		return dir
	}
	if os.Getuid() == 0 {
		return "/var/lib/fournines/engines"
	}
	data := os.Getenv("XDG_DATA_HOME")
	if data == "" {
		data = filepath.Join(os.Getenv("HOME"), ".local", "share")
	}
	return filepath.Join(data, "fournines", "engines")
}

// FindPrograms looks the engines up, the system's own before those in root, and
// refuses what is missing or too old with what to do.
func FindPrograms(ctx context.Context, root string) (Programs, error) {
	p := Programs{Versions: map[string]string{}, Patroni: filepath.Join(root, "patroni", "bin", "patroni")}
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
	if java, err := kafka.FindJava(root); err == nil { // whether it is needed says the platform, see Serve
		p.Kafka = java
		p.Versions[Kafka] = java.Version()
	}
	return p, p.check(ctx)
}

// Serve tells whether the programs are enough for what a platform declares. PostgreSQL,
// Patroni and Redis are always needed, and [FindPrograms] refuses without them.
func (p *Programs) Serve(e spec.Engines) error {
	if e.Kafka.Brokers == 0 || p.Kafka.Program != "" {
		return nil
	}
	_, err := kafka.FindJava(EnginesRoot())
	return fmt.Errorf("the platform declares %d Kafka brokers for each region, and there is no Kafka: %w; run `make engines`, then again, or declare spec.engines.kafka.brokers: 0", e.Kafka.Brokers, err)
}

func (p *Programs) check(ctx context.Context) error {
	var errs []error
	if p.PostgresBin == "" {
		errs = append(errs, errors.New("PostgreSQL 15, 16 or 17 is not installed"))
	} else if v, err := p.version(ctx, filepath.Join(p.PostgresBin, "postgres")); err != nil {
		errs = append(errs, err)
	} else {
		p.Versions[Postgres] = v
	}
	if v, err := p.version(ctx, p.Redis); err != nil {
		errs = append(errs, errors.New("Redis is not installed"))
	} else {
		p.Versions[Redis] = v
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

func (p *Programs) version(ctx context.Context, program string) (string, error) {
	cmd := exec.CommandContext(ctx, program, "--version")
	cmd.Env = p.Env()
	out, err := cmd.Output()
	if err != nil {
		return "", fmt.Errorf("ask %s for its version: %w", program, err)
	}
	for _, f := range strings.Fields(string(out)) {
		if f = strings.TrimPrefix(f, "v="); f[0] >= '0' && f[0] <= '9' {
			return f, nil
		}
	}
	return strings.TrimSpace(string(out)), nil
}

// Env is the environment that engines run in: ours is not theirs, it may hold secrets.
func (p *Programs) Env() []string {
	env := []string{"PATH=" + p.PostgresBin + ":/usr/local/bin:/usr/bin:/bin", "LANG=C.UTF-8", "LC_ALL=C.UTF-8", "TZ=UTC"}
	if p.Libraries != "" {
		env = append(env, "LD_LIBRARY_PATH="+p.Libraries)
	}
	return env
}
