package relay_test

import (
	"bufio"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/edge/config"
	"github.com/greenlang/fournines/internal/edge/resp"
)

// cache is a Redis node with its Sentinel.
type cache struct {
	config.Member
	mu     sync.Mutex
	role   string
	names  *cache // the master its Sentinel names
	epoch  int
	silent bool // the Sentinel does not answer
	// refusal is what node and Sentinel answer to everybody but clients; empty: nothing of the kind.
	refusal string
	asked   int // the Sentinel was
}

func newCache(t *testing.T, name, role string) *cache {
	t.Helper()
	c := &cache{role: role, Member: config.Member{Name: name}}
	c.Address = listen(t, c.node)
	c.Witness = listen(t, c.sentinel)
	return c
}

// listen answers each command of each connection.
func listen(t *testing.T, answer func(command []string) string) string {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			go func() {
				defer conn.Close()
				r := bufio.NewReader(conn)
				for {
					v, err := resp.Read(r)
					if err != nil {
						return
					}
					var words []string
					for _, w := range v.List {
						words = append(words, w.Text)
					}
					if _, err := io.WriteString(conn, answer(words)); err != nil {
						return
					}
				}
			}()
		}
	}()
	return l.Addr().String()
}

// auth answers AUTH, which the edge sends before anything else.
func auth(command []string) (string, bool) {
	if command[0] != "AUTH" {
		return "", false
	}
	if command[1] != "secret" {
		return "-WRONGPASS invalid username-password pair\r\n", true
	}
	return "+OK\r\n", true
}

func (c *cache) node(command []string) string {
	if reply, ok := auth(command); ok {
		return reply
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if command[0] == "ROLE" && c.refusal != "" {
		return c.refusal
	}
	if command[0] == "ROLE" {
		return string(resp.Command(c.role, "0")) // an array of bulk strings
	}
	return "+" + c.Name + "\r\n"
}

func (c *cache) sentinel(command []string) string {
	if reply, ok := auth(command); ok {
		return reply
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	c.asked++
	if c.refusal != "" {
		return c.refusal
	}
	if c.silent || command[2] != "main" {
		return "-ERR No such master with that name\r\n"
	}
	host, port, _ := net.SplitHostPort(c.names.Address)
	if command[1] == "MASTER" {
		return string(resp.Command("name", "main", "ip", host, "port", port, "config-epoch", fmt.Sprint(c.epoch)))
	}
	return string(resp.Command(host, port))
}

func (c *cache) set(role string, names *cache, epoch int) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.role, c.names, c.epoch = role, names, epoch
}

// TestRedis follows the master that the highest epoch names, if it agrees.
func TestRedis(t *testing.T) {
	t.Parallel()
	a, b := newCache(t, "a", "master"), newCache(t, "b", "slave")
	a.set("master", a, 1)
	b.set("slave", a, 1)
	password := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(password, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	st := newStand(t, config.TCPService{
		Protocol: config.Redis, Master: "main", PasswordFile: password, Members: []config.Member{a.Member, b.Member},
		Policy: config.TCPPolicy{Wait: config.Duration(20 * time.Second)},
	})
	c := dial(t, st)
	if got := who(c); got != "+a" {
		t.Fatal(got)
	}
	// The new Sentinel opinion alone is not enough: the node must be a master.
	b.set("slave", b, 2)
	eventually(t, "the edge is unsure", func() bool { return st.State().Unsure })
	b.set("master", b, 2)
	st.led(t, "b")
	if got := who(c); !strings.Contains(got, "EOF") && !strings.Contains(got, "reset") && !strings.Contains(got, "pipe") {
		t.Errorf("the session to the old master goes on: %s", got)
	}
	if got := who(dial(t, st)); got != "+b" {
		t.Errorf("the new session was served by %s", got)
	}
	// The old one still believes in itself, under its old epoch.
	if s := st.State(); s.Leader != "b" || s.Term != 2 {
		t.Errorf("led by %s under %d", s.Leader, s.Term)
	}
	// Without any Sentinel the master stays.
	for _, c := range []*cache{a, b} {
		c.mu.Lock()
		c.silent = true
		c.mu.Unlock()
	}
	if got := who(dial(t, st)); got != "+b" {
		t.Errorf("without Sentinels: %s", got)
	}
}

// who asks a Redis for its name, or says how the connection ended.
func who(c *client) string {
	if _, err := c.conn.Write(resp.Command("PING")); err != nil {
		return err.Error()
	}
	line, err := c.r.ReadString('\n')
	if err != nil {
		return err.Error()
	}
	return strings.TrimSpace(line)
}
