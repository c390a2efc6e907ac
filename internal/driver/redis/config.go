// Package redis drives Redis under Sentinel: it renders configurations and reads
// every server and every Sentinel (row 7.1.5). Sentinel itself fails over; we
// verify that it can, and that everybody agrees on the result.
package redis

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/greenlang/fournines/internal/spec"
)

// The engines' standard ports.
const (
	Port         = spec.RedisPort
	SentinelPort = spec.SentinelPort
	MasterName   = "main"
	// EdgeSessions is how many sessions an edge may open to a server. It is far below a
	// server's own bound (maxclients, 10000), so that replicas, Sentinels and our looks
	// always get in.
	EdgeSessions = 1000
)

// Member is one Redis server with its Sentinel.
type Member struct {
	Address  string
	Master   string // address of the first master; equal to Address on it
	Password string
}

// ServerConfig renders redis.conf: who the server is. Redis rewrites it after a failover,
// so it is laid only once; what the platform may change later is in [ServerOptions].
func (m Member) ServerConfig() string {
	var b strings.Builder
	fmt.Fprintf(&b, "bind %s\nport %d\nprotected-mode no\ndir {home}\n", m.Address, Port)
	fmt.Fprintf(&b, "requirepass %s\nmasterauth %s\n", m.Password, m.Password)
	fmt.Fprintf(&b, "replica-announce-ip %s\n", m.Address)
	if m.Address != m.Master {
		fmt.Fprintf(&b, "replicaof %s %d\n", m.Master, Port)
	}
	return b.String()
}

// ServerOptions are arguments of redis-server. They follow its file and win over it, so a
// changed policy is taken up by a restart.
func ServerOptions(r spec.Redis) []string {
	return []string{
		"--min-replicas-to-write", strconv.Itoa(r.MinReplicasToWrite), "--min-replicas-max-lag", strconv.Itoa(int(r.MinReplicasMaxLag.D().Seconds())),
		"--appendonly", "yes", "--appendfsync", "everysec", "--save", "", "--maxmemory", "256mb", "--maxmemory-policy", "noeviction",
		"--repl-diskless-sync", "yes", "--repl-diskless-sync-delay", "0", "--repl-timeout", "10", "--repl-ping-replica-period", "1",
		"--tcp-keepalive", "5", "--loglevel", "notice",
	}
}

// Watches begins the line of sentinel.conf without which a Sentinel watches nothing, and does not start:
// SENTINEL REMOVE takes it away.
const Watches = "sentinel monitor " + MasterName + " "

// SentinelConfig renders sentinel.conf: who is watched. Sentinel rewrites it, so it is laid
// only once, and again where it lacks [Watches]; what the platform may change later is in [SentinelOptions].
func (m Member) SentinelConfig(r spec.Redis) string {
	var b strings.Builder
	fmt.Fprintf(&b, "bind %s\nport %d\nprotected-mode no\ndir {home}\n", m.Address, SentinelPort)
	fmt.Fprintf(&b, "requirepass %s\nsentinel sentinel-pass %s\n", m.Password, m.Password)
	fmt.Fprintf(&b, "sentinel announce-ip %s\n", m.Address)
	fmt.Fprintf(&b, Watches+"%s %d %d\n", m.Master, Port, r.Quorum)
	fmt.Fprintf(&b, "sentinel auth-pass %s %s\n", MasterName, m.Password)
	return b.String()
}

// SentinelOptions are arguments of redis-server; the first also makes it a Sentinel.
func SentinelOptions(r spec.Redis) []string {
	return []string{
		"--sentinel", "down-after-milliseconds", MasterName, strconv.FormatInt(r.DownAfter.D().Milliseconds(), 10),
		"--sentinel", "failover-timeout", MasterName, strconv.FormatInt(r.FailoverTimeout.D().Milliseconds(), 10),
		"--sentinel", "parallel-syncs", MasterName, "1",
	}
}
