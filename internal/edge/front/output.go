package front

import (
	"encoding/binary"
	"errors"
	"net"
	"runtime"
	"sync"
	"time"
)

// output gathers what the server writes and sends it together: net/http flushes the head
// and the body of every small answer apart, and each flush would be a call of the kernel
// and a TLS record. It also knows where frames begin, so that a GOAWAY can go between them.
type output struct {
	mu      sync.Mutex
	free    sync.Cond // of room, or of sending
	buf     []byte    // to be sent
	spare   []byte    // was sent, for reuse
	sending bool
	err     error
	armed   time.Time // the write deadline that is set
	closing bool      // it is shorter now

	head  [headerSize]byte
	have  int    // bytes of head that came
	left  int    // bytes of the present frame's payload that have not come
	ours  []byte // frames of our own that wait for the end of the server's
	leave bool   // the last of them is a GOAWAY
	done  bool   // nothing more is sent after it
}

const (
	// backlog is how many bytes may wait before a write does.
	backlog = 64 << 10
	// keep is the largest buffer that an idle connection keeps, in bytes.
	keep = 8 << 10
)

// Write takes what the server writes; after a GOAWAY it sends nothing.
func (c *Conn) Write(p []byte) (int, error) {
	if !c.framed.Load() {
		return c.Conn.Write(p)
	}
	if len(p) >= worth {
		c.earned.Add(1)
	}
	o := &c.out
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.buf) > backlog && o.err == nil {
		o.free.Wait()
	}
	if o.err != nil {
		return 0, o.err
	}
	if o.done {
		return len(p), nil
	}
	o.buf = append(o.buf, p...)
	if resets := o.track(p); resets > 0 {
		c.earned.Add(-resets)
	}
	o.insert()
	o.wake(c.Conn)
	return len(p), nil
}

// wake begins to send, unless somebody does; the caller holds the lock.
func (o *output) wake(nc net.Conn) {
	if !o.sending && len(o.buf) > 0 {
		o.sending = true
		go o.send(nc)
	}
}

// send sends until nothing is left.
func (o *output) send(nc net.Conn) {
	runtime.Gosched() // a goroutine that is about to write, such as the body of this head, writes first
	o.mu.Lock()
	defer o.mu.Unlock()
	for len(o.buf) > 0 && o.err == nil {
		b := o.buf
		o.buf, o.spare = o.spare[:0], nil
		o.arm(nc)
		o.mu.Unlock()
		_, err := nc.Write(b)
		o.mu.Lock()
		if cap(b) <= keep || len(o.buf) > 0 {
			o.spare = b
		}
		if err != nil {
			o.err = err
			_ = nc.Close() // so that the reader learns of it as well
		}
		o.free.Broadcast()
	}
	o.sending = false
	o.free.Broadcast()
}

// arm gives up a client that takes nothing for long; the caller holds the lock.
func (o *output) arm(nc net.Conn) {
	if now := time.Now(); !o.closing && o.armed.Sub(now) < lost {
		o.armed = now.Add(2 * lost)
		_ = nc.SetWriteDeadline(o.armed) // a closed connection shows in the write
	}
}

var errFull = errors.New("the client does not read what it makes the server write")

// begin makes the output ready.
func (o *output) begin() { o.free.L = &o.mu }

// drain waits until everything is sent or cannot be.
func (o *output) drain(nc net.Conn) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.sending {
		o.closing = true
		_ = nc.SetWriteDeadline(time.Now().Add(lingering)) // a client that takes nothing holds nobody up
	}
	for o.sending {
		o.free.Wait()
	}
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

// goAway sends a GOAWAY behind the frame that is being written, and nothing after it.
func (o *output) goAway(nc net.Conn, last uint32, why code, detail string) {
	payload := binary.BigEndian.AppendUint32(nil, last)
	payload = binary.BigEndian.AppendUint32(payload, uint32(why))
	o.add(nc, goAway, append(payload, detail...))
}

// add sends a frame of our own on stream 0.
func (o *output) add(nc net.Conn, k kind, payload []byte) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.done || o.leave {
		return
	}
	if len(o.buf)+len(o.ours) > 2*backlog { // it takes nothing and makes us write
		o.err = errFull
		_ = nc.Close()
		return
	}
	o.leave = k == goAway
	o.ours = append(frame{length: len(payload), kind: k}.append(o.ours), payload...)
	o.insert()
	o.wake(nc)
}

// insert puts our own frames between the server's; the caller holds the lock.
func (o *output) insert() {
	if len(o.ours) == 0 || o.have > 0 || o.left > 0 {
		return
	}
	o.buf = append(o.buf, o.ours...)
	o.ours, o.done = o.ours[:0], o.leave
}
