package redis_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redis/rueidis"

	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/driver/redis"
	"github.com/greenlang/fournines/internal/greenlang/enginetest"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
	"github.com/greenlang/fournines/internal/platformtest/strict"
	"github.com/greenlang/fournines/internal/spec"
)

// trio is a region's Redis: three servers, each with its Sentinel.
type trio struct {
	t       *testing.T
	dir     string
	servers []redis.Start
	stop    [3]func()
	ended   [3]chan struct{} // closed when the process has
}

func newTrio(t *testing.T) *trio {
	t.Helper()
	programs, err := assign.FindPrograms(t.Context(), place.EnginesRoot())
	if err != nil {
		strict.Skip(t, "that an empty Redis never leads, which needs the real engine", err)
	}
	n := loopback.New(t)
	x := &trio{t: t, dir: t.TempDir()}
	t.Cleanup(func() {
		for i := range x.servers {
			if b, err := os.ReadFile(filepath.Join(x.dir, strconv.Itoa(i), "log")); err == nil && t.Failed() {
				t.Logf("%d:\n%s", i, b)
			}
		}
	})
	p, err := spec.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	policy := p.Spec.Engines.Redis
	at := func(i, port int) string { return net.JoinHostPort(n.IP(0, i+1), strconv.Itoa(port)) }
	for i := range 3 {
		home := filepath.Join(x.dir, strconv.Itoa(i), "redis")
		m := redis.Member{Address: n.IP(0, i+1), Master: n.IP(0, 1), Password: "secret"}
		sentinel := filepath.Join(filepath.Dir(home), "sentinel")
		for path, content := range map[string]string{home + "/redis.conf": m.ServerConfig(), sentinel + "/sentinel.conf": m.SentinelConfig(policy)} {
			if err := os.MkdirAll(filepath.Dir(path), 0o750); err != nil {
				t.Fatal(err)
			}
			if err := os.WriteFile(path, []byte(strings.ReplaceAll(content, "{home}", filepath.Dir(path))), 0o600); err != nil {
				t.Fatal(err)
			}
		}
		s := redis.Start{Home: home, Keep: filepath.Dir(home), Address: at(i, redis.Port), Password: "secret", Env: programs.Env(), Argv: append([]string{programs.Redis, home + "/redis.conf"}, redis.ServerOptions(policy)...)}
		for j := range 3 {
			if i != j {
				s.Peers = append(s.Peers, at(j, redis.Port))
			}
			s.Sentinels = append(s.Sentinels, at(j, redis.SentinelPort))
		}
		x.servers = append(x.servers, s)
		start(t, programs, n.IP(0, i+1), redis.SentinelPort, append([]string{sentinel + "/sentinel.conf"}, redis.SentinelOptions(policy)...))
		x.start(i)
	}
	return x
}

// start starts a server as its node does, under the same pid to the end.
func (x *trio) start(i int) {
	x.t.Helper()
	b, err := json.Marshal(x.servers[i])
	if err != nil {
		x.t.Fatal(err)
	}
	log, err := os.OpenFile(filepath.Join(filepath.Dir(x.servers[i].Home), "log"), os.O_CREATE|os.O_APPEND|os.O_WRONLY, 0o600)
	if err != nil {
		x.t.Fatal(err)
	}
	cmd := exec.CommandContext(context.WithoutCancel(x.t.Context()), os.Args[0])
	cmd.Env = append(os.Environ(), startEnv+"="+string(b))
	cmd.Stdout, cmd.Stderr = log, log
	if err := cmd.Start(); err != nil {
		x.t.Fatal(err)
	}
	ended := make(chan struct{})
	go func() {
		defer close(ended)
		_ = cmd.Wait()
		_ = log.Close()
	}()
	x.ended[i] = ended
	x.stop[i] = func() {
		_ = cmd.Process.Kill()
		<-ended
	}
	x.t.Cleanup(func() { x.stop[i]() })
}

func (x *trio) lose(i int) {
	x.t.Helper()
	if err := os.RemoveAll(filepath.Join(x.servers[i].Home, "appendonlydir")); err != nil {
		x.t.Fatal(err)
	}
}

func (x *trio) do(i int, command ...string) (rueidis.RedisResult, func()) {
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{x.servers[i].Address}, Password: "secret", ForceSingleClient: true, DisableCache: true, DisableRetry: true, AlwaysRESP2: true})
	if err != nil {
		return rueidis.RedisResult{}, func() {}
	}
	return c.Do(x.t.Context(), c.B().Arbitrary(command...).Build()), c.Close
}

// is asks one server for its role and how many keys it has.
func (x *trio) is(i int) (master, linked bool, keys int64) {
	l := &redis.Looker{Password: "secret"}
	defer l.Close()
	ctx, cancel := context.WithTimeout(x.t.Context(), time.Second)
	defer cancel()
	n := l.Server(ctx, "x", x.servers[i].Address, time.Now)
	r, done := x.do(i, "DBSIZE")
	defer done()
	if n.Error == "" {
		keys, _ = r.AsInt64() // of one that does not answer: 0
	}
	return n.Role == "master", n.LinkUp, keys
}

// settled waits until one server leads two linked ones, and all have that many keys.
func (x *trio) settled(keys int64) (master int) {
	x.t.Helper()
	enginetest.Await(x.t, fmt.Sprintf("three servers with %d keys", keys), func() error {
		masters, linked, said := 0, 0, ""
		for i := range 3 {
			m, l, k := x.is(i)
			said += fmt.Sprintf(" %d: master %v, linked %v, %d keys;", i, m, l, k)
			if m {
				masters, master = masters+1, i
			}
			if l {
				linked++
			}
			if k != keys {
				linked = -3
			}
		}
		if masters != 1 || linked != 2 {
			return fmt.Errorf("not yet:%s", said)
		}
		return nil
	})
	return master
}

// known waits until every Sentinel knows both replicas and the other Sentinels: it asks for them every 10 s.
func (x *trio) known() {
	x.t.Helper()
	for _, address := range x.servers[0].Sentinels {
		host, _, _ := net.SplitHostPort(address)
		enginetest.Await(x.t, "the Sentinel at "+address+" knows everybody", func() error {
			if m := ask(x.t, host, redis.SentinelPort, "SENTINEL", "MASTER", redis.MasterName); m["num-slaves"] != "2" || m["num-other-sentinels"] != "2" {
				return fmt.Errorf("%s replicas, %s Sentinels", m["num-slaves"], m["num-other-sentinels"])
			}
			return nil
		})
	}
}

func (x *trio) fill(i, keys int) {
	x.t.Helper()
	if r, done := x.do(i, "EVAL", "for i=1,tonumber(ARGV[1]) do redis.call('SET','k'..i,i) end return 1", "0", strconv.Itoa(keys)); r.Error() != nil {
		x.t.Fatal(r.Error())
	} else {
		done()
	}
}

// What two replicas have acknowledged survives a master that comes back at once, without its data.
func TestAnEmptyMasterDoesNotLead_7_1_5(t *testing.T) {
	x := newTrio(t)
	master := x.settled(0)
	x.fill(master, 2000)
	x.settled(2000)
	x.known()
	x.stop[master]()
	x.lose(master)
	x.start(master) // as soon as its node sees that it is gone
	if now := x.settled(2000); now == master {
		t.Error("the master that had lost its data leads again")
	}

	// One that cannot read what it has, again and again, gets it from the others.
	master = x.settled(2000)
	broken := (master + 1) % 3
	found, err := filepath.Glob(filepath.Join(x.servers[broken].Home, "appendonlydir", "*.base.rdb"))
	if err != nil || len(found) != 1 {
		t.Fatal(found, err)
	}
	x.stop[broken]()
	if err := os.WriteFile(found[0], []byte("REDIS0010 and then nothing that could be read"), 0o600); err != nil {
		t.Fatal(err)
	}
	for tries := 0; !exists(filepath.Join(x.servers[broken].Home, "broken")); tries++ {
		if tries > 10 {
			t.Fatal("it dies of its data again and again, and never sets it aside")
		}
		x.start(broken)
		enginetest.Await(t, "it ends, or sets its data aside", func() error {
			select {
			case <-x.ended[broken]:
				return nil
			default:
			}
			if exists(filepath.Join(x.servers[broken].Home, "broken")) {
				return nil
			}
			return errors.New("it runs")
		})
	}
	x.settled(2000)
}

// What two replicas have acknowledged survives a master whose append-only file was cut, and
// servers that all end at once, also if the file of the one that led was cut meanwhile.
func TestAMasterWithACutFileDoesNotLead_7_1_5(t *testing.T) {
	x := newTrio(t)
	master := x.settled(0)
	x.fill(master, 2000)
	x.settled(2000)
	x.known()
	x.stop[master]()
	x.cut(master)
	x.start(master)
	if now := x.settled(2000); now == master {
		t.Error("the master whose file was cut leads again")
	}
	x.known()
	x.kept()

	x.together(func() {})
	master = x.settled(2000)
	x.known()
	x.kept()
	x.together(func() { x.cut(master) })
	if now := x.settled(2000); now == master {
		t.Error("of three that started at once, the one whose file was cut leads")
	}
}

// A master whose peers do not answer leads after a moment, with what it has.
func TestAMasterDoesNotWaitForTheDead(t *testing.T) {
	x := newTrio(t)
	master := x.settled(0)
	x.fill(master, 20)
	x.settled(20)
	for i := range x.servers {
		x.stop[i]()
	}
	x.start(master)
	enginetest.Await(t, "it leads alone", func() error {
		if leads, _, keys := x.is(master); !leads || keys != 20 {
			return fmt.Errorf("master %v, %d keys", leads, keys)
		}
		return nil
	})
}

// kept waits until every server has on its disk what it has: after a copy it writes a new file.
func (x *trio) kept() {
	x.t.Helper()
	for i := range x.servers {
		enginetest.Await(x.t, fmt.Sprintf("server %d has written its data", i), func() error {
			r, done := x.do(i, "INFO", "persistence")
			defer done()
			text, err := r.ToString()
			if err == nil && (!strings.Contains(text, "aof_rewrite_in_progress:0") || !strings.Contains(text, "aof_rewrite_scheduled:0")) {
				err = errors.New("it writes its append-only file anew")
			}
			return err
		})
	}
}

// together ends all servers, does something and starts them at once, as a region does that had no power.
func (x *trio) together(meanwhile func()) {
	x.t.Helper()
	for i := range x.servers {
		x.stop[i]()
	}
	meanwhile()
	for i := range x.servers {
		x.start(i)
	}
}

// cut leaves nothing in a server's append-only file, which its manifest names all the same.
func (x *trio) cut(i int) {
	x.t.Helper()
	found, err := filepath.Glob(filepath.Join(x.servers[i].Home, "appendonlydir", "*.incr.aof"))
	if err != nil || len(found) == 0 {
		x.t.Fatal(found, err)
	}
	var lines strings.Builder
	for _, path := range found {
		name := filepath.Base(path)
		fmt.Fprintf(&lines, "file %s seq %s type i\n", name, strings.Split(name, ".")[2])
		if err := os.Truncate(path, 0); err != nil {
			x.t.Fatal(err)
		}
	}
	if err := os.WriteFile(filepath.Join(x.servers[i].Home, "appendonlydir", "appendonly.aof.manifest"), []byte(lines.String()), 0o600); err != nil {
		x.t.Fatal(err)
	}
}

func exists(path string) bool {
	_, err := os.Stat(path)
	return err == nil
}
