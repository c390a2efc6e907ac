package availability

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/control/crashtest"
	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/spec"
	"github.com/greenlang/fournines/internal/state"
)

// cluster is a PostgreSQL cluster in a file: it outlives the process that is killed.
// A lock that is released is taken by the next standby at once, on a new timeline, as
// Patroni's leader race does. Each effect is counted by what it changed.
type cluster struct {
	path string

	Leader      string
	Lease       int64
	Timeline    int
	Fenced      map[string]string // member → epoch
	Following   map[string]bool
	Broken      map[string]bool // it cannot start from what it has
	Clones      int
	Promotions  int
	Checkpoints int
	Revoked     []int64 // leases that were revoked
	Held        bool
	Unfenced    bool // a lock was taken from a member that was not fenced
}

func readCluster(path string) *cluster {
	c := &cluster{path: path}
	b, err := os.ReadFile(path)
	if err == nil {
		err = json.Unmarshal(b, c)
	}
	if err != nil {
		panic(err)
	}
	return c
}

// change rewrites the file at once, under a lock: the process may be killed before or after, never in it.
func (c *cluster) change(f func(*cluster) error) error {
	lock, err := os.OpenFile(c.path+".lock", os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return err
	}
	defer lock.Close() //nolint:errcheck // test
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return err
	}
	now := readCluster(c.path)
	if err := f(now); err != nil {
		return err
	}
	b, err := json.Marshal(now)
	if err != nil {
		return err
	}
	if err := os.WriteFile(c.path+".tmp", b, 0o600); err != nil {
		return err
	}
	return os.Rename(c.path+".tmp", c.path)
}

func (c *cluster) Fence(_ context.Context, f Fence) (Proof, error) {
	return Proof{By: "test", At: zero}, c.change(func(c *cluster) error { c.Fenced[zone(f.Component)] = f.Epoch; return nil })
}

func (c *cluster) Lift(_ context.Context, component, _ string) error {
	return c.change(func(c *cluster) error {
		delete(c.Fenced, zone(component))
		if zone(component) != c.Leader {
			c.Following[zone(component)] = true
		}
		return nil
	})
}

func zone(component string) string { return string(component[len("us-east-1/")]) }

func (c *cluster) Read(context.Context, string) (fact.PostgresLock, error) {
	now := readCluster(c.path)
	return fact.PostgresLock{Leader: now.Leader, Lease: now.Lease, Sync: []string{"a", "b", "c"}}, nil
}

func (c *cluster) Release(_ context.Context, _, leader string, lease int64, to string) error {
	return c.change(func(c *cluster) error {
		if c.Leader != leader || c.Lease != lease {
			return ErrLockMoved
		}
		c.Unfenced = c.Unfenced || c.Fenced[leader] == ""
		c.Revoked = append(c.Revoked, lease)
		c.lead(cmp.Or(to, "b"))
		return nil
	})
}

func (c *cluster) lead(name string) {
	c.Leader, c.Timeline = name, c.Timeline+1
	c.Lease++
	c.Promotions++
}

func (c *cluster) Look(context.Context, string) []fact.PostgresMember {
	now := readCluster(c.path)
	var out []fact.PostgresMember
	for _, z := range []string{"a", "b", "c"} {
		if now.Fenced[z] != "" {
			continue
		}
		m := fact.PostgresMember{Name: z, ID: "us-east-1/" + z + "/postgres", Seen: time.Now(), Role: "replica", State: "streaming", Timeline: now.Timeline}
		if now.Broken[z] {
			m.State, m.Broken = "start failed", time.Now().Add(-time.Minute)
		}
		if z == now.Leader {
			m.Role, m.State = "primary", "running"
		}
		out = append(out, m)
	}
	return out
}

func (c *cluster) Switchover(context.Context, string, string, string) error {
	return errors.New("unexpected")
}

func (c *cluster) Checkpoint(_ context.Context, _, member string, _ time.Duration) error {
	return c.change(func(c *cluster) error {
		if c.Fenced[member] != "" {
			return errors.New("it is fenced")
		}
		c.Checkpoints++
		return nil
	})
}

func (c *cluster) Reclone(_ context.Context, _, member string) error {
	return c.change(func(c *cluster) error {
		if c.Leader == member {
			return errors.New("the leader is not copied from itself")
		}
		delete(c.Broken, member)
		c.Clones++
		return nil
	})
}

func (c *cluster) Write(context.Context, string) error {
	if now := readCluster(c.path); now.Fenced[now.Leader] != "" {
		return errors.New("the leader is fenced")
	}
	return nil
}

func (c *cluster) Hold(context.Context, string, string, time.Duration) error {
	return c.change(func(c *cluster) error { c.Held = true; return nil })
}

func (c *cluster) Resume(context.Context, string, string) error {
	return c.change(func(c *cluster) error { c.Held = false; return nil })
}

func world(t *testing.T, kind string, args any, fenced map[string]string, check func(*cluster) error) crashtest.World {
	t.Helper()
	a, err := control.NewAction("k", kind, "us-east-1/postgres", args)
	if err != nil {
		t.Fatal(err)
	}
	file := func(dir string) string { return filepath.Join(dir, "cluster.json") }
	return crashtest.World{
		Action: a,
		Setup: func(dir string) error {
			b, err := json.Marshal(cluster{Leader: "a", Lease: 0x51, Timeline: 1, Fenced: fenced, Following: map[string]bool{}})
			if err != nil {
				return err
			}
			return os.WriteFile(file(dir), b, 0o600)
		},
		Kinds: func(dir string, p *state.Projection) []control.Kind {
			c := readCluster(file(dir))
			blind, err := p.Get(control.Prefix+"k", &control.Operation{}) // a server that resumes has seen nothing yet
			if err != nil {
				panic(err)
			}
			view := func(string) (PostgresView, error) {
				p, err := spec.BuiltIn()
				if err != nil {
					panic(err)
				}
				if blind {
					blind = false
					return PostgresView{Policy: p.Spec.Engines.Postgres, Path: p.Spec.Failover.WithinRegion}, nil
				}
				lock, _ := c.Read(context.Background(), "")
				return PostgresView{
					Policy: p.Spec.Engines.Postgres, Path: p.Spec.Failover.WithinRegion, Fences: map[string]Fence{},
					Cluster: fact.Postgres{Cluster: "us-east-1/postgres", At: time.Now(), Lock: lock, Members: c.Look(context.Background(), "")},
				}, nil
			}
			return Postgres{Fencer: c, Locks: c, Members: c, Route: c, View: view, Now: time.Now}.Kinds()
		},
		Check: func(dir string, o control.Operation) error {
			if o.State != control.Succeeded {
				return fmt.Errorf("it is %s: %s", o.State, o.Error)
			}
			return check(readCluster(file(dir)))
		},
	}
}

func once(c *cluster) error {
	switch {
	case c.Promotions != 1:
		return fmt.Errorf("%d promotions, want exactly one", c.Promotions)
	case c.Timeline != 2:
		return fmt.Errorf("timeline %d, want 2", c.Timeline)
	case c.Held:
		return errors.New("clients are still held")
	case c.Unfenced:
		return errors.New("the lock was taken from a member that was not fenced")
	}
	return nil
}

func TestFailover_7_1_8_CrashAnywhere(t *testing.T) {
	crashtest.Run(t, world(t, KindFailover, FailoverArgs{
		Cluster: "us-east-1/postgres", Member: "a", Component: "us-east-1/a/postgres", Lease: 0x51, Timeline: 1,
	}, map[string]string{}, func(c *cluster) error {
		if c.Leader != "b" || c.Fenced["a"] == "" || len(c.Revoked) != 1 {
			return fmt.Errorf("leader %s, fenced %v, revoked %v", c.Leader, c.Fenced, c.Revoked)
		}
		return once(c)
	}))
}

func TestSwitchoverCrashAnywhere(t *testing.T) {
	crashtest.Run(t, world(t, KindSwitchover, SwitchoverArgs{Cluster: "us-east-1/postgres", Candidate: "us-east-1/c/postgres"}, map[string]string{},
		func(c *cluster) error {
			if c.Leader != "c" || c.Fenced["a"] == "" || len(c.Revoked) != 1 || c.Checkpoints == 0 {
				return fmt.Errorf("leader %s, want c; fenced %v, revoked %v, %d checkpoints", c.Leader, c.Fenced, c.Revoked, c.Checkpoints)
			}
			return once(c)
		}))
}

func TestRejoinCrashAnywhere(t *testing.T) {
	crashtest.Run(t, world(t, KindRejoin, RejoinArgs{Cluster: "us-east-1/postgres", Member: "c", Component: "us-east-1/c/postgres", Epoch: "e"}, map[string]string{"c": "e"},
		func(c *cluster) error {
			if len(c.Fenced) != 0 || !c.Following["c"] || c.Promotions != 0 {
				return fmt.Errorf("%+v", c)
			}
			return nil
		}))
}

// A rejoin gives a member up that cannot start, and says what it needs.
func TestARejoinDoesNotWaitForWhatIsBroken(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cluster.json")
	if err := os.WriteFile(path, []byte(`{"Leader":"a","Lease":81,"Timeline":1,"Fenced":{},"Following":{},"Broken":{"c":true}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	c := readCluster(path)
	p := Postgres{Members: c, Now: time.Now, View: func(string) (PostgresView, error) {
		return PostgresView{Cluster: fact.Postgres{Members: c.Look(t.Context(), "")}}, nil
	}}
	for kind, want := range map[string]string{KindRejoin: "needs a new copy", KindReclone: "deadline exceeded"} {
		a, err := control.NewAction("k", kind, "x", RejoinArgs{Cluster: "us-east-1/postgres", Member: "c", Component: "us-east-1/c/postgres"})
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithTimeout(t.Context(), 200*time.Millisecond)
		if _, err := p.follow(ctx, &control.Run{Action: a}); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", kind, err, want)
		}
		cancel()
	}
}

func TestRecloneCrashAnywhere(t *testing.T) {
	w := world(t, KindReclone, RejoinArgs{Cluster: "us-east-1/postgres", Member: "c", Component: "us-east-1/c/postgres"}, map[string]string{},
		func(c *cluster) error {
			if c.Clones != 1 || len(c.Broken) != 0 || c.Promotions != 0 {
				return fmt.Errorf("%+v", c)
			}
			return nil
		})
	setup := w.Setup
	w.Setup = func(dir string) error {
		if err := setup(dir); err != nil {
			return err
		}
		return readCluster(filepath.Join(dir, "cluster.json")).change(func(c *cluster) error { c.Broken = map[string]bool{"c": true}; return nil })
	}
	crashtest.Run(t, w)
}

// Without a proof of the fence the lock stays untouched, and the fence is lifted again.
type noProof struct{ *cluster }

func (noProof) Fence(context.Context, Fence) (Proof, error) {
	return Proof{}, errors.New("no observer has seen it dead")
}

func TestWithoutProofTheLockStays(t *testing.T) {
	t.Parallel()
	path := filepath.Join(t.TempDir(), "cluster.json")
	if err := os.WriteFile(path, []byte(`{"Leader":"a","Lease":81,"Timeline":1,"Fenced":{},"Following":{}}`), 0o600); err != nil {
		t.Fatal(err)
	}
	c := readCluster(path)
	p := Postgres{Fencer: noProof{c}, Locks: c, Members: c, Route: c, Now: time.Now}
	a, err := control.NewAction("k", KindFailover, "x", FailoverArgs{Cluster: "us-east-1/postgres", Member: "a", Component: "us-east-1/a/postgres", Lease: 81})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := p.fence(t.Context(), &control.Run{Action: a}); err == nil {
		t.Fatal("the step succeeded without a proof")
	}
	if now := readCluster(path); now.Leader != "a" || len(now.Revoked) != 0 {
		t.Fatalf("%+v", now)
	}
}

// sentinels are Redis with its Sentinels in the same file: the member b takes over once. A server
// that resumes has no facts about them, and none come.
type sentinels struct {
	*cluster
	blind bool
}

func (x sentinels) Redis(cluster string) fact.Redis {
	if x.blind {
		return fact.Redis{Cluster: cluster}
	}
	return x.Look(context.Background(), cluster)
}

func (x sentinels) Look(context.Context, string) fact.Redis {
	now := readCluster(x.path)
	f := fact.Redis{Cluster: "us-east-1/redis"}
	for _, z := range []string{"a", "b", "c"} {
		n := fact.RedisNode{ID: z, Address: z, Seen: time.Now(), Role: "slave", Master: now.Leader, LinkUp: true}
		if z == now.Leader {
			n = fact.RedisNode{ID: z, Address: z, Seen: time.Now(), Role: "master", Replicas: 2}
		}
		f.Nodes = append(f.Nodes, n)
		f.Sentinels = append(f.Sentinels, fact.RedisSentinel{ID: z, Seen: time.Now(), Master: now.Leader, Quorum: "OK 3 usable Sentinels"})
	}
	return f
}

func (x sentinels) Failover(context.Context, string) error {
	return x.change(func(c *cluster) error { c.lead(map[string]string{"a": "b", "b": "c"}[c.Leader]); return nil })
}

func TestRedisSwitchoverCrashAnywhere(t *testing.T) {
	w := world(t, KindRedisSwitchover, SwitchoverArgs{Cluster: "us-east-1/redis"}, map[string]string{}, func(c *cluster) error {
		if c.Leader != "b" {
			return fmt.Errorf("%s leads, want b", c.Leader)
		}
		return once(c)
	})
	w.Kinds = func(dir string, s *state.Projection) []control.Kind {
		blind, err := s.Get(control.Prefix+"k", &control.Operation{})
		if err != nil {
			panic(err)
		}
		return Redis{Sentinels: sentinels{readCluster(filepath.Join(dir, "cluster.json")), blind}, Policy: spec.Redis{MinReplicasToWrite: 1}, Now: time.Now}.Kinds()
	}
	crashtest.Run(t, w)
}

// A Patroni that its node starts again takes its own lock back, under a new lease, before
// the fence reaches it. That lease is released too, or writers would wait for its end.
func TestTheLeaseOfAMemberThatCameBackIsReleased(t *testing.T) {
	w := world(t, KindFailover, FailoverArgs{
		Cluster: "us-east-1/postgres", Member: "a", Component: "us-east-1/a/postgres", Lease: 0x51, Timeline: 1,
	}, map[string]string{}, func(c *cluster) error {
		if len(c.Revoked) != 1 || c.Revoked[0] != 0x77 || c.Leader != "b" {
			return fmt.Errorf("revoked %x, %s leads", c.Revoked, c.Leader)
		}
		return once(c)
	})
	kinds := w.Kinds
	w.Kinds = func(dir string, s *state.Projection) []control.Kind {
		out := kinds(dir, s)
		c := readCluster(filepath.Join(dir, "cluster.json"))
		fence := out[0].Steps[0].Do
		out[0].Steps[0].Do = func(ctx context.Context, r *control.Run) (any, error) {
			if now := readCluster(c.path); now.Leader == "a" && len(now.Revoked) == 0 {
				if err := c.change(func(c *cluster) error { c.Lease = 0x77; return nil }); err != nil {
					return nil, err
				}
			}
			return fence(ctx, r)
		}
		return out
	}
	crashtest.Run(t, w)
}
