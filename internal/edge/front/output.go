package front

import (
	"encoding/binary"
	"net"
	"sync"
	"sync/atomic"
	"time"
)

// output knows where the server's frames begin, so that a GOAWAY can go between them.
type output struct {
	mu    sync.Mutex
	head  [headerSize]byte
	have  int // bytes of head that were written
	left  int // bytes of the present frame's payload that are not written yet
	done  bool
	final atomic.Pointer[[]byte] // the GOAWAY to come
}

// Write sends what the server has written; after a GOAWAY it sends nothing.
func (c *Conn) Write(p []byte) (int, error) {
	if c.mode != frames {
		return c.Conn.Write(p)
	}
	if len(p) >= worth {
		c.earned.Add(1)
	}
	o := &c.out
	o.mu.Lock()
	if o.done {
		o.mu.Unlock()
		return len(p), nil
	}
	n, err := c.Conn.Write(p)
	resets := o.track(p[:n])
	o.mu.Unlock()
	if resets > 0 {
		c.earned.Add(-resets)
	}
	o.depart(c.Conn)
	return n, err
}

// track follows the frames, and counts the resets that begin.
func (o *output) track(p []byte) (resets int64) {
	for len(p) > 0 {
		if o.left > 0 {
			n := min(o.left, len(p))
			o.left, p = o.left-n, p[n:]
			continue
		}
		n := copy(o.head[o.have:], p)
		o.have, p = o.have+n, p[n:]
		if o.have == headerSize {
			f := parseFrame(o.head[:])
			o.have, o.left = 0, f.length
			if f.kind == reset {
				resets++
			}
		}
	}
	return resets
}

// leave sends a GOAWAY now, or behind the frame that is being written.
func (o *output) leave(nc net.Conn, last uint32, why code, detail string) {
	payload := binary.BigEndian.AppendUint32(nil, last)
	payload = binary.BigEndian.AppendUint32(payload, uint32(why))
	payload = append(payload, detail...)
	b := append(frame{length: len(payload), kind: goAway}.append(nil), payload...)
	o.final.Store(&b)
	o.depart(nc)
}

// depart writes the GOAWAY if there is one and nobody is within a frame. Whoever holds
// the lock instead calls it afterwards.
func (o *output) depart(nc net.Conn) {
	if o.final.Load() == nil || !o.mu.TryLock() {
		return
	}
	defer o.mu.Unlock()
	if o.done || o.have > 0 || o.left > 0 {
		return
	}
	o.done = true
	if nc.SetWriteDeadline(time.Now().Add(lingering)) == nil {
		_, _ = nc.Write(*o.final.Load()) // the connection ends either way
	}
}

// leaving says whether a GOAWAY was asked for.
func (o *output) leaving() bool { return o.final.Load() != nil }
