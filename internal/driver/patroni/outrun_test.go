package patroni_test

import (
	"context"
	"errors"
	"fmt"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/driver/postgres"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/greenlang/enginetest"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
)

// A real standby cluster whose partner has no more of what it needs stays behind for ever; one
// of its members copies the partner and leads, and the other copies that one. A member that is
// alone copies although it leads.
func TestAStandbyClusterThatIsOutrunIsCopiedAnew_7_1_9(t *testing.T) {
	t.Parallel()
	for _, names := range [][]string{{"west-a", "west-b"}, {"west-a"}} {
		t.Run(fmt.Sprint(len(names), " members"), func(t *testing.T) {
			t.Parallel()
			recopied(t, names)
		})
	}
}

func recopied(t *testing.T, names []string) {
	n := loopback.New(t)
	client, store := startStore(t, n)
	begin := func(scope string) *cluster {
		return &cluster{t: t, lock: patroni.Lock{Client: client, Scope: scope}, rest: map[string]patroni.REST{}, address: map[string]string{}}
	}
	east, west := begin("east"), begin("west")
	east.start(patroni.Member{Name: "east-a", Address: n.IP(1, 1), Etcd: []string{store}, Partner: []string{n.IP(2, 1), n.IP(2, 2)}})
	admin := postgres.Admin{User: patroni.SuperUser, Password: "s", Database: "postgres"}
	wal := func() fact.PostgresWAL {
		t.Helper()
		w, err := admin.WAL(t.Context(), east.address["east-a"], patroni.PartnerSlot, 10*time.Second)
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	enginetest.Await(t, "the home leads", func() error {
		if m := east.member("east-a"); m.Role != "primary" || m.State != "running" || east.read().Leader != m.Name {
			return fmt.Errorf("%+v", m)
		}
		return nil
	})
	enginetest.Await(t, "the home keeps a slot", func() error {
		if w := wal(); !w.Partner.Exists || w.Partner.Kept == 0 || w.Partner.Status != "reserved" || w.Partner.Safe < 1 || w.Oldest == 0 || w.Oldest > w.Position {
			return fmt.Errorf("%+v", w)
		}
		return nil
	})
	for i, name := range names {
		west.start(patroni.Member{Name: name, Address: n.IP(2, i+1), Etcd: []string{store}, Partner: []string{n.IP(1, 1)}, Standby: true})
	}
	// stream waits until the standby cluster has all that the home had when it was called.
	stream := func(what string, leads func(string) bool) string {
		t.Helper()
		to, leader := wal().Position, ""
		enginetest.Await(t, what, func() error {
			if leader = west.read().Leader; !leads(leader) || !wal().Partner.Active {
				return fmt.Errorf("%q leads; %+v", leader, wal())
			}
			for _, name := range names {
				m := west.member(name)
				if m.State != "streaming" || m.Replayed < to || (m.Role == "standby_leader") != (name == leader) {
					return fmt.Errorf("%+v, want %d", m, to)
				}
			}
			return nil
		})
		return leader
	}
	old := stream("the standby cluster follows", func(leader string) bool { return leader != "" })

	home, err := connect(t, east.address["east-a"], patroni.SuperUser, "s", "postgres")
	if err != nil {
		t.Fatal(err)
	}
	exec := func(statement string) {
		t.Helper()
		if _, err := home.Exec(t.Context(), statement); err != nil {
			t.Fatalf("%s: %v", statement, err)
		}
	}
	// The regions do not reach each other, and the home writes more than it keeps.
	exec("ALTER ROLE replicator NOLOGIN")
	exec("SELECT pg_terminate_backend(pid) FROM pg_stat_replication")
	enginetest.Await(t, "nobody streams", func() error {
		if w := wal(); w.Partner.Active {
			return fmt.Errorf("%+v", w)
		}
		return nil
	})
	exec("ALTER SYSTEM SET max_slot_wal_keep_size = '1MB'")
	exec("ALTER SYSTEM SET wal_keep_size = 0")
	exec("SELECT pg_reload_conf()")
	has := west.member(old)
	if _, err := admin.Outgrow(t.Context(), east.address["east-a"], max(has.Received, has.Replayed), 10*time.Second); err != nil {
		t.Fatal(err)
	}
	exec("ALTER ROLE replicator LOGIN")
	gone := wal()
	if gone.Oldest <= has.Received {
		t.Fatalf("the home still has what %+v needs: %+v", has, gone)
	}
	// Patroni makes a lost slot anew, and that does not help.
	enginetest.Await(t, "the slot is there again", func() error {
		if w := wal(); w.Partner.Kept == 0 || w.Partner.Status == "lost" {
			return fmt.Errorf("%+v", w)
		}
		return nil
	})
	if m := west.member(old); m.State == "streaming" || m.Received > has.Received {
		t.Fatalf("%+v follows although what it needs is gone", m)
	}

	first := names[0]
	for _, name := range names {
		if name != old {
			first = name
		}
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	copyFirst := func() error { return patroni.CopyFrom(ctx, west.lock, west.rest[first], n.IP(1, 1), first) }
	enginetest.Await(t, "the first member begins to copy", copyFirst)
	enginetest.Await(t, "the first member has a copy", func() error {
		if m := west.member(first); m.Error != "" || m.Replayed < gone.Oldest || m.State == "creating replica" || m.State == "starting" {
			return fmt.Errorf("%+v", m)
		}
		return nil
	})
	if len(names) > 1 {
		if leader := west.read().Leader; leader != old {
			t.Errorf("%q leads during the copy, want %q", leader, old)
		}
		if err := west.rest[old].Switchover(t.Context(), old, first); err != nil {
			t.Fatal(err)
		}
		enginetest.Await(t, "the copy leads and streams", func() error {
			if m := west.member(first); west.read().Leader != first || m.State != "streaming" {
				return fmt.Errorf("%+v", m)
			}
			return nil
		})
		enginetest.Await(t, "the old leader begins to copy", func() error { return west.rest[old].Reinitialize(t.Context(), true) })
	}
	stream("all follow", func(leader string) bool { return leader == first })
	enginetest.Await(t, "nobody stands in any more", func() error {
		knows, err := west.rest[first].Knows(t.Context(), patroni.StandInName)
		if err == nil && knows {
			err = errors.New("it is still a member")
		}
		return err
	})
	if lock := west.read(); !lock.Standby {
		t.Errorf("%+v", lock)
	}
}
