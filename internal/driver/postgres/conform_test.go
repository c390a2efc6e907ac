package postgres_test

import (
	"context"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/driver/postgres"
	"github.com/greenlang/fournines/internal/greenlang/enginetest"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
)

const unproved = "that write probes tell a primary from a standby, from one that hangs and from one that is gone"

// silence is how long nothing may move; a frozen server is given up after it.
const silence = 2 * time.Second

// heartbeats lays what the members' bootstrap lays: the role of probes and their table.
func heartbeats(t *testing.T, p *enginetest.Postgres) {
	t.Helper()
	_, sql := patroni.Member{Secrets: patroni.Secrets{Probe: "secret"}}.Bootstrap()
	for statement := range strings.SplitSeq(sql, ";\n") {
		if statement = strings.ReplaceAll(statement, "SET ROLE "+patroni.ProbeUser, ""); strings.TrimSpace(statement) != "" && !strings.HasPrefix(statement, "RESET") {
			p.Exec(t, "postgres", statement)
		}
	}
	p.Exec(t, "postgres", "ALTER TABLE fournines.heartbeat OWNER TO "+patroni.ProbeUser)
}

// What a probe says of a real server, as it becomes one after another.
func TestProbeConforms(t *testing.T) {
	t.Parallel()
	server := enginetest.StartPostgres(t, unproved)
	p := postgres.Prober{Observer: "one", User: patroni.ProbeUser, Password: "secret", Database: "postgres"}
	ask := func(writable bool, complaint string) {
		t.Helper()
		is, err := p.Probe(t.Context(), server.Address, silence)
		if is != writable || (err == nil) != (complaint == "") || err != nil && !strings.Contains(err.Error(), complaint) {
			t.Fatalf("writable %v, %v; want %v, %q", is, err, writable, complaint)
		}
	}
	ask(false, patroni.ProbeUser) // the server answers that it has no such role: the error names it
	heartbeats(t, server)
	if at, err := p.Newest(t.Context(), server.Address, silence); err != nil || !at.IsZero() {
		t.Fatalf("nobody wrote, and the newest is %v, %v", at, err)
	}
	ask(true, "")
	first, err := p.Newest(t.Context(), server.Address, silence)
	if err != nil || first.IsZero() {
		t.Fatalf("%v %v", first, err)
	}
	ask(true, "")
	if n := server.Count(t, "postgres", "SELECT count(*) FROM fournines.heartbeat"); n != 1 {
		t.Fatalf("one observer has %d heartbeats", n)
	}
	if next, err := p.Newest(t.Context(), server.Address, silence); err != nil || !next.After(first) {
		t.Fatalf("the newest is %v after %v: %v", next, first, err)
	}
	// A write that fails accuses nobody: the server answers.
	server.Exec(t, "postgres", "ALTER TABLE fournines.heartbeat OWNER TO greenlang", "REVOKE ALL ON fournines.heartbeat FROM "+patroni.ProbeUser)
	ask(false, "")
	server.Exec(t, "postgres", "GRANT ALL ON fournines.heartbeat TO "+patroni.ProbeUser)
	ask(true, "")

	server.Recover(t)
	ask(false, "")
	if at, err := p.Newest(t.Context(), server.Address, silence); err != nil || at.Before(first) {
		t.Fatalf("a standby has heartbeats up to %v: %v", at, err)
	}

	server.Freeze()
	began := time.Now()
	ask(false, server.Address)
	if took := time.Since(began); took < silence {
		t.Errorf("a server that hangs was given up after %v, sooner than %v", took, silence)
	}
	if _, err := p.Newest(t.Context(), server.Address, silence); err == nil {
		t.Error("a server that hangs tells its newest heartbeat")
	}
	server.Thaw()
	ask(false, "")
	server.Kill()
	ask(false, server.Address)
}

// A probe ends with its context, also while the server says nothing.
func TestProbeEndsWithItsContext(t *testing.T) {
	t.Parallel()
	mute, err := net.Listen("tcp", loopback.Free(t))
	if err != nil {
		t.Fatal(err)
	}
	defer mute.Close() //nolint:errcheck // the test is over
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() {
		_, err := postgres.Prober{User: "x", Database: "x"}.Probe(ctx, mute.Addr().String(), time.Hour)
		ended <- err
	}()
	conn, err := mute.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // the test is over
	cancel()
	if err := <-ended; err == nil {
		t.Error("it says that all is well")
	}
}
