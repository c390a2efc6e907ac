// Package redis drives Redis under Sentinel: it renders configurations and reads
// every server and every Sentinel (row 7.1.5). Sentinel itself fails over; we
// verify that it can, and that everybody agrees on the result.
package redis

import (
	"fmt"
	"strings"

	"github.com/greenlang/fournines/internal/spec"
)

// The engines' standard ports.
const (
	Port         = 6379
	SentinelPort = 26379
	MasterName   = "main"
)

// Member is one Redis server with its Sentinel.
type Member struct {
	Address  string
	Master   string // address of the first master; equal to Address on it
	Password string
}

// ServerConfig renders redis.conf. Redis rewrites it after a failover, so it is laid only once.
func (m Member) ServerConfig(r spec.Redis) string {
	var b strings.Builder
	fmt.Fprintf(&b, "bind %s\nport %d\nprotected-mode no\ndir {home}\n", m.Address, Port)
	fmt.Fprintf(&b, "requirepass %s\nmasterauth %s\n", m.Password, m.Password)
	fmt.Fprintf(&b, "replica-announce-ip %s\n", m.Address)
	fmt.Fprintf(&b, "min-replicas-to-write %d\nmin-replicas-max-lag %d\n", r.MinReplicasToWrite, int(r.MinReplicasMaxLag.D().Seconds()))
	b.WriteString("appendonly yes\nappendfsync everysec\nsave \"\"\nmaxmemory 256mb\nmaxmemory-policy noeviction\n")
	b.WriteString("repl-diskless-sync yes\nrepl-diskless-sync-delay 0\nrepl-timeout 10\nrepl-ping-replica-period 1\ntcp-keepalive 5\nloglevel notice\n")
	if m.Address != m.Master {
		fmt.Fprintf(&b, "replicaof %s %d\n", m.Master, Port)
	}
	return b.String()
}

// SentinelConfig renders sentinel.conf. Sentinel rewrites it, so it is laid only once.
func (m Member) SentinelConfig(r spec.Redis) string {
	var b strings.Builder
	fmt.Fprintf(&b, "bind %s\nport %d\nprotected-mode no\ndir {home}\n", m.Address, SentinelPort)
	fmt.Fprintf(&b, "requirepass %s\nsentinel sentinel-pass %s\n", m.Password, m.Password)
	fmt.Fprintf(&b, "sentinel announce-ip %s\n", m.Address)
	fmt.Fprintf(&b, "sentinel monitor %s %s %d %d\n", MasterName, m.Master, Port, r.Quorum)
	fmt.Fprintf(&b, "sentinel auth-pass %s %s\n", MasterName, m.Password)
	fmt.Fprintf(&b, "sentinel down-after-milliseconds %s %d\n", MasterName, r.DownAfter.D().Milliseconds())
	fmt.Fprintf(&b, "sentinel failover-timeout %s %d\n", MasterName, r.FailoverTimeout.D().Milliseconds())
	fmt.Fprintf(&b, "sentinel parallel-syncs %s 1\n", MasterName)
	return b.String()
}
