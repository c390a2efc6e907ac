package postgres_test

import (
	"context"
	"fmt"
	"net"
	"os"
	"strings"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/driver/postgres"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/greenlang/enginetest"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
	"github.com/greenlang/fournines/internal/platformtest/strict"
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
	ask := func(outcome fact.Outcome, writable bool, complaint string) {
		t.Helper()
		got := p.Probe(t.Context(), server.Address, silence)
		if got.Outcome != outcome || got.Writable != writable || (got.Error == "") != (complaint == "") || !strings.Contains(got.Error, complaint) {
			t.Fatalf("%+v; want %s, writable %v, %q", got, outcome, writable, complaint)
		}
	}
	ask(fact.Refuses, false, patroni.ProbeUser) // the server answers that it has no such role: the error names it
	heartbeats(t, server)
	if at, err := p.Newest(t.Context(), server.Address, silence); err != nil || !at.IsZero() {
		t.Fatalf("nobody wrote, and the newest is %v, %v", at, err)
	}
	ask(fact.Serves, true, "")
	first, err := p.Newest(t.Context(), server.Address, silence)
	if err != nil || first.IsZero() {
		t.Fatalf("%v %v", first, err)
	}
	ask(fact.Serves, true, "")
	if n := server.Count(t, "postgres", "SELECT count(*) FROM fournines.heartbeat"); n != 1 {
		t.Fatalf("one observer has %d heartbeats", n)
	}
	if next, err := p.Newest(t.Context(), server.Address, silence); err != nil || !next.After(first) {
		t.Fatalf("the newest is %v after %v: %v", next, first, err)
	}
	// A write that fails accuses nobody: the server answers.
	server.Exec(t, "postgres", "ALTER TABLE fournines.heartbeat OWNER TO greenlang", "REVOKE ALL ON fournines.heartbeat FROM "+patroni.ProbeUser)
	ask(fact.Serves, false, "permission denied")
	server.Exec(t, "postgres", "GRANT ALL ON fournines.heartbeat TO "+patroni.ProbeUser, "ALTER ROLE "+patroni.ProbeUser+" SET default_transaction_read_only = on")
	ask(fact.Serves, false, "read-only transaction")
	server.Exec(t, "postgres", "ALTER ROLE "+patroni.ProbeUser+" RESET default_transaction_read_only")
	ask(fact.Serves, true, "")

	refusals(t, server, ask)
	cramped(t, server, ask, true)

	admin := postgres.Admin{User: "greenlang", Database: "postgres"}
	if starves, err := admin.Starves(t.Context(), server.Address, silence); err != nil || starves {
		t.Errorf("a primary starves: %v, %v", starves, err)
	}
	server.Recover(t)
	ask(fact.Serves, false, "")
	enginetest.Await(t, "a standby that nobody sends more of the log starves", func() error {
		if starves, err := admin.Starves(t.Context(), server.Address, silence); err != nil || !starves {
			return fmt.Errorf("%v, %w", starves, err)
		}
		return nil
	})
	cramped(t, server, ask, false)
	if at, err := p.Newest(t.Context(), server.Address, silence); err != nil || at.Before(first) {
		t.Fatalf("a standby has heartbeats up to %v: %v", at, err)
	}

	server.Freeze()
	began := time.Now()
	ask(fact.Hangs, false, server.Address)
	if took := time.Since(began); took < silence {
		t.Errorf("a server that hangs was given up after %v, sooner than %v", took, silence)
	}
	if _, err := p.Newest(t.Context(), server.Address, silence); err == nil {
		t.Error("a server that hangs tells its newest heartbeat")
	}
	server.Thaw()
	ask(fact.Serves, false, "")
	server.Kill()
	ask(fact.Gone, false, server.Address)
}

// cramped lets the server find no room for anything, for want of it or because nothing may be
// written at all: it lives, and cannot store what it is told. A heartbeat alone would not notice.
func cramped(t *testing.T, server *enginetest.Postgres, ask func(fact.Outcome, bool, string), writable bool) {
	t.Helper()
	if os.Geteuid() != 0 {
		strict.Skip(t, "that write probes notice a full disk", "only root may mount; run the tests as root")
	}
	release := server.Cramp(t, 32<<10, 0)
	ask(fact.Full, false, "53100")
	release()
	ask(fact.Serves, writable, "")
	release = server.Cramp(t, 1<<20, unix.MS_RDONLY)
	ask(fact.Full, false, "Read-only file system")
	release()
	ask(fact.Serves, writable, "")
}

// refusals makes a living server refuse its observer, in each way that has been seen: none of
// them accuses it.
func refusals(t *testing.T, server *enginetest.Postgres, ask func(fact.Outcome, bool, string)) {
	t.Helper()
	role := "ALTER ROLE " + patroni.ProbeUser
	server.Admit(t, "host all "+patroni.ProbeUser+" all reject")
	ask(fact.Refuses, false, "28000")
	server.Admit(t, "host all "+patroni.ProbeUser+" all scram-sha-256")
	ask(fact.Serves, true, "")
	for _, c := range []struct{ begin, complaint, end string }{
		{role + " VALID UNTIL '2020-01-01'", "28P01", role + " VALID UNTIL 'infinity'"},
		{role + " PASSWORD 'another'", "28P01", role + " PASSWORD 'secret'"},
		{role + " NOLOGIN", "28000", role + " LOGIN"},
		{role + " CONNECTION LIMIT 0", "53300", role + " CONNECTION LIMIT -1"},
	} {
		server.Exec(t, "postgres", c.begin)
		ask(fact.Refuses, false, c.complaint)
		server.Exec(t, "postgres", c.end)
		ask(fact.Serves, true, "")
	}
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
	ended := make(chan fact.ProbeResult, 1)
	go func() {
		ended <- postgres.Prober{User: "x", Database: "x"}.Probe(ctx, mute.Addr().String(), time.Hour)
	}()
	conn, err := mute.Accept()
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close() //nolint:errcheck // the test is over
	cancel()
	if got := <-ended; got.Outcome != fact.Unseen {
		t.Errorf("a probe that was called off says %+v", got)
	}
}

// A server that is not PostgreSQL's, and an observer that cannot look, accuse nobody.
func TestProbesOfStrangers(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		says string
		want fact.Outcome
	}{
		"closes without a word": {"", fact.Unseen},
		"speaks HTTP":           {"HTTP/1.1 400 Bad Request\r\n\r\n", fact.Refuses},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			l, err := net.Listen("tcp", loopback.Free(t))
			if err != nil {
				t.Fatal(err)
			}
			defer l.Close() //nolint:errcheck // the test is over
			go func() {
				for {
					conn, err := l.Accept()
					if err != nil {
						return
					}
					_, _ = conn.Read(make([]byte, 1024)) // its first packet, so that closing sends no reset
					_, _ = conn.Write([]byte(c.says))
					_ = conn.Close()
				}
			}()
			if got := (postgres.Prober{User: "x", Database: "x"}).Probe(t.Context(), l.Addr().String(), silence); got.Outcome != c.want {
				t.Errorf("%+v, want %s", got, c.want)
			}
		})
	}
	if got := (postgres.Prober{User: "x", Database: "x"}).Probe(t.Context(), "256.0.0.1:5432", silence); got.Outcome != fact.Unseen {
		t.Errorf("an address that is none: %+v", got)
	}
}
