package enginetest

import (
	"context"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"

	"github.com/greenlang/fournines/internal/platformtest/loopback"
)

// Postgres is one real PostgreSQL server with the role and database greenlang.
type Postgres struct {
	Address string // host:port
	bin     string
	dir     string
	sockets string // directory of its Unix socket; empty: it has none
	process *process
}

// StartPostgres makes a new cluster and starts it; the test's end stops and
// removes it. unproved says what is not proved when there is no PostgreSQL.
func StartPostgres(t testing.TB, unproved string) *Postgres {
	t.Helper()
	return StartPostgresWith(t, unproved, "", nil)
}

// StartPostgresWith is [StartPostgres] with settings of its own, and with a Unix socket in a
// directory; empty: without one.
func StartPostgresWith(t testing.TB, unproved, sockets string, settings map[string]string) *Postgres {
	t.Helper()
	initdb := locate(t, "initdb", unproved, "usr/lib/postgresql/1[5-9]/bin")
	p := &Postgres{Address: loopback.Free(t), bin: filepath.Dir(initdb), dir: folder(t), sockets: sockets}
	// No-sync is for making the empty cluster only; the server itself syncs.
	cmd := command(p.dir, initdb, "-D", p.dir, "-U", "greenlang", "-A", "trust", "-E", "UTF8", "--locale=C", "--no-sync", "--data-checksums")
	if out, err := cmd.CombinedOutput(); err != nil {
		t.Fatalf("initdb: %v\n%s", err, out)
	}
	p.configure(t, settings)
	// Here and not in Start, which a part of a test may call that ends before the test does.
	t.Cleanup(func() { p.Kill() })
	p.Start(t)
	p.Exec(t, "postgres", `CREATE DATABASE greenlang`)
	return p
}

// OpenPostgres starts a server in a data directory that holds a cluster, which the engines' user
// owns; the test's end stops it and leaves the directory.
func OpenPostgres(t testing.TB, unproved, dir string) *Postgres {
	t.Helper()
	p := &Postgres{Address: loopback.Free(t), bin: PostgresPrograms(t, unproved), dir: dir}
	t.Cleanup(func() { p.Kill() })
	p.Start(t)
	return p
}

// Dir is the server's data directory.
func (p *Postgres) Dir() string { return p.dir }

// configure adds settings to the server's file, where ALTER SYSTEM can change them.
func (p *Postgres) configure(t testing.TB, settings map[string]string) {
	t.Helper()
	f, err := os.OpenFile(filepath.Join(p.dir, "postgresql.conf"), os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	for name, value := range settings {
		_, werr := fmt.Fprintf(f, "%s = '%s'\n", name, strings.ReplaceAll(value, "'", "''"))
		err = errors.Join(err, werr)
	}
	if err := errors.Join(err, f.Close()); err != nil {
		t.Fatal(err)
	}
}

// Start starts the server again after Kill, on the same address, and waits until
// it answers.
func (p *Postgres) Start(t testing.TB) {
	t.Helper()
	host, port, err := net.SplitHostPort(p.Address)
	if err != nil {
		t.Fatal(err)
	}
	p.process = start(t, p.dir, filepath.Join(p.bin, "postgres"), "postgres", "-D", p.dir, "-h", host, "-p", port,
		"-c", "unix_socket_directories="+p.sockets, "-c", "shared_buffers=32MB", "-c", "max_connections=60", "-c", "restart_after_crash=off")
	err = await(func() error { return p.exec("postgres", `SELECT 1`) }, p.process.exited)
	if err != nil {
		t.Fatalf("start postgres: %v\n%s", err, p.process.out.String())
	}
}

// Kill ends the server and all its sessions at once, as a lost machine would.
func (p *Postgres) Kill() {
	if p.process != nil {
		p.process.signal(syscall.SIGKILL)
	}
}

// Stop ends the server cleanly, with all its sessions.
func (p *Postgres) Stop(t testing.TB) {
	t.Helper()
	_ = p.process.cmd.Process.Signal(syscall.SIGINT) // fails only when it is gone
	select {
	case <-p.process.exited:
	case <-time.After(startDeadline):
		t.Fatalf("postgres has not ended after %s\n%s", startDeadline, p.process.out.String())
	}
}

// Freeze lets the server and its sessions hang, as on a machine without a disk.
func (p *Postgres) Freeze() { p.process.signal(syscall.SIGSTOP) }

// Thaw ends Freeze.
func (p *Postgres) Thaw() { p.process.signal(syscall.SIGCONT) }

// Cramp puts a disk of so many bytes where the server writes what does not fit into memory,
// and tells how to take it away. Only root may.
func (p *Postgres) Cramp(t testing.TB, bytes int, flags uintptr) (release func()) {
	t.Helper()
	dir := filepath.Join(p.dir, "base", "pgsql_tmp")
	if err := os.MkdirAll(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := syscall.Mount("fournines", dir, "tmpfs", flags, fmt.Sprintf("size=%d,mode=0777", bytes)); err != nil {
		t.Fatal(err)
	}
	var once sync.Once
	release = func() { once.Do(func() { _ = syscall.Unmount(dir, syscall.MNT_DETACH) }) }
	t.Cleanup(release)
	return release
}

// Recover starts the server anew as one in recovery, which takes no writes.
func (p *Postgres) Recover(t testing.TB) {
	t.Helper()
	p.Kill()
	if err := os.WriteFile(filepath.Join(p.dir, "standby.signal"), nil, 0o600); err != nil {
		t.Fatal(err)
	}
	p.Start(t)
}

// Admit starts the server anew with rules of pg_hba.conf before the one that trusts everybody.
func (p *Postgres) Admit(t testing.TB, rules ...string) {
	t.Helper()
	p.Kill()
	lines := strings.Join(append(rules, "host all all all trust"), "\n") + "\n" //nolint:dupword // databases, users, addresses
	if err := os.WriteFile(filepath.Join(p.dir, "pg_hba.conf"), []byte(lines), 0o600); err != nil {
		t.Fatal(err)
	}
	p.Start(t)
}

// Exec runs statements in a database as a superuser, past the application.
func (p *Postgres) Exec(t testing.TB, database string, statements ...string) {
	t.Helper()
	for _, s := range statements {
		if err := p.exec(database, s); err != nil {
			t.Fatalf("exec %q: %v", s, err)
		}
	}
}

// Count runs a query that returns one number.
func (p *Postgres) Count(t testing.TB, database, query string) (n int) {
	t.Helper()
	err := p.session(database, func(ctx context.Context, c *pgx.Conn) error { return c.QueryRow(ctx, query).Scan(&n) })
	if err != nil {
		t.Fatalf("count %q: %v", query, err)
	}
	return n
}

// Database makes an empty database of its own for a test that shares the server.
func (p *Postgres) Database(t testing.TB, name string) string {
	t.Helper()
	p.Exec(t, "postgres", fmt.Sprintf(`CREATE DATABASE %s`, pgx.Identifier{name}.Sanitize()))
	return name
}

func (p *Postgres) exec(database, statement string) error {
	return p.session(database, func(ctx context.Context, c *pgx.Conn) error {
		_, err := c.Exec(ctx, statement)
		return err
	})
}

func (p *Postgres) session(database string, use func(context.Context, *pgx.Conn) error) error {
	ctx, cancel := context.WithTimeout(context.Background(), startDeadline)
	defer cancel()
	c, err := pgx.Connect(ctx, fmt.Sprintf("postgres://greenlang@%s/%s?sslmode=disable&connect_timeout=5", p.Address, database))
	if err != nil {
		return err
	}
	defer c.Close(ctx)
	return use(ctx, c)
}
