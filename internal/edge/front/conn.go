package front

import (
	"crypto/tls"
	"errors"
	"io"
	"net"
	"sync/atomic"
	"time"
)

// Conn is a client's connection, of HTTP/1 or HTTP/2. One goroutine reads and one writes,
// as net/http's server does.
type Conn struct {
	net.Conn
	secure *tls.Conn            // nil: cleartext
	state  *tls.ConnectionState // after the handshake

	mode     mode
	in       []byte
	r        int   // in[r:ok] is checked and may be read
	ok       int   // in[ok:w] is not checked yet
	w        int   //
	skip     int   // bytes of a frame's payload that pass unseen
	end      error // what Read returns when in[r:ok] is empty
	left     bool  // a GOAWAY is on its way
	lingered bool
	last     uint32 // the client's highest stream
	block    block
	void     void

	framed atomic.Bool // the mode is frames, for others than the reader
	credit credit
	earned atomic.Int64 // by writes, not yet in credit
	out    output
}

type mode uint8

const (
	fresh   mode = iota // nothing was read: the handshake comes, if any
	unknown             // the first bytes decide
	only2               // ALPN has decided for HTTP/2, the preface must come
	plain               // HTTP/1
	frames              // HTTP/2
)

const firstBuffer = 4 << 10

// Read returns bytes that were checked.
func (c *Conn) Read(p []byte) (int, error) {
	if c.mode == fresh {
		if err := c.begin(); err != nil {
			return 0, err
		}
	}
	for c.r == c.ok {
		switch {
		case c.end != nil:
			c.linger()
			return 0, c.end
		case c.mode == plain:
			c.in = nil
			return c.Conn.Read(p)
		case c.skip > 0 && c.ok == c.w:
			n, err := c.Conn.Read(p[:min(len(p), c.skip)])
			c.skip -= n
			return n, err
		}
		if err := c.fill(); err != nil {
			return 0, err
		}
		if c.mode != frames {
			c.sniff()
		}
		if c.mode == frames {
			c.inspect()
		}
	}
	n := copy(p, c.in[c.r:c.ok])
	c.r += n
	return n, nil
}

// begin shakes hands where the connection is to be TLS.
func (c *Conn) begin() error {
	c.mode = unknown
	if c.secure == nil {
		return nil
	}
	if err := c.secure.Handshake(); err != nil { //nolint:noctx // within a read, which the server bounds
		c.mode, c.end = plain, err
		var record tls.RecordHeaderError
		if errors.As(err, &record) && record.Conn != nil && spelled(record.RecordHeader) {
			_, _ = io.WriteString(record.Conn, "HTTP/1.0 400 Bad Request\r\nConnection: close\r\n\r\nThis port speaks HTTPS: use https:// in the address.\n") // the connection ends either way
		}
		return err
	}
	state := c.secure.ConnectionState()
	c.state = &state
	if state.NegotiatedProtocol == "h2" {
		c.mode = only2
	}
	return nil
}

// spelled says whether what came instead of a TLS record begins like HTTP.
func spelled(header [5]byte) bool {
	switch string(header[:]) {
	case "GET /", "HEAD ", "POST ", "PUT /", "OPTIO", "DELET", "PATCH":
		return true
	}
	return false
}

// fill reads more behind what is there. The buffer holds at least one frame.
func (c *Conn) fill() error {
	if c.in == nil {
		c.in = make([]byte, firstBuffer)
	}
	if c.r > 0 {
		c.w = copy(c.in, c.in[c.r:c.w])
		c.ok -= c.r
		c.r = 0
	}
	if c.w == len(c.in) { // less than a frame is in it: inspect takes all others
		c.in = append(c.in, make([]byte, len(c.in))...)
	}
	n, err := c.Conn.Read(c.in[c.w:])
	c.w += n
	if n > 0 {
		return nil
	}
	return err
}

// lingering is how long, and lingerBytes how much, is read and thrown away after a
// GOAWAY, so that a reset does not overtake it.
const (
	lingering   = time.Second
	lingerBytes = 1 << 20
)

func (c *Conn) linger() {
	if c.lingered || !c.left {
		return
	}
	c.lingered = true
	if c.Conn.SetReadDeadline(time.Now().Add(lingering)) == nil {
		_, _ = io.CopyN(io.Discard, c.Conn, lingerBytes) // it ends by the deadline, the client or the bound
	}
}

// Close sends what was written, and closes.
func (c *Conn) Close() error {
	if c.framed.Load() {
		c.out.drain(c.Conn)
	}
	return c.Conn.Close()
}

// CloseWrite tells the client that nothing more comes; it may still send.
func (c *Conn) CloseWrite() error {
	if half, ok := c.Conn.(interface{ CloseWrite() error }); ok {
		return half.CloseWrite()
	}
	return errors.ErrUnsupported
}
