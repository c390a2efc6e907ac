package hop

import (
	"context"
	"net"
	"sync"
	"time"
)

// idleLimit bounds how long a connection may wait for its next use; most
// servers close theirs after a minute or more.
const idleLimit = 50 * time.Second

// Client asks one address. It is safe for concurrent use.
type Client struct {
	address string
	dialer  net.Dialer
	mu      sync.Mutex
	idle    []*conn
	maxIdle int
	closed  bool
}

// NewClient returns a client for host:port that waits at most connect for a
// connection and keeps at most maxIdle of them unused.
func NewClient(address string, connect time.Duration, maxIdle int) *Client {
	return &Client{address: address, dialer: net.Dialer{Timeout: connect}, maxIdle: maxIdle}
}

// Close closes the idle connections; those in use close when they are done.
func (c *Client) Close() {
	c.mu.Lock()
	idle := c.idle
	c.idle, c.closed = nil, true
	c.mu.Unlock()
	for _, cn := range idle {
		cn.Close()
	}
}

// Idle returns the number of unused connections.
func (c *Client) Idle() int {
	c.mu.Lock()
	defer c.mu.Unlock()
	return len(c.idle)
}

// get returns a usable connection, the most recently used first.
func (c *Client) get(ctx context.Context, now time.Time) (*conn, error) {
	for {
		cn := c.pop()
		if cn == nil {
			break
		}
		if now.Sub(cn.since) < idleLimit && cn.usable() {
			return cn, nil
		}
		cn.Close()
	}
	nc, err := c.dialer.DialContext(ctx, "tcp", c.address)
	if err != nil {
		kind := Connect
		if ctx.Err() != nil {
			kind = Canceled
		}
		return nil, &Error{Kind: kind, Unsent: true, Address: c.address, Err: err}
	}
	return newConn(nc), nil
}

func (c *Client) pop() *conn {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := len(c.idle)
	if n == 0 {
		return nil
	}
	cn := c.idle[n-1]
	c.idle[n-1] = nil
	c.idle = c.idle[:n-1]
	return cn
}

// put keeps a connection for later. The coldest makes room when the pool is
// full.
func (c *Client) put(cn *conn, now time.Time) {
	if cn.r != cn.w {
		cn.Close()
		return
	}
	cn.shrink()
	cn.since = now
	var out *conn
	c.mu.Lock()
	switch {
	case c.closed:
		out = cn
	case len(c.idle) >= c.maxIdle:
		out = c.idle[0]
		copy(c.idle, c.idle[1:])
		c.idle[len(c.idle)-1] = cn
	default:
		c.idle = append(c.idle, cn)
	}
	c.mu.Unlock()
	if out != nil {
		out.Close()
	}
}
