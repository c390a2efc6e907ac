package enginetest

import (
	"bufio"
	"fmt"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/platformtest/loopback"
)

// Redis is one real Redis server without persistence.
type Redis struct {
	Address string // host:port
	path    string
	dir     string
	process *process
}

// StartRedis starts a server; the test's end stops it. unproved says what is not
// proved when there is no Redis.
func StartRedis(t testing.TB, unproved string) *Redis {
	t.Helper()
	// Debian's redis-tools has the server under another name; it decides by the name it is called.
	r := &Redis{Address: loopback.Free(t), dir: folder(t)}
	if found, err := filepath.Glob(filepath.Join(roots()[0], "usr/bin/redis-check-rdb")); err == nil && len(found) > 0 {
		r.path = found[0]
	} else {
		r.path = locate(t, "redis-server", unproved, "usr/bin")
	}
	// Here and not in Start, which a part of a test may call that ends before the test does.
	t.Cleanup(func() { r.Kill() })
	r.Start(t)
	return r
}

// Start starts the server again after Kill, on the same address, empty.
func (r *Redis) Start(t testing.TB) {
	t.Helper()
	host, port, err := net.SplitHostPort(r.Address)
	if err != nil {
		t.Fatal(err)
	}
	r.process = start(t, r.dir, r.path, "redis-server", "--bind", host, "--port", port, "--save", "", "--appendonly", "no")
	if err := await(r.ping, r.process.exited); err != nil {
		t.Fatalf("start redis: %v\n%s", err, r.process.out.String())
	}
}

// Kill ends the server at once.
func (r *Redis) Kill() {
	if r.process != nil {
		r.process.signal(syscall.SIGKILL)
	}
}

// Freeze stops the server without ending it; connections stay open.
func (r *Redis) Freeze() { r.process.signal(syscall.SIGSTOP) }

// Thaw ends a Freeze.
func (r *Redis) Thaw() { r.process.signal(syscall.SIGCONT) }

func (r *Redis) ping() error {
	c, err := net.DialTimeout("tcp", r.Address, time.Second)
	if err != nil {
		return err
	}
	defer c.Close()
	if err := c.SetDeadline(time.Now().Add(5 * time.Second)); err != nil {
		return err
	}
	if _, err := c.Write([]byte("PING\r\n")); err != nil {
		return err
	}
	line, err := bufio.NewReader(c).ReadString('\n')
	if err == nil && !strings.HasPrefix(line, "+PONG") {
		err = fmt.Errorf("redis says %q", line)
	}
	return err
}
