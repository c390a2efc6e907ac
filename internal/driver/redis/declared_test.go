package redis_test

import (
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/assign"
	"github.com/greenlang/fournines/internal/driver/redis"
	"github.com/greenlang/fournines/internal/place"
	"github.com/greenlang/fournines/internal/platformtest/loopback"
	"github.com/greenlang/fournines/internal/platformtest/strict"
	"github.com/greenlang/fournines/internal/spec"
)

// TestWhatIsNotAsDeclared_7_1_5 changes the settings of a real server and of a real Sentinel
// behind the platform's back: each shows at the next look, and no more once it is set back. What
// is not declared is anybody's.
func TestWhatIsNotAsDeclared_7_1_5(t *testing.T) {
	programs, err := assign.FindPrograms(t.Context(), place.EnginesRoot())
	if err != nil {
		strict.Skip(t, "that changed settings of a real Redis and its Sentinel are seen", err)
	}
	address, home := loopback.New(t).IP(0, 1), t.TempDir()
	m := redis.Member{Address: address, Master: address, Password: "secret"}
	platform, err := spec.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	policy := platform.Spec.Engines.Redis
	for name, content := range map[string]string{"redis.conf": m.ServerConfig(), "sentinel.conf": m.SentinelConfig(policy)} {
		if err := os.WriteFile(filepath.Join(home, name), []byte(strings.ReplaceAll(content, "{home}", home)), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	defer start(t, programs, address, redis.Port, append([]string{filepath.Join(home, "redis.conf")}, redis.ServerOptions(policy)...))()
	defer start(t, programs, address, redis.SentinelPort, append([]string{filepath.Join(home, "sentinel.conf")}, redis.SentinelOptions(policy)...))()
	l := &redis.Looker{Password: "secret", Policy: policy}
	t.Cleanup(l.Close)
	shows := func(server, sentinel []string) {
		t.Helper()
		if n := l.Server(t.Context(), "a", net.JoinHostPort(address, strconv.Itoa(redis.Port)), time.Now); n.Error != "" || !slices.Equal(n.Differs, server) {
			t.Errorf("the server: %q %s, want %q", n.Differs, n.Error, server)
		}
		if s := l.Sentinel(t.Context(), "a", net.JoinHostPort(address, strconv.Itoa(redis.SentinelPort)), time.Now); s.Error != "" || !slices.Equal(s.Differs, sentinel) {
			t.Errorf("the Sentinel: %q %s, want %q", s.Differs, s.Error, sentinel)
		}
	}
	shows(nil, nil)
	do := func(port int, words ...string) {
		t.Helper()
		if err := answer(t, address, port, words...).Error(); err != nil {
			t.Fatal(err)
		}
	}
	do(redis.Port, "CONFIG", "SET", "appendonly", "no")
	do(redis.Port, "CONFIG", "SET", "save", "60 1")
	do(redis.Port, "CONFIG", "SET", "maxmemory", "100mb")
	do(redis.Port, "CONFIG", "SET", "slowlog-max-len", "7")
	do(redis.SentinelPort, "SENTINEL", "SET", redis.MasterName, "quorum", "1")
	do(redis.SentinelPort, "SENTINEL", "SET", redis.MasterName, "down-after-milliseconds", "60000")
	shows([]string{"appendonly is no, declared is yes", "maxmemory is 104857600, declared is 256mb", "save is 60 1, declared is nothing"},
		[]string{"down-after-milliseconds is 60000, declared is " + strconv.FormatInt(policy.DownAfter.D().Milliseconds(), 10), "quorum is 1, declared is " + strconv.Itoa(policy.Quorum)})
	do(redis.Port, "CONFIG", "SET", "appendonly", "yes")
	do(redis.Port, "CONFIG", "SET", "save", "")
	do(redis.Port, "CONFIG", "SET", "maxmemory", "256mb")
	do(redis.SentinelPort, "SENTINEL", "SET", redis.MasterName, "quorum", strconv.Itoa(policy.Quorum))
	do(redis.SentinelPort, "SENTINEL", "SET", redis.MasterName, "down-after-milliseconds", strconv.FormatInt(policy.DownAfter.D().Milliseconds(), 10))
	shows(nil, nil)
	do(redis.SentinelPort, "SENTINEL", "REMOVE", redis.MasterName)
	shows(nil, []string{"it watches no master " + redis.MasterName + ", declared is that it does: SENTINEL MONITOR is gone"})
	// A server that hides its settings is not one that has them.
	do(redis.Port, "ACL", "SETUSER", "default", "-config")
	if n := l.Server(t.Context(), "a", net.JoinHostPort(address, strconv.Itoa(redis.Port)), time.Now); n.Error != "" || len(n.Differs) != 1 || !strings.Contains(n.Differs[0], "nobody knows") {
		t.Errorf("%q %s", n.Differs, n.Error)
	}
}
