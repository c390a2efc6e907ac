package availability

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/fact"
)

// answering is a Redis whose servers and Sentinels say this, while there are no facts.
type answering struct {
	seen  fact.Redis
	asked *int
}

func (answering) Redis(string) fact.Redis                   { return fact.Redis{} }
func (x answering) Look(context.Context, string) fact.Redis { return x.seen }
func (x answering) Failover(context.Context, string) error  { *x.asked++; return nil }
func sentinel(id, master string) fact.RedisSentinel {
	return fact.RedisSentinel{ID: id, Seen: zero, Master: master}
}
func server(id, role string) fact.RedisNode {
	return fact.RedisNode{ID: id, Address: id, Seen: zero, Role: role}
}
func silent(id string) (fact.RedisSentinel, fact.RedisNode) {
	return fact.RedisSentinel{ID: id, Error: "refused"}, fact.RedisNode{ID: id, Address: id, Error: "refused"}
}

// A Sentinel is asked to fail over only while the old master leads by the word of all of them and by
// its own: one that an earlier life has asked may be about to.
func TestARedisMasterIsMovedOnce(t *testing.T) {
	t.Parallel()
	away, gone := silent("a")
	for name, c := range map[string]struct {
		sentinels []fact.RedisSentinel
		nodes     []fact.RedisNode
		asked     int
		wait      string
	}{
		"it leads":                        {[]fact.RedisSentinel{sentinel("a", "a"), sentinel("b", "a")}, []fact.RedisNode{server("a", "master"), server("b", "slave")}, 1, ""},
		"a Sentinel is away":              {[]fact.RedisSentinel{away, sentinel("b", "a")}, []fact.RedisNode{server("a", "master"), server("b", "slave")}, 1, ""},
		"another leads":                   {[]fact.RedisSentinel{sentinel("a", "b"), sentinel("b", "b")}, []fact.RedisNode{server("a", "slave"), server("b", "master")}, 0, ""},
		"one Sentinel knows already":      {[]fact.RedisSentinel{sentinel("a", "a"), sentinel("b", "b")}, []fact.RedisNode{server("a", "master"), server("b", "master")}, 0, "do not agree"},
		"it is a replica already":         {[]fact.RedisSentinel{sentinel("a", "a"), sentinel("b", "a")}, []fact.RedisNode{server("a", "slave"), server("b", "master")}, 0, "is no master now"},
		"nobody answers":                  {[]fact.RedisSentinel{away}, []fact.RedisNode{gone}, 0, "no Sentinel"},
		"there is nothing to be seen yet": {nil, nil, 0, "no Sentinel"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			asked := 0
			x := Redis{Sentinels: answering{fact.Redis{Sentinels: c.sentinels, Nodes: c.nodes}, &asked}, Now: func() time.Time { return zero }}
			ctx, cancel := context.WithTimeout(t.Context(), 150*time.Millisecond)
			defer cancel()
			a, err := control.NewAction("k", KindRedisSwitchover, "us-east-1/redis", SwitchoverArgs{Cluster: "us-east-1/redis"})
			if err != nil {
				t.Fatal(err)
			}
			run, err := control.Resumed(a, map[string]any{"choose": "a"})
			if err != nil {
				t.Fatal(err)
			}
			_, err = x.move(ctx, run)
			if asked != c.asked || (err == nil) != (c.wait == "") || err != nil && !strings.Contains(err.Error(), c.wait) {
				t.Errorf("asked %d times, %v", asked, err)
			}
		})
	}
}
