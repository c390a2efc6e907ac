package redis

import (
	"context"
	"fmt"
	"net"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redis/rueidis"

	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/spec"
)

// Looker asks Redis servers and Sentinels about themselves, over connections it keeps.
type Looker struct {
	Password string
	Policy   spec.Redis // what is declared

	mu      sync.Mutex // guards clients
	clients map[string]rueidis.Client
}

// client returns a connection to address, dialled when there is none.
func (l *Looker) client(address string) (rueidis.Client, error) {
	l.mu.Lock()
	c, ok := l.clients[address]
	l.mu.Unlock()
	if ok {
		return c, nil
	}
	c, err := rueidis.NewClient(rueidis.ClientOption{
		InitAddress: []string{address}, Password: l.Password, ForceSingleClient: true, DisableRetry: true, DisableCache: true,
		AlwaysRESP2: true, ConnWriteTimeout: time.Second, Dialer: net.Dialer{Timeout: time.Second},
	})
	if err != nil {
		return nil, fmt.Errorf("connect to redis %s: %w", address, err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.clients == nil {
		l.clients = map[string]rueidis.Client{}
	}
	if other, ok := l.clients[address]; ok {
		c.Close()
		return other, nil
	}
	l.clients[address] = c
	return c, nil
}

// drop forgets a connection that failed.
func (l *Looker) drop(address string) {
	l.mu.Lock()
	c, ok := l.clients[address]
	delete(l.clients, address)
	l.mu.Unlock()
	if ok {
		c.Close()
	}
}

// Close closes every connection.
func (l *Looker) Close() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for a, c := range l.clients {
		c.Close()
		delete(l.clients, a)
	}
}

// Server asks one Redis server for its role. now stamps the answer.
func (l *Looker) Server(ctx context.Context, id, address string, now func() time.Time) fact.RedisNode {
	n := fact.RedisNode{ID: id, Address: address}
	c, err := l.client(address)
	if err == nil {
		var text string
		if text, err = c.Do(ctx, c.B().Info().Section("replication").Build()).ToString(); err == nil {
			readReplication(text, &n)
			n.Seen, n.Differs = now(), altered(ctx, c, declared(ServerOptions(l.Policy)))
			return n
		}
		l.drop(address)
	}
	n.Error = err.Error()
	return n
}

// readReplication reads INFO replication.
func readReplication(text string, n *fact.RedisNode) {
	f := fields(text)
	n.Role = f["role"]
	n.LinkUp = f["master_link_status"] == "up"
	if f["master_host"] != "" {
		n.Master = f["master_host"] + ":" + f["master_port"]
	}
	n.Replicas, _ = strconv.Atoi(f["min_slaves_good_slaves"]) // absent on a replica
	for _, key := range []string{"slave_repl_offset", "master_repl_offset"} {
		if v, err := strconv.ParseInt(f[key], 10, 64); err == nil {
			n.Offset = v
			break
		}
	}
}

func fields(text string) map[string]string {
	out := map[string]string{}
	for line := range strings.SplitSeq(text, "\n") {
		if k, v, ok := strings.Cut(strings.TrimSpace(line), ":"); ok {
			out[k] = v
		}
	}
	return out
}

// Sentinel asks one Sentinel whom it would send clients to, and whether it could fail over.
func (l *Looker) Sentinel(ctx context.Context, id, address string, now func() time.Time) fact.RedisSentinel {
	s := fact.RedisSentinel{ID: id}
	if err := l.sentinel(ctx, address, &s); err != nil {
		l.drop(address)
		s.Error = err.Error()
		return s
	}
	s.Seen = now()
	return s
}

func (l *Looker) sentinel(ctx context.Context, address string, s *fact.RedisSentinel) error {
	c, err := l.client(address)
	if err != nil {
		return err
	}
	m, err := c.Do(ctx, c.B().Arbitrary("SENTINEL", "MASTER", MasterName).Build()).AsStrMap()
	if rerr, ok := rueidis.IsRedisErr(err); ok && strings.Contains(rerr.Error(), "No such master") {
		// It answers and watches nobody, though others count it as one that could agree with them.
		s.Master, s.Quorum = "", "it does not watch the master"
		s.Differs = []string{fmt.Sprintf("it watches no master %s, declared is that it does: SENTINEL MONITOR is gone", MasterName)}
		return nil
	}
	if err != nil {
		return fmt.Errorf("ask sentinel %s for its master: %w", address, err)
	}
	s.Master = m["ip"] + ":" + m["port"]
	s.Epoch, _ = strconv.ParseInt(m["config-epoch"], 10, 64) // absent: 0, the first epoch
	s.Differs = compare(m, sentinelDeclared(l.Policy))
	s.Down = strings.Contains(m["flags"], "down")
	q, err := c.Do(ctx, c.B().Arbitrary("SENTINEL", "CKQUORUM", MasterName).Build()).ToString()
	if rerr, ok := rueidis.IsRedisErr(err); ok {
		q, err = rerr.Error(), nil // NOQUORUM is an answer
	}
	if err != nil {
		return fmt.Errorf("ask sentinel %s for a quorum: %w", address, err)
	}
	s.Quorum = q
	info, err := c.Do(ctx, c.B().Info().Section("sentinel").Build()).ToString()
	if err != nil {
		return fmt.Errorf("ask sentinel %s for its clock: %w", address, err)
	}
	s.Tilt = fields(info)["sentinel_tilt"] == "1"
	return nil
}

// Failover asks the Sentinel at address to promote a replica now, without agreement of
// the others. One that is under way already is well.
func (l *Looker) Failover(ctx context.Context, address string) error {
	c, err := l.client(address)
	if err != nil {
		return err
	}
	err = c.Do(ctx, c.B().Arbitrary("SENTINEL", "FAILOVER", MasterName).Build()).Error()
	if rerr, ok := rueidis.IsRedisErr(err); ok && strings.HasPrefix(rerr.Error(), "INPROG") {
		return nil
	}
	if err != nil {
		return fmt.Errorf("ask sentinel %s for a failover: %w", address, err)
	}
	return nil
}
