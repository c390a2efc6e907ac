package hop

import (
	"errors"
	"net"
	"os"
	"syscall"
	"time"
)

const bufferSize = 8 << 10

// conn is one connection to the upstream, used by one request at a time.
type conn struct {
	net.Conn
	raw   syscall.RawConn
	peek  func(fd uintptr) // kept here so that a check allocates nothing
	quiet bool             // what the last peek found
	buf   []byte
	r, w  int // unread bytes are buf[r:w]
	out   []byte
	since time.Time // idle since
	armed time.Time // the read deadline that is set
	// last is the answer under way, kept here so that its parts are reused.
	last Answer
	wait func() // called before a read of a body may wait; may be nil
}

func newConn(nc net.Conn) *conn {
	c := &conn{Conn: nc, buf: make([]byte, bufferSize)}
	if sc, ok := nc.(syscall.Conn); ok {
		if raw, err := sc.SyscallConn(); err == nil {
			c.raw = raw
		}
	}
	c.peek = func(fd uintptr) {
		var one [1]byte
		_, _, err := syscall.Recvfrom(int(fd), one[:], syscall.MSG_PEEK|syscall.MSG_DONTWAIT)
		c.quiet = errors.Is(err, syscall.EAGAIN)
	}
	return c
}

// begin returns the answer to the request that was just sent.
func (c *conn) begin(client *Client) *Answer {
	fields := c.last.head.fields
	if fields == nil {
		fields = make([]pair, 0, 16)
	}
	c.last = Answer{client: client, conn: c, head: head{fields: fields[:0]}}
	return &c.last
}

// arm bounds the next read by about patience, and by limit at the latest. A
// deadline that was set for the request before and still fits is left alone:
// setting one costs more than all the rest of the bookkeeping.
func (c *conn) arm(now, limit time.Time) error {
	if left := c.armed.Sub(now); left > patience/2 && left <= 2*patience && !c.armed.After(limit) {
		return nil
	}
	first := now.Add(patience)
	if first.After(limit) {
		first = limit
	}
	return c.SetReadDeadline(first)
}

// SetReadDeadline remembers what it sets.
func (c *conn) SetReadDeadline(t time.Time) error {
	c.armed = t
	return c.Conn.SetReadDeadline(t)
}

// usable says whether an idle connection can carry a request: it is open and
// the upstream has sent nothing unasked. An answer nobody asked for would be
// taken for the next client's.
func (c *conn) usable() bool {
	if c.r != c.w {
		return false
	}
	if c.raw == nil {
		return true
	}
	c.quiet = false
	// Control, not Read: a read deadline that has passed while idle is no fault.
	return c.raw.Control(c.peek) == nil && c.quiet
}

// fill reads more bytes behind the unread ones.
func (c *conn) fill(limit int) error {
	if c.r > 0 {
		c.w = copy(c.buf, c.buf[c.r:c.w])
		c.r = 0
	}
	if c.w == len(c.buf) {
		if len(c.buf) >= limit {
			return errTooLong
		}
		c.buf = append(c.buf, make([]byte, len(c.buf))...)
	}
	if c.wait != nil {
		c.wait()
	}
	n, err := c.Conn.Read(c.buf[c.w:])
	c.w += n
	if n > 0 {
		return nil
	}
	return err
}

// Read drains the buffer first and then reads from the network.
func (c *conn) Read(p []byte) (int, error) {
	if c.r < c.w {
		n := copy(p, c.buf[c.r:c.w])
		c.r += n
		return n, nil
	}
	if c.wait != nil {
		c.wait()
	}
	return c.Conn.Read(p)
}

// shrink gives back a buffer that one long head has made large.
func (c *conn) shrink() {
	c.r, c.w, c.wait = 0, 0, nil
	if len(c.buf) > bufferSize {
		c.buf = make([]byte, bufferSize)
	}
	if cap(c.out) > 4*bufferSize {
		c.out = nil
	}
}

var errTooLong = errors.New("the head of the answer is longer than 64 KiB")

func timedOut(err error) bool { return errors.Is(err, os.ErrDeadlineExceeded) }
