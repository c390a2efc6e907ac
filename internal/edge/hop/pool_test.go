package hop

import (
	"bufio"
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"sync/atomic"
	"testing"
	"time"
)

// server answers each request with ok and counts its connections.
type server struct {
	net.Listener
	accepted atomic.Int64
	conns    chan net.Conn
	hanging  chan bool // a request that is never answered has arrived
}

func newServer(t *testing.T) *server {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &server{Listener: l, conns: make(chan net.Conn, 16), hanging: make(chan bool, 16)}
	t.Cleanup(func() { l.Close() })
	go func() {
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			s.accepted.Add(1)
			s.conns <- conn
			go func() {
				defer conn.Close()
				r := bufio.NewReader(conn)
				for {
					request, err := http.ReadRequest(r)
					if err != nil {
						return
					}
					_, _ = io.Copy(io.Discard, request.Body)
					if request.URL.Path == "/hang" {
						s.hanging <- true
						continue
					}
					_, _ = io.WriteString(conn, "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok")
				}
			}()
		}
	}()
	return s
}

func ask(ctx context.Context, c *Client, uri string, within time.Duration) error {
	now := time.Now()
	a, err := c.Do(ctx, &Request{Method: "GET", URI: uri, Host: "a"}, nil, now, now.Add(within))
	if err != nil {
		return err
	}
	defer a.Close(now)
	_, err = io.ReadAll(a)
	return err
}

// TestReuse: one connection serves many requests, even after it has been idle
// for longer than the deadline of the last one.
func TestReuse(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := NewClient(s.Addr().String(), time.Second, 4)
	defer c.Close()
	for range 10 {
		if err := ask(t.Context(), c, "/", 20*time.Second); err != nil {
			t.Fatal(err)
		}
		if c.Idle() != 1 {
			t.Fatalf("%d connections are idle", c.Idle())
		}
		if err := c.idle[0].SetReadDeadline(time.Unix(1, 0)); err != nil { // long ago
			t.Fatal(err)
		}
	}
	if n := s.accepted.Load(); n != 1 {
		t.Fatalf("10 requests took %d connections", n)
	}
}

// TestStale: a connection that the upstream has closed is never used, so that
// nothing fails because of it.
func TestStale(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	c := NewClient(s.Addr().String(), time.Second, 4)
	defer c.Close()
	for range 10 {
		if err := ask(t.Context(), c, "/", 20*time.Second); err != nil {
			t.Fatal(err)
		}
		conn := <-s.conns
		conn.Close()
		for c.idle[0].usable() { // until the end of the stream has arrived
			continue
		}
	}
	if n := s.accepted.Load(); n != 10 {
		t.Fatalf("%d connections, want 10", n)
	}
}

// TestKinds: every failure has its kind, and only the first is unsent.
func TestKinds(t *testing.T) {
	t.Parallel()
	s := newServer(t)
	gone, third := newServer(t), newServer(t)
	gone.Close()
	cancelled, cancel := context.WithCancel(t.Context())
	defer cancel()
	cases := []struct {
		name, address, uri string
		ctx                context.Context
		within             time.Duration
		kind               Kind
		unsent             bool
	}{
		{"refused", gone.Addr().String(), "/", t.Context(), 20 * time.Second, Connect, true},
		{"hung, short", s.Addr().String(), "/hang", t.Context(), 10 * time.Millisecond, Timeout, false},
		{"hung, longer than patience", s.Addr().String(), "/hang", t.Context(), 3 * patience, Timeout, false},
		{"given up", third.Addr().String(), "/hang", cancelled, 20 * time.Second, Canceled, false},
	}
	for _, c := range cases {
		client := NewClient(c.address, time.Second, 4)
		if c.kind == Canceled {
			go func() {
				<-third.hanging
				cancel()
			}()
		}
		err := ask(c.ctx, client, c.uri, c.within)
		var e *Error
		if !errors.As(err, &e) || e.Kind != c.kind || e.Unsent != c.unsent {
			t.Errorf("%s: got %v", c.name, err)
		}
		if client.Idle() != 0 {
			t.Errorf("%s: a connection in doubt was kept", c.name)
		}
		client.Close()
	}
}
