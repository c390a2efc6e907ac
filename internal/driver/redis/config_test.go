package redis_test

import (
	"context"
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
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
	"github.com/greenlang/fournines/internal/platformtest/strict"
	"github.com/greenlang/fournines/internal/spec"
)

// TestAChangedPolicyIsTakenUpByARestart starts real engines twice in one directory: their
// files are what they rewrote, and the policy is still ours.
func TestAChangedPolicyIsTakenUpByARestart(t *testing.T) {
	programs, err := assign.FindPrograms(t.Context(), place.EnginesRoot())
	if err != nil {
		strict.Skip(t, "a changed policy of Redis, which needs the real engine", err)
	}
	address := loopback.New(t).IP(0, 1)
	m := redis.Member{Address: address, Master: address, Password: "secret"}
	home := t.TempDir()
	policy := spec.Redis{Quorum: 2, DownAfter: spec.Duration(time.Second), FailoverTimeout: spec.Duration(10 * time.Second), MinReplicasToWrite: 1, MinReplicasMaxLag: spec.Duration(10 * time.Second)}
	for name, content := range map[string]string{"redis.conf": m.ServerConfig(), "sentinel.conf": m.SentinelConfig(policy)} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(strings.ReplaceAll(content, "{home}", home)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	for _, p := range []spec.Redis{policy, {Quorum: 2, DownAfter: spec.Duration(1500 * time.Millisecond), FailoverTimeout: spec.Duration(12 * time.Second), MinReplicasMaxLag: spec.Duration(7 * time.Second)}} {
		stopServer := start(t, programs, address, redis.Port, append([]string{filepath.Join(home, "redis.conf")}, redis.ServerOptions(p)...))
		stopSentinel := start(t, programs, address, redis.SentinelPort, append([]string{filepath.Join(home, "sentinel.conf")}, redis.SentinelOptions(p)...))
		got := ask(t, address, redis.Port, "CONFIG", "GET", "min-replicas-*")
		if got["min-replicas-to-write"] != strconv.Itoa(p.MinReplicasToWrite) || got["min-replicas-max-lag"] != strconv.Itoa(int(p.MinReplicasMaxLag.D().Seconds())) {
			t.Errorf("the server has %v, want %+v", got, p)
		}
		got = ask(t, address, redis.SentinelPort, "SENTINEL", "MASTER", redis.MasterName)
		if got["down-after-milliseconds"] != strconv.FormatInt(p.DownAfter.D().Milliseconds(), 10) || got["failover-timeout"] != strconv.FormatInt(p.FailoverTimeout.D().Milliseconds(), 10) {
			t.Errorf("the Sentinel has %v, want %+v", got, p)
		}
		stopSentinel()
		stopServer()
	}
}

func start(t *testing.T, p place.Programs, address string, port int, args []string) (stop func()) {
	t.Helper()
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	cmd := exec.CommandContext(ctx, p.Redis, args...)
	cmd.Env = p.Env()
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	end := time.Now().Add(time.Minute)
	for {
		c, err := net.Dial("tcp", net.JoinHostPort(address, strconv.Itoa(port)))
		if err == nil {
			_ = c.Close()
			break
		}
		if time.Now().After(end) {
			t.Fatalf("%v never listens: %v", cmd.Args, err)
		}
	}
	stop = func() { cancel(); _ = cmd.Wait() }
	t.Cleanup(stop)
	return stop
}

func ask(t *testing.T, address string, port int, words ...string) map[string]string {
	t.Helper()
	m, err := answer(t, address, port, words...).AsStrMap()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

// answer is what a server says to one command.
func answer(t *testing.T, address string, port int, words ...string) rueidis.RedisResult {
	t.Helper()
	c, err := rueidis.NewClient(rueidis.ClientOption{InitAddress: []string{net.JoinHostPort(address, strconv.Itoa(port))}, Password: "secret", ForceSingleClient: true, DisableCache: true, AlwaysRESP2: true})
	if err != nil {
		t.Fatal(err)
	}
	defer c.Close()
	return c.Do(t.Context(), c.B().Arbitrary(words...).Build())
}
