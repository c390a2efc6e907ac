package patroni_test

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"slices"
	"strconv"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/greenlang/fournines/internal/driver/etcd"
	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/driver/postgres"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/greenlang/enginetest"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
	"github.com/greenlang/fournines/internal/spec"
)

const unproved = "that Patroni takes our configuration, moves its leader when asked, and gives up a lock that was released"

// cluster is a real Patroni cluster of two members over a real etcd.
type cluster struct {
	t       *testing.T
	lock    patroni.Lock
	members []string
	rest    map[string]patroni.REST
	address map[string]string // of PostgreSQL
}

func startCluster(t *testing.T) *cluster {
	t.Helper()
	n := loopback.New(t)
	client, store := startStore(t, n)
	c := &cluster{t: t, lock: patroni.Lock{Client: client, Scope: "east"}, rest: map[string]patroni.REST{}, address: map[string]string{}}
	c.start(patroni.Member{Name: "east-a", Address: n.IP(1, 1), Etcd: []string{store}})
	c.start(patroni.Member{Name: "east-b", Address: n.IP(1, 2), Etcd: []string{store}})
	return c
}

// startStore starts a real etcd, and returns a client and where it serves.
func startStore(t *testing.T, n loopback.Network) (*clientv3.Client, string) {
	t.Helper()
	store := n.Host(1, 9, 2379)
	peer := "http://" + n.Host(1, 9, 2380)
	e, err := etcd.Start(t.Context(), etcd.Member{Name: "one", Dir: t.TempDir(), Client: "http://" + store, Peer: peer, Cluster: "one=" + peer, Token: "patroni"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	client, err := etcd.Dial([]string{"http://" + store})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = client.Close() })
	return client, store
}

// start starts a member of the cluster, of which its name, its address and its etcd are given.
func (c *cluster) start(m patroni.Member) {
	c.t.Helper()
	platform, err := spec.BuiltIn()
	if err != nil {
		c.t.Fatal(err)
	}
	m.Scope, m.Network, m.BinDir = c.lock.Scope, "127.0.0.0/8", enginetest.PostgresPrograms(c.t, unproved)
	m.Secrets, m.Grants = patroni.Secrets{Superuser: "s", Replication: "r", REST: "w", Probe: "p"}, []patroni.Database{{Name: "app", Password: "it's"}}
	config, err := m.Config(platform.Spec.Engines.Postgres)
	if err != nil {
		c.t.Fatal(err)
	}
	script, sql := m.Bootstrap()
	enginetest.StartPatroni(c.t, map[string]string{"patroni.yml": config, "bootstrap.sh": script, "bootstrap.sql": sql}, unproved)
	c.members = append(c.members, m.Name)
	c.rest[m.Name] = patroni.REST{Base: "http://" + net.JoinHostPort(m.Address, strconv.Itoa(patroni.RESTPort)), Password: "w", Client: &http.Client{}}
	c.address[m.Name] = net.JoinHostPort(m.Address, strconv.Itoa(patroni.PostgresPort))
}

func (c *cluster) read() fact.PostgresLock {
	c.t.Helper()
	l, err := c.lock.Read(c.t.Context())
	if err != nil {
		c.t.Fatal(err)
	}
	return l
}

func (c *cluster) member(name string) fact.PostgresMember {
	ctx, cancel := context.WithTimeout(c.t.Context(), 2*time.Second)
	defer cancel()
	return c.rest[name].Member(ctx, name, c.lock.Scope+"/"+name, time.Now)
}

// await returns the lock once the cluster is whole: one leads, and the other follows in sync.
func (c *cluster) await(what string, right func(fact.PostgresLock) bool) (l fact.PostgresLock) {
	c.t.Helper()
	enginetest.Await(c.t, what, func() error {
		if l = c.read(); l.Leader == "" {
			return errors.New("nobody leads")
		}
		other := c.other(l.Leader)
		led, follows := c.member(l.Leader), c.member(other)
		if led.Role != "primary" || follows.State != "streaming" || !slices.Contains(l.Sync, other) || !right(l) {
			return fmt.Errorf("%+v, leader %+v, other %+v", l, led, follows)
		}
		return nil
	})
	return l
}

func (c *cluster) other(name string) string {
	if name == c.members[0] {
		return c.members[1]
	}
	return c.members[0]
}

// A real cluster takes our configuration, and each verb has the effect that it names, which
// the test sees past the driver.
func TestPatroniConforms(t *testing.T) {
	t.Parallel()
	c := startCluster(t)
	first := c.await("one leads and the other is in sync", func(fact.PostgresLock) bool { return true })
	if first.Lease == 0 || first.SyncOwner != first.Leader || first.Standby || first.Paused || first.Reserved {
		t.Errorf("%+v", first)
	}
	leads := c.member(first.Leader)
	if leads.State != "running" || leads.Timeline < 1 || leads.Received == 0 || leads.Error != "" || leads.Seen.IsZero() {
		t.Errorf("the leader says %+v", leads)
	}
	p := postgres.Prober{Observer: "test", User: patroni.ProbeUser, Password: "p", Database: "postgres"}
	for _, name := range c.members {
		if seen := p.Probe(t.Context(), c.address[name], 5*time.Second); seen.Outcome != fact.Serves || seen.Writable != (name == first.Leader) {
			t.Errorf("%s: %+v", name, seen)
		}
	}
	app := postgres.Prober{Observer: "test", User: "app", Password: "it's", Database: "app"}
	if seen := app.Probe(t.Context(), c.address[first.Leader], 5*time.Second); seen.Outcome != fact.Serves {
		t.Errorf("the application's role, with a quote in its password: %+v", seen)
	}

	written := func() (at string) {
		t.Helper()
		s, err := connect(t, c.address[first.Leader], patroni.SuperUser, "s", "postgres")
		if err == nil {
			err = s.QueryRow(t.Context(), "SELECT checkpoint_lsn::text FROM pg_control_checkpoint()").Scan(&at)
		}
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	before := written()
	if err := (postgres.Admin{User: patroni.SuperUser, Password: "s", Database: "postgres"}).Checkpoint(t.Context(), c.address[first.Leader], time.Minute); err != nil {
		t.Fatal(err)
	}
	if after := written(); after == before {
		t.Errorf("the last checkpoint is still the one at %s", after)
	}

	if err := c.lock.Reserve(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := c.lock.Reserve(t.Context()); err != nil || !c.read().Reserved {
		t.Errorf("reserving twice: %v, %+v", err, c.read())
	}

	if err := c.rest[first.Leader].Switchover(t.Context(), first.Leader, "nobody"); err == nil {
		t.Error("a candidate that there is not")
	}
	wrong := c.rest[first.Leader]
	wrong.Password = "wrong"
	if err := wrong.Switchover(t.Context(), first.Leader, ""); err == nil {
		t.Error("a switchover with a wrong password")
	}
	to := c.other(first.Leader)
	if err := c.rest[first.Leader].Switchover(t.Context(), first.Leader, to); err != nil {
		t.Fatal(err)
	}
	second := c.await("the candidate leads, and the old leader follows", func(l fact.PostgresLock) bool { return l.Leader == to })

	// A lock that is not held as seen stays as it is.
	for _, seen := range []struct {
		leader string
		lease  int64
	}{{first.Leader, second.Lease}, {second.Leader, first.Lease}} {
		if err := c.lock.Release(t.Context(), seen.leader, seen.lease, ""); !errors.Is(err, patroni.ErrNotHeld) {
			t.Errorf("release from %+v: %v", seen, err)
		}
	}
	if got := c.read(); got.Leader != second.Leader || got.Lease != second.Lease {
		t.Errorf("the lock is %+v, it was %+v", got, second)
	}
	// Released, it is taken anew under another lease, by either: nobody is fenced here.
	if err := c.lock.Release(t.Context(), second.Leader, second.Lease, first.Leader); err != nil {
		t.Fatal(err)
	}
	if err := c.lock.Release(t.Context(), second.Leader, second.Lease, ""); !errors.Is(err, patroni.ErrNotHeld) {
		t.Errorf("released twice: %v", err)
	}
	c.await("the lock is held under another lease", func(l fact.PostgresLock) bool { return l.Lease != second.Lease })
}

// A member that does not answer, or not as Patroni, is an error in the fact, never a role.
func TestAMemberThatDoesNotAnswerHasNoRole(t *testing.T) {
	t.Parallel()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	m := patroni.REST{Base: "http://" + loopback.Free(t), Client: http.DefaultClient}.Member(ctx, "east-a", "east/a/postgres", time.Now)
	if m.Error == "" || m.Role != "" || !m.Seen.IsZero() || m.ID != "east/a/postgres" {
		t.Errorf("%+v", m)
	}
}
