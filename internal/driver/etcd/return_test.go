package etcd_test

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"go.etcd.io/etcd/api/v3/etcdserverpb"
	clientv3 "go.etcd.io/etcd/client/v3"

	"github.com/greenlang/fournines/internal/driver/etcd"
	"github.com/greenlang/fournines/internal/greenlang/enginetest"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
	"github.com/greenlang/fournines/internal/platformtest/short"
)

// trio is a cluster of three members as a region's nodes run them.
type trio struct {
	t       *testing.T
	members []etcd.Member
	end     []context.CancelFunc
	ended   []chan error
}

func newTrio(t *testing.T) *trio {
	t.Helper()
	n := loopback.New(t)
	x := &trio{t: t, end: make([]context.CancelFunc, 3), ended: make([]chan error, 3)}
	var cluster []string
	for i, name := range []string{"a", "b", "c"} {
		m := etcd.Member{Name: name, Dir: filepath.Join(t.TempDir(), "etcd", "data"), Client: "http://" + n.Host(0, i+1, 2379), Peer: "http://" + n.Host(0, i+1, 2380), Token: "trio", Mark: filepath.Join(t.TempDir(), "begun")}
		if err := os.MkdirAll(filepath.Dir(m.Dir), 0o750); err != nil {
			t.Fatal(err)
		}
		cluster = append(cluster, name+"="+m.Peer)
		x.members = append(x.members, m)
	}
	for i := range x.members {
		x.members[i].Cluster = strings.Join(cluster, ",")
		for j := range x.members {
			if i != j {
				x.members[i].Others = append(x.members[i].Others, x.members[j].Client)
			}
		}
	}
	t.Cleanup(func() { x.stop(0, 1, 2) })
	return x
}

func (x *trio) start(which ...int) {
	for _, i := range which {
		ctx, cancel := context.WithCancel(context.Background())
		x.end[i], x.ended[i] = cancel, make(chan error, 1)
		go func() { x.ended[i] <- etcd.Run(ctx, x.members[i]) }()
	}
}

func (x *trio) stop(which ...int) {
	x.t.Helper()
	for _, i := range which {
		if x.end[i] == nil {
			continue
		}
		x.end[i]()
		if err := <-x.ended[i]; err != nil {
			x.t.Errorf("member %s: %v", x.members[i].Name, err)
		}
		x.end[i] = nil
	}
}

// lose takes away all that the member has in its own directories.
func (x *trio) lose(i int) {
	x.t.Helper()
	if err := os.RemoveAll(x.members[i].Dir); err != nil {
		x.t.Fatal(err)
	}
}

// of asks one member alone.
func (x *trio) of(i int, ask func(context.Context, *clientv3.Client) error) error {
	x.t.Helper()
	c, err := etcd.Dial([]string{x.members[i].Client})
	if err != nil {
		return err
	}
	defer c.Close() //nolint:errcheck // nothing is lost
	ctx, cancel := context.WithTimeout(x.t.Context(), 2*time.Second)
	defer cancel()
	return ask(ctx, c)
}

func (x *trio) put(i int, value string) {
	x.t.Helper()
	enginetest.Await(x.t, x.members[i].Name+" takes a write", func() error {
		return x.of(i, func(ctx context.Context, c *clientv3.Client) error {
			_, err := c.Put(ctx, "key", value)
			return err
		})
	})
}

// has waits until a member by itself has the value, as one with a vote among three.
func (x *trio) has(i int, value string) (id uint64) {
	x.t.Helper()
	enginetest.Await(x.t, x.members[i].Name+" has "+value, func() error {
		return x.of(i, func(ctx context.Context, c *clientv3.Client) error {
			r, err := c.Get(ctx, "key", clientv3.WithSerializable())
			if err != nil {
				return err
			}
			list, err := c.MemberList(ctx)
			if err != nil {
				return err
			}
			voting := slices.DeleteFunc(list.Members, func(m *etcdserverpb.Member) bool { return m.IsLearner || m.Name == "" })
			if len(r.Kvs) != 1 || string(r.Kvs[0].Value) != value || len(voting) != 3 {
				return fmt.Errorf("not yet: %v", list.Members)
			}
			id = r.Header.MemberId
			return nil
		})
	})
	return id
}

// A member that comes back without its data is a new one, and gets all of it from the others.
func TestAMemberWithoutItsDataIsReplaced_7_1_4(t *testing.T) {
	t.Parallel()
	x := newTrio(t)
	x.start(0, 1, 2)
	x.put(0, "before")
	old := x.has(1, "before")
	x.stop(1)
	x.lose(1)
	x.put(0, "meanwhile")
	x.start(1)
	if id := x.has(1, "meanwhile"); id == old {
		t.Error("it came back as the one that has forgotten what it voted for")
	}
	x.stop(0) // now it is needed for a majority
	x.put(1, "after")
	x.start(0)
	x.has(0, "after")
}

// expect makes the others expect a member that has lost its data.
func (x *trio) expect(i int) (cluster string) {
	x.t.Helper()
	enginetest.Await(x.t, "the others expect "+x.members[i].Name, func() (err error) {
		cluster, err = etcd.JoinOnce(x.t.Context(), x.members[i], x.members[i].Others, nil)
		return err
	})
	return cluster
}

// Killed between any two steps of its replacement, a member goes on.
func TestAReplacementThatIsCutShortGoesOn(t *testing.T) {
	t.Parallel()
	x := newTrio(t)
	x.start(0, 1, 2)
	x.put(0, "before")
	x.has(1, "before")
	x.stop(1)
	x.lose(1)
	x.expect(1) // and no more
	x.start(1)
	x.has(1, "before")

	x.stop(1)
	x.lose(1)
	joined := x.members[1]
	joined.Cluster, joined.Existing = x.expect(1), true
	e, err := etcd.Start(t.Context(), joined) // it starts, and dies before it has a vote
	if err != nil {
		t.Fatal(err)
	}
	e.Close()
	x.start(1)
	x.has(1, "before")
}

// A member that cannot read its data sets it aside, and is replaced.
func TestAMemberThatCannotReadItsDataIsReplaced(t *testing.T) {
	t.Parallel()
	for name, path := range map[string]string{"log": "member/wal/*.wal", "database": "member/snap/db"} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			x := newTrio(t)
			x.start(0, 1, 2)
			x.put(0, "before")
			x.has(2, "before")
			x.stop(2)
			found, err := filepath.Glob(filepath.Join(x.members[2].Dir, path))
			if err != nil || len(found) == 0 {
				t.Fatal(found, err)
			}
			b, err := os.ReadFile(found[0])
			if err != nil {
				t.Fatal(err)
			}
			for i := range min(len(b), 20000) {
				b[i] ^= 0x5a
			}
			if err := os.WriteFile(found[0], b, 0o600); err != nil {
				t.Fatal(err)
			}
			x.start(2)
			x.has(2, "before")
			if _, err := os.Stat(filepath.Join(x.members[2].Dir+".broken", filepath.Base(x.members[2].Dir))); err != nil {
				t.Errorf("what could not be read is gone: %v", err)
			}
		})
	}
}

// While the others do not answer, a member without its data waits: with one that lags behind it
// would be a majority that never heard of what the third one acknowledged.
func TestAMemberWithoutItsDataWaitsForTheOthers(t *testing.T) {
	t.Parallel()
	x := newTrio(t)
	x.start(0, 1, 2)
	x.put(0, "before")
	for i := range 3 {
		x.has(i, "before")
	}
	x.stop(2) // it lags
	x.put(0, "acknowledged by the first two")
	x.stop(0, 1)
	x.lose(1)
	x.start(1, 2)
	if err := x.of(2, func(ctx context.Context, c *clientv3.Client) error {
		_, err := c.Put(ctx, "key", "by the one that lags and the one that forgot")
		return err
	}); err == nil {
		t.Error("a member that has forgotten everything was taken for a majority")
	}
	x.start(0)
	x.has(2, "acknowledged by the first two")
	x.has(1, "acknowledged by the first two")
}

// What a member has on its disk at any moment, as a kill leaves it, can be read: its database may
// be ahead of the commit index that its log tells.
func TestWhatAKillLeavesCanBeRead(t *testing.T) {
	t.Parallel()
	x := newTrio(t)
	x.start(0, 1, 2)
	x.put(0, "first")
	for i := range 10 {
		x.put(0, strings.Repeat("x", 100+i))
		image := filepath.Join(t.TempDir(), "image") // the database is copied before the log
		if err := os.CopyFS(image, os.DirFS(x.members[i%3].Dir)); err != nil {
			t.Fatal(err)
		}
		if err := etcd.Readable(image); err != nil {
			t.Errorf("image %d: %v", i, err)
		}
	}
}

// A member that lacks descriptors, or may not read a file, has proved no damage, and keeps its data.
// It happens in a process of its own, since the tests of one share its descriptors.
func TestAnErrorOfOnesOwnIsNoDamage(t *testing.T) {
	t.Parallel()
	if !short.Inside() {
		short.Run(t, "1")
		return
	}
	x := newTrio(t)
	x.start(0, 1, 2)
	x.put(0, "before")
	x.has(2, "before")
	x.stop(0, 1, 2)
	dir := x.members[2].Dir
	if err := etcd.Readable(dir); err != nil {
		t.Fatal(err)
	}
	failed := 0
	for most := uint64(4); most <= 64; most++ { // it runs out of them at each file
		short.Limit(t, most)
		err := etcd.Readable(dir)
		short.Limit(t, 256)
		if err != nil {
			failed++
			if !etcd.Local(err) {
				t.Errorf("with %d descriptors it is taken for damage: %v", most, err)
			}
		}
	}
	if failed == 0 {
		t.Error("it needs no descriptors, so nothing is proved")
	}
}
