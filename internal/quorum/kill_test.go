package quorum_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	clientv3 "go.etcd.io/etcd/client/v3"
	"go.uber.org/zap"

	"github.com/greenlang/fournines/internal/driver/etcd"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
	"github.com/greenlang/fournines/internal/quorum"
)

// startEtcd starts one real member and returns where it serves.
func startEtcd(t *testing.T) string {
	t.Helper()
	client, peer := "http://"+loopback.Free(t), "http://"+loopback.Free(t)
	e, err := etcd.Start(t.Context(), etcd.Member{Name: "q", Dir: t.TempDir(), Client: client, Peer: peer, Cluster: "q=" + peer, Token: "test"})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(e.Close)
	return client
}

func dial(t *testing.T, url string) *clientv3.Client {
	t.Helper()
	c, err := clientv3.New(clientv3.Config{Endpoints: []string{url}, DialTimeout: 5 * time.Second, Logger: zap.NewNop()})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = c.Close() })
	return c
}

// The environment of a server process of these tests.
const (
	envDir  = "FOURNINES_QUORUM_DIR"
	envEtcd = "FOURNINES_QUORUM_ETCD"
	envKey  = "FOURNINES_QUORUM_KEY"
	envAt   = "FOURNINES_QUORUM_CRASH_AT"
)

// serve is a server that is killed sooner or later: it follows, and once elected it
// appends and says what was acknowledged.
func serve(t *testing.T) {
	at := os.Getenv(envAt)
	crash := func(point string) {
		if point == at {
			_ = syscall.Kill(os.Getpid(), syscall.SIGKILL)
			select {}
		}
	}
	dir := os.Getenv(envDir)
	name := filepath.Base(dir)
	q := quorum.New(quorum.Options{
		Client: dial(t, os.Getenv(envEtcd)), Name: name, Seed: name == "a", TTL: 2 * time.Second, Keep: 64 << 10, Compact: true,
		Log: slog.New(slog.NewTextHandler(os.Stderr, nil)), Crash: crash,
		Fetch: func(ctx context.Context, from, to uint64, accept func(journal.Group) error) error {
			return readOther(ctx, dir, from, to, accept)
		},
	})
	decide := func(g journal.Group) error {
		crash("decide:before")
		err := q.Decide(g)
		crash("decide:after")
		return err
	}
	j, err := (journal.Options{Key: os.Getenv(envKey), Decide: decide}).Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	go func() {
		<-q.Lost()
		fmt.Println("lost", q.Reason())
		os.Exit(3)
	}()
	fmt.Println("follows")
	if err := q.Elect(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	fmt.Println("leads", q.Term())
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%s-%d-%d-%d", name, q.Term(), w, i)
				index, err := j.Append(context.Background(), journal.Entry{Kind: "test", Subject: id, Reason: strings.Repeat("x", 200)})
				if err != nil {
					fmt.Println("refused", err)
					return
				}
				fmt.Println("told", index, id)
			}
		})
	}
	wg.Wait()
}

// readOther reads from whichever other server's directory has the entries: what a server
// asks another for, without a server. The files only grow, and are opened for reading.
func readOther(ctx context.Context, own string, from, to uint64, accept func(journal.Group) error) error {
	err := errors.New("no other server has them")
	for _, name := range []string{"a", "b", "c"} {
		dir := filepath.Join(filepath.Dir(own), name)
		if dir == own {
			continue
		}
		copied := own + ".copy"
		if cerr := errors.Join(os.RemoveAll(copied), os.CopyFS(copied, os.DirFS(dir))); cerr != nil {
			err = errors.Join(err, cerr)
			continue
		}
		other, oerr := journal.Open(copied, time.Now)
		if oerr != nil {
			err = errors.Join(err, oerr)
			continue
		}
		if other.Head().Size >= to {
			err = other.Groups(ctx, from, to, 16<<10, accept)
			return errors.Join(err, other.Close())
		}
		_ = other.Close()
	}
	return err
}

// life is one server process.
type life struct {
	name  string
	cmd   *exec.Cmd
	done  chan struct{}
	ended error

	mu      sync.Mutex
	leads   bool
	grown   chan struct{} // closed and replaced when it says something
	told    map[uint64]string
	refused int
}

func start(t *testing.T, root, etcdURL, key, name, at string) *life {
	t.Helper()
	l := &life{name: name, done: make(chan struct{}), grown: make(chan struct{}), told: map[uint64]string{}}
	l.cmd = exec.Command(os.Args[0], "-test.run=^TestKilledAndFrozenLeaders$", "-test.count=1")
	l.cmd.Env = append(os.Environ(), envDir+"="+filepath.Join(root, name), envEtcd+"="+etcdURL, envKey+"="+key, envAt+"="+at)
	l.cmd.Stderr = os.Stderr
	out, err := l.cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := l.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		defer close(l.done)
		for lines := bufio.NewScanner(out); lines.Scan(); {
			l.hear(lines.Text())
		}
		l.ended = l.cmd.Wait()
	}()
	t.Cleanup(l.kill)
	return l
}

func (l *life) hear(line string) {
	l.mu.Lock()
	defer l.mu.Unlock()
	var index uint64
	var id string
	switch {
	case strings.HasPrefix(line, "leads "):
		l.leads = true
	case strings.HasPrefix(line, "refused "):
		l.refused++
	default:
		if n, _ := fmt.Sscanf(line, "told %d %s", &index, &id); n == 2 {
			l.told[index] = id
		}
	}
	close(l.grown)
	l.grown = make(chan struct{})
}

func (l *life) kill() {
	_ = l.cmd.Process.Kill()
	<-l.done
}

// await waits until the server has said what is asked for, or has ended.
func (l *life) await(t *testing.T, what string, done func(*life) bool) bool {
	t.Helper()
	limit := time.After(2 * time.Minute)
	for {
		l.mu.Lock()
		ok, grown := done(l), l.grown
		l.mu.Unlock()
		if ok {
			return true
		}
		select {
		case <-grown:
		case <-l.done:
			return false
		case <-limit:
			t.Fatalf("server %s: %s has not happened", l.name, what)
		}
	}
}

// leader returns the one that leads now, and has had entries acknowledged.
func leader(t *testing.T, c *clientv3.Client, lives map[string]*life) *life {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 2*time.Minute)
	defer cancel()
	for {
		resp, err := c.Get(ctx, "/fournines/leader")
		if err != nil {
			t.Fatalf("nobody leads: %v", err)
		}
		var changed <-chan struct{}
		for name, l := range lives {
			if len(resp.Kvs) == 0 || !strings.Contains(string(resp.Kvs[0].Value), `"name":"`+name+`"`) {
				continue
			}
			l.mu.Lock()
			ready, grown := l.leads && len(l.told) > 20, l.grown
			l.mu.Unlock()
			if ready {
				return l
			}
			changed = grown
		}
		look, stop := context.WithTimeout(ctx, time.Second)
		select {
		case <-changed:
		case <-c.Watch(look, "/fournines/leader", clientv3.WithRev(resp.Header.Revision+1)):
		case <-look.Done():
		}
		stop()
	}
}

// Three servers over one real etcd: whoever leads is killed at any moment and at each
// boundary, or frozen and thawed. What one of them acknowledged is in every log, once, and
// the logs are one.
func TestKilledAndFrozenLeaders(t *testing.T) {
	if os.Getenv(envDir) != "" {
		serve(t)
		return
	}
	t.Parallel()
	url, root := startEtcd(t), t.TempDir()
	c := dial(t, url)
	key := newKey(t)
	seed := uint64(time.Now().UnixNano()) //nolint:gosec // any will do
	t.Logf("seed %d", seed)
	r := rand.New(rand.NewPCG(seed, 0))
	lives, told := map[string]*life{}, map[uint64]string{}
	take := func(l *life) {
		l.mu.Lock()
		defer l.mu.Unlock()
		for i, id := range l.told {
			if old, twice := told[i]; twice && old != id {
				t.Fatalf("%s and %s were both told index %d", old, id, i)
			}
			told[i] = id
		}
	}
	for _, name := range []string{"a", "b", "c"} {
		lives[name] = start(t, root, url, key, name, "")
	}
	for _, how := range []string{"kill", "decide:before", "freeze", "decide:after", "elected", "kill", "caught-up", "freeze", "taken-over", "kill"} {
		l := leader(t, c, lives)
		switch how {
		case "kill":
			n := len(told) + r.IntN(100)
			l.await(t, "more entries", func(l *life) bool { return len(l.told) >= n-len(told) })
			l.kill()
		case "freeze":
			// Long enough that another leads, and then it must find out by itself.
			if err := l.cmd.Process.Signal(syscall.SIGSTOP); err != nil {
				t.Fatal(err)
			}
			others := map[string]*life{}
			for name, o := range lives {
				if name != l.name {
					others[name] = o
				}
			}
			leader(t, c, others)
			if err := l.cmd.Process.Signal(syscall.SIGCONT); err != nil {
				t.Fatal(err)
			}
			<-l.done
			if l.cmd.ProcessState.ExitCode() != 3 {
				t.Fatalf("the thawed leader ended with %v, it should have noticed that it lost", l.ended)
			}
		default:
			// Whoever leads next is a server that dies at this boundary.
			for name, o := range lives {
				if name != l.name {
					o.kill()
					take(o)
				}
			}
			next := map[string]string{"a": "b", "b": "c", "c": "a"}[l.name]
			doomed := start(t, root, url, key, next, how)
			doomed.await(t, "following", func(*life) bool { return true })
			l.kill()
			take(l)
			<-doomed.done
			take(doomed)
			for name := range lives {
				lives[name] = start(t, root, url, key, name, "")
			}
			continue
		}
		take(l)
		lives[l.name] = start(t, root, url, key, l.name, "")
	}
	last := leader(t, c, lives)
	for _, l := range lives {
		if l != last {
			continue
		}
		l.kill()
		take(l)
	}
	checkLogs(t, c, lives, root, told, take)
}

// checkLogs waits until the servers that are left hold the decided log, and compares them
// with what was told.
func checkLogs(t *testing.T, c *clientv3.Client, lives map[string]*life, root string, told map[uint64]string, take func(*life)) {
	t.Helper()
	leader(t, c, lives)
	for _, l := range lives {
		l.kill()
		take(l)
	}
	resp, err := c.Get(t.Context(), "/fournines/log/next")
	if err != nil || len(resp.Kvs) == 0 {
		t.Fatalf("%v: nothing was decided", err)
	}
	t.Logf("%d entries were acknowledged, the log ends with %s", len(told), resp.Kvs[0].Value)
	for name := range lives {
		j, err := journal.Open(filepath.Join(root, name), time.Now)
		if err != nil {
			t.Fatal(err)
		}
		ids := map[string]bool{}
		size := j.Head().Size
		for i := uint64(0); i < size; i += 1000 {
			records, err := j.Read(i, 1000)
			if err != nil {
				t.Fatal(err)
			}
			for _, r := range records {
				if ids[r.Subject] {
					t.Fatalf("server %s has %s twice", name, r.Subject)
				}
				ids[r.Subject] = true
				if id, ok := told[r.Index]; ok && id != r.Subject {
					t.Fatalf("server %s has %s at %d, %s was acknowledged there", name, r.Subject, r.Index, id)
				}
			}
		}
		if err := j.Close(); err != nil {
			t.Fatal(err)
		}
	}
	checkDecided(t, c, root, told)
}

// checkDecided lets a server that has nothing take everything from the others, and finds
// each acknowledged entry in it.
func checkDecided(t *testing.T, c *clientv3.Client, root string, told map[uint64]string) {
	t.Helper()
	dir := filepath.Join(root, "d")
	q := quorum.New(quorum.Options{
		Client: c, Name: "d", TTL: 2 * time.Second, Log: slog.New(slog.DiscardHandler),
		Fetch: func(ctx context.Context, from, to uint64, accept func(journal.Group) error) error {
			return readOther(ctx, dir, from, to, accept)
		},
	})
	j, err := (journal.Options{Decide: q.Decide}).Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer j.Close() //nolint:errcheck // test
	if err := q.Elect(t.Context(), j); err != nil {
		t.Fatal(err)
	}
	for i, id := range told {
		records, err := j.Read(i, 1)
		if err != nil || len(records) == 0 || records[0].Subject != id {
			t.Fatalf("entry %d was acknowledged as %s, the log has %v (%v)", i, id, records, err)
		}
	}
	if err := q.Resign(t.Context()); err != nil {
		t.Fatal(err)
	}
}

func newKey(t *testing.T) string {
	t.Helper()
	key, err := journal.NewKey()
	if err != nil {
		t.Fatal(err)
	}
	return key
}
