package patroni_test

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"net"
	"strings"
	"testing"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"

	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/driver/postgres"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/greenlang/enginetest"
)

// connect opens a session; close it or let the test end it.
func connect(t *testing.T, address, role, password, database string) (*pgx.Conn, error) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 30*time.Second)
	defer cancel()
	config, err := pgx.ParseConfig("postgres://" + address + "/?sslmode=disable&application_name=test")
	if err != nil {
		t.Fatal(err)
	}
	config.User, config.Password, config.Database = role, password, database
	c, err := pgx.ConnectConfig(ctx, config)
	if err == nil {
		t.Cleanup(func() { _ = c.Close(context.WithoutCancel(ctx)) })
	}
	return c, err
}

// code is the SQLSTATE of an error.
func code(err error) string {
	if e, ok := errors.AsType[*pgconn.PgError](err); ok {
		return e.Code
	}
	return fmt.Sprint(err)
}

// crowd makes many databases of others: each takes sessions, and it is said that there are too
// many.
func crowd(t *testing.T, admin postgres.Admin, address string, exec func(string), look func() fact.PostgresConnections, free func(string)) {
	t.Helper()
	for i := range 10 {
		exec(fmt.Sprintf("CREATE DATABASE more%d OWNER hand", i))
	}
	if _, err := admin.Bound(t.Context(), address, 10*time.Second); err != nil {
		t.Error(err)
	}
	for i := range 10 {
		c, err := connect(t, address, "hand", "h", fmt.Sprintf("more%d", i))
		if err != nil {
			t.Errorf("the owner of one of many databases is locked out: %v", err)
			continue
		}
		_ = c.Close(t.Context())
	}
	if l := look(); len(l.Differs) > 0 || !strings.Contains(l.Crowded, "11 databases that the platform did not make may have 18 sessions") {
		t.Errorf("%q, %q", l.Differs, l.Crowded)
	}
	free("databases are many")
}

// Whatever roles do that are not the platform's own, a probe and a superuser connect to a
// cluster of ours; and limits that somebody changes are seen, and come back.
func TestConnectionsAreKeptFree(t *testing.T) {
	t.Parallel()
	c := startCluster(t)
	leader := c.await("one leads and the other is in sync", func(fact.PostgresLock) bool { return true }).Leader
	address := c.address[leader]
	admin := postgres.Admin{User: patroni.SuperUser, Password: "s", Database: "postgres", Limits: postgres.Limits{Probe: patroni.ProbeUser, Applications: []string{"app"}}}
	look := func() fact.PostgresConnections {
		t.Helper()
		l, err := admin.Look(t.Context(), address, 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		return l
	}
	probe := postgres.Prober{Observer: "test", User: patroni.ProbeUser, Password: "p", Database: "postgres"}
	free := func(while string) {
		t.Helper()
		if seen := probe.Probe(t.Context(), address, 10*time.Second); !seen.Writable {
			t.Errorf("a probe while %s: %+v", while, seen)
		}
		person, err := connect(t, address, patroni.SuperUser, "s", "postgres")
		if err != nil {
			t.Errorf("a superuser while %s: %v", while, err)
			return
		}
		_ = person.Close(t.Context())
	}
	if l := look(); len(l.Differs) > 0 || l.Roles["app"] != postgres.Share(1) || l.Databases["app"] != postgres.Share(1) {
		t.Errorf("after bootstrap %+v", l)
	}
	if bounded, err := c.lock.Bounded(t.Context()); err != nil || !bounded {
		t.Errorf("the configuration is bounded: %v %v", bounded, err)
	}

	// A role made by hand has no limit of its own.
	person, err := connect(t, address, patroni.SuperUser, "s", "postgres")
	if err != nil {
		t.Fatal(err)
	}
	exec := func(statement string) {
		t.Helper()
		if _, err := person.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	exec("CREATE ROLE hand LOGIN PASSWORD 'h'")
	exec("CREATE DATABASE other OWNER hand")
	settings := map[string]string{}
	for _, name := range []string{"max_connections", "superuser_reserved_connections", "authentication_timeout"} {
		var value string
		if err := person.QueryRow(t.Context(), "SELECT current_setting($1)", name).Scan(&value); err != nil {
			t.Fatal(err)
		}
		settings[name] = value
	}
	if settings["max_connections"] != "100" || settings["superuser_reserved_connections"] != "5" || settings["authentication_timeout"] != "10s" {
		t.Errorf("%v", settings)
	}
	// Its new database takes any number until the platform has looked.
	if l := look(); len(l.Differs) != 1 || !strings.Contains(l.Differs[0], "database other takes any number of sessions instead of 8") {
		t.Errorf("a new database: %q", l.Differs)
	}
	if changed, err := admin.Bound(t.Context(), address, 10*time.Second); err != nil || len(changed) != 1 {
		t.Errorf("bound: %q %v", changed, err)
	}

	opened, refused := map[string]int{}, map[string]int{}
	for _, try := range []struct{ role, password, database string }{
		{"hand", "h", "postgres"}, {"hand", "h", "template1"}, {"app", "it's", "postgres"}, {"app", "it's", "app"}, {"hand", "h", "app"}, {"hand", "h", "other"},
	} {
		for range 200 {
			if _, err := connect(t, address, try.role, try.password, try.database); err == nil {
				opened[try.role+"@"+try.database]++
			} else {
				refused[try.role+"@"+try.database+" "+code(err)]++
			}
		}
		free(fmt.Sprintf("role %s has asked for 200 sessions of %s", try.role, try.database))
	}
	t.Logf("opened %v, refused %v", opened, refused)
	if opened["app@app"] != postgres.Share(1) || refused["app@app 53300"] != 200-postgres.Share(1) || opened["hand@app"] != 0 || opened["hand@other"] != postgres.ForOthers {
		t.Errorf("opened %v, refused %v", opened, refused)
	}
	for _, right := range []string{"hand@postgres", "hand@template1", "app@postgres"} {
		if refused[right+" 42501"] != 200 {
			t.Errorf("%s: opened %d, refused %v", right, opened[right], refused)
		}
	}
	l := look()
	n := 0
	for _, s := range l.Sessions {
		if s.Role == "app" && s.Database == "app" && s.Application == "test" {
			n += s.Idle
		}
	}
	if n != postgres.Share(1) {
		t.Errorf("%d idle sessions of the application: %+v", n, l.Sessions)
	}

	// What somebody changes is seen, comes back, and is no difference any more.
	for _, statement := range []string{
		"ALTER ROLE app CONNECTION LIMIT -1", "ALTER DATABASE app CONNECTION LIMIT 100", "GRANT CONNECT ON DATABASE postgres TO PUBLIC",
		"GRANT CONNECT ON DATABASE template1 TO hand", "REVOKE CONNECT ON DATABASE postgres FROM " + patroni.ProbeUser,
	} {
		exec(statement)
	}
	seen := look().Differs
	changed, err := admin.Bound(t.Context(), address, 10*time.Second)
	if err != nil || len(seen) != 5 || strings.Join(changed, ";") != strings.Join(seen, ";") {
		t.Errorf("seen %q, changed %q, %v", seen, changed, err)
	}
	if l := look(); len(l.Differs) > 0 {
		t.Errorf("still %q", l.Differs)
	}
	crowd(t, admin, address, exec, look, free)
	wrong := admin
	wrong.Password = "wrong"
	if _, err := wrong.Look(t.Context(), address, 10*time.Second); err == nil || !strings.Contains(err.Error(), "as postgres") {
		t.Errorf("with a wrong password: %v", err)
	}
	otherwise(t, c, admin, exec)
	older(t, c, person)
	_ = person.Close(t.Context())
	strangers(t, address, probe)
}

// older makes the cluster one that began before connections were bounded: it takes the
// bounds up, and keeps the rest of its configuration.
func older(t *testing.T, c *cluster, person *pgx.Conn) {
	t.Helper()
	read, err := c.lock.Client.Get(t.Context(), "/service/east/config")
	if err != nil || len(read.Kvs) != 1 {
		t.Fatalf("%v %v", read, err)
	}
	now := string(read.Kvs[0].Value)
	before := strings.Replace(now, `"10s"`, `"60s"`, 1)
	if before == now {
		t.Fatalf("%s has no authentication_timeout", now)
	}
	if _, err := c.lock.Client.Put(t.Context(), "/service/east/config", before); err != nil {
		t.Fatal(err)
	}
	timeout := func(want string) {
		t.Helper()
		enginetest.Await(t, "the server has authentication_timeout "+want, func() error {
			var value string
			if err := person.QueryRow(t.Context(), "SHOW authentication_timeout").Scan(&value); err != nil {
				return err
			}
			if value != want {
				return errors.New("it is " + value)
			}
			return nil
		})
	}
	timeout("1min")
	if bounded, err := c.lock.Bounded(t.Context()); err != nil || bounded {
		t.Errorf("an older cluster is bounded: %v %v", bounded, err)
	}
	if err := c.lock.Bound(t.Context()); err != nil {
		t.Fatal(err)
	}
	if bounded, err := c.lock.Bounded(t.Context()); err != nil || !bounded {
		t.Errorf("it is bounded: %v %v", bounded, err)
	}
	timeout("10s")
}

// strangers open more connections than the server has room for, and never say who they are.
// Nothing keeps places free from them, so that they must end by themselves.
func strangers(t *testing.T, address string, probe postgres.Prober) {
	t.Helper()
	began := time.Now()
	body := "user\x00app\x00database\x00app\x00\x00"
	startup := append(binary.BigEndian.AppendUint32(binary.BigEndian.AppendUint32(nil, uint32(8+len(body))), 3<<16), body...)
	var all []net.Conn
	for range 120 {
		conn, err := net.Dial("tcp", address)
		if err != nil {
			t.Fatal(err)
		}
		defer conn.Close()
		if _, err := conn.Write(startup); err != nil {
			t.Fatal(err)
		}
		all = append(all, conn)
	}
	missed := 0
	enginetest.Await(t, "a probe is let in", func() error {
		seen := probe.Probe(t.Context(), address, 10*time.Second)
		switch seen.Outcome {
		case fact.Serves:
			return nil
		case fact.Refuses:
			missed++
			return errors.New(seen.Error)
		}
		t.Errorf("a server whose places are taken was seen as %+v", seen) // only these two accuse nobody
		return nil
	})
	t.Logf("120 strangers: %d probes were refused, the first was let in after %v", missed, time.Since(began))
	for _, conn := range all { // the server has ended each
		if err := conn.SetReadDeadline(time.Now().Add(time.Minute)); err != nil {
			t.Fatal(err)
		}
		if _, err := io.Copy(io.Discard, conn); err != nil && !strings.Contains(err.Error(), "reset") {
			t.Errorf("a stranger is still there: %v", err)
		}
	}
	t.Logf("the last stranger was gone after %v", time.Since(began))
}
