package relay_test

import (
	"bufio"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/event"
	"github.com/greenlang/fournines/internal/edge/relay"
	"github.com/greenlang/fournines/internal/edge/resp"
	"github.com/greenlang/fournines/internal/greenlang/enginetest"
)

func caches(caches ...*cache) config.TCPService {
	spec := config.TCPService{Protocol: config.Redis, Master: "main", Policy: config.TCPPolicy{Wait: config.Duration(20 * time.Second)}}
	for _, c := range caches {
		spec.Members = append(spec.Members, c.Member)
	}
	return spec
}

// rounds waits until a Sentinel was asked often enough to have changed a mind.
func (c *cache) rounds(t *testing.T) {
	t.Helper()
	count := func() int {
		c.mu.Lock()
		defer c.mu.Unlock()
		return c.asked
	}
	first := count()
	eventually(t, "the Sentinel is asked again and again", func() bool { return count() >= first+8 }) // two commands each time
}

func (c *cache) refuse(with string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.refusal = with
}

// stays fails where the service has left its leader.
func (st *stand) stays(t *testing.T, leader string) {
	t.Helper()
	if s := st.State(); s.Leader != leader || s.Cut != 0 || st.saw(event.LeaderLost) != 0 {
		t.Errorf("it has left the leader: %+v", s)
	}
}

// A Redis and Sentinels that answer with an error live: the leader stays, its sessions go on,
// and nobody is asked more often.
func TestARefusalIsNoSilence(t *testing.T) {
	t.Parallel()
	for _, refusal := range []string{
		"-ERR max number of clients reached\r\n", "-NOAUTH Authentication required.\r\n",
		"-LOADING Redis is loading the dataset in memory\r\n", "-BUSY Redis is busy running a script.\r\n",
	} {
		t.Run(strings.Fields(refusal)[0], func(t *testing.T) {
			t.Parallel()
			a, b := newCache(t, "a", "master"), newCache(t, "b", "slave")
			a.set("master", a, 2)
			b.set("slave", a, 2)
			st := newStand(t, caches(a, b))
			st.led(t, "a")
			c := dial(t, st)
			if got := who(c); got != "+a" {
				t.Fatal(got)
			}
			a.refuse(refusal)
			b.refuse(refusal)
			refuses := func(m relay.MemberState) bool {
				return !m.Answered && m.Lives && strings.Contains(m.Error, strings.TrimSpace(refusal[1:])) && m.NoVote != "" && m.Blind == ""
			}
			eventually(t, "both are known to refuse", func() bool { s := st.State(); return refuses(s.Members[0]) && refuses(s.Members[1]) })
			a.rounds(t)
			st.stays(t, "a")
			if s := st.State(); s.Unsure {
				t.Errorf("it asks one often that has enough to do: %+v", s)
			}
			if got := who(c); got != "+a" {
				t.Errorf("the session ended: %s", got)
			}
			if got := who(dial(t, st)); got != "+a" {
				t.Errorf("a new session: %s", got)
			}
			a.refuse("")
			b.refuse("")
			eventually(t, "both answer", func() bool { s := st.State(); return s.Members[0].Answered && s.Members[1].Answered })
			st.stays(t, "a")
		})
	}
}

// A Sentinel that has missed a failover, beside a master that has as well, overrules nobody
// while the one that knows of it refuses to vote.
func TestALateVoteOverrulesNobody(t *testing.T) {
	t.Parallel()
	a, b := newCache(t, "a", "slave"), newCache(t, "b", "master")
	a.set("master", a, 2)
	b.set("slave", a, 2)
	st := newStand(t, caches(a, b))
	st.led(t, "a")
	a.mu.Lock()
	a.silent = true // it gives no vote, and its Redis answers
	a.mu.Unlock()
	b.set("master", b, 1)
	b.rounds(t)
	st.stays(t, "a")
	b.set("master", b, 3) // a newer one does
	st.led(t, "b")
}

// What the edge itself lacks is no news of anybody.
func TestWithoutItsPasswordTheEdgeKnowsNothingNew(t *testing.T) {
	t.Parallel()
	a := newCache(t, "a", "master")
	a.set("master", a, 1)
	spec := caches(a)
	spec.PasswordFile = filepath.Join(t.TempDir(), "password")
	lay := func() {
		if err := os.WriteFile(spec.PasswordFile, []byte("secret\n"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	lay()
	st := newStand(t, spec)
	st.led(t, "a")
	if err := os.Remove(spec.PasswordFile); err != nil {
		t.Fatal(err)
	}
	eventually(t, "it says why it cannot ask", func() bool {
		m := st.State().Members[0]
		return strings.Contains(m.Blind, spec.PasswordFile) && m.Answered && m.Error == ""
	})
	st.stays(t, "a")
	lay()
	eventually(t, "it asks again", func() bool { return st.State().Members[0].Blind == "" })
	st.stays(t, "a")
}

// A Patroni that cannot ask its own PostgreSQL, for example because that has too many
// clients, does not say that it no longer leads.
func TestAnUnknownStateIsNoDemotion(t *testing.T) {
	t.Parallel()
	m := newMember(t, "a", "primary", 3)
	st := newStand(t, postgres(m))
	st.led(t, "a")
	c := dial(t, st)
	if failure := c.connect(); failure != "" {
		t.Fatal(failure)
	}
	m.set("unknown", "primary", 3)
	eventually(t, "its refusal is known", func() bool { s := st.State().Members[0]; return !s.Answered && s.Lives && s.Error != "" })
	st.stays(t, "a")
	if got := c.query("SELECT 1"); got != "a" {
		t.Errorf("the session ended: %s", got)
	}
	m.set("stopped", "primary", 3)
	eventually(t, "it no longer leads", func() bool { return st.State().Leader == "" })
}

// A real Redis that has as many clients as it takes keeps those that it has.
func TestARealRedisWithTooManyClients_7_1_5(t *testing.T) {
	t.Parallel()
	redis := enginetest.StartRedis(t, "that a Redis without room for more clients is not cut off")
	s := newCache(t, "a", "master") // of it only the Sentinel
	s.Address = redis.Address
	s.set("master", s, 1)
	st := newStand(t, caches(s))
	st.led(t, "a")
	c := dial(t, st)
	if got := who(c); got != "+PONG" {
		t.Fatal(got)
	}
	limit := func(n string) {
		t.Helper()
		if _, err := c.conn.Write(resp.Command("CONFIG", "SET", "maxclients", n)); err != nil {
			t.Fatal(err)
		}
		if line, err := c.r.ReadString('\n'); err != nil || line != "+OK\r\n" {
			t.Fatal(line, err)
		}
	}
	limit("4")
	var idle []net.Conn
	full := func() bool {
		conn, err := net.Dial("tcp", redis.Address)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { conn.Close() })
		if _, err := conn.Write([]byte("PING\r\n")); err != nil {
			return true // it has been closed already
		}
		line, err := bufio.NewReader(conn).ReadString('\n')
		if err == nil && line == "+PONG\r\n" {
			idle = append(idle, conn)
			return false
		}
		return true
	}
	eventually(t, "it is full, and the edge knows", func() bool {
		m := st.State().Members[0]
		return full() && m.Lives && !m.Answered && strings.Contains(m.Error, "max number of clients reached")
	})
	s.rounds(t)
	st.stays(t, "a")
	if got := who(c); got != "+PONG" {
		t.Errorf("the session ended: %s", got)
	}
	if got := who(dial(t, st)); !strings.HasPrefix(got, "-ERR max number of clients") && !strings.Contains(got, "reset") && !strings.Contains(got, "EOF") {
		t.Errorf("a new session: %s", got) // it is Redis that refuses it
	}
	for _, conn := range idle {
		conn.Close()
	}
	eventually(t, "it answers the edge", func() bool { return st.State().Members[0].Answered })
	st.stays(t, "a")
	if got := who(dial(t, st)); got != "+PONG" {
		t.Errorf("afterwards: %s", got)
	}
}
