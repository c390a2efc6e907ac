package front

import (
	"encoding/binary"
	"io"
	"slices"
)

// inspect checks the frames that are here, as far as they are complete.
func (c *Conn) inspect() {
	for c.end == nil {
		if c.skip > 0 {
			n := min(c.skip, c.w-c.ok)
			c.ok, c.skip = c.ok+n, c.skip-n
		}
		have := c.in[c.ok:c.w]
		if c.skip > 0 || len(have) < headerSize {
			return
		}
		f := parseFrame(have)
		if f.length > maxFrame {
			c.leave(frameSizeError, "a frame is longer than SETTINGS_MAX_FRAME_SIZE allows")
			return
		}
		if f.kind != data && len(have) < headerSize+f.length {
			return
		}
		if !c.credit.spend(cost(f, have), &c.earned) {
			c.leave(enhanceYourCalm, "too many frames that carry nothing")
			return
		}
		if c.void.has(f) {
			if len(have) < headerSize+f.length {
				return
			}
			c.drop(f)
			continue
		}
		if f.kind == data {
			c.ok, c.skip = c.ok+headerSize, f.length
			continue
		}
		c.check(f, have[headerSize:headerSize+f.length])
	}
}

// check lets one whole frame pass, changed where it must be.
func (c *Conn) check(f frame, payload []byte) {
	size := headerSize + f.length
	switch f.kind {
	case settings:
		if kept := dedupe(f, payload); kept < f.length {
			copy(c.in[c.ok+headerSize+kept:], c.in[c.ok+size:c.w])
			c.w -= f.length - kept
			f.length, size = kept, headerSize+kept
			f.append(c.in[c.ok:c.ok])
		}
	case headers, continuation:
		if f.kind == headers && f.stream > c.last {
			c.last = f.stream
		}
		verdict := c.block.add(f, payload)
		if verdict.err != 0 {
			c.leave(verdict.err, verdict.why)
			return
		}
		if verdict.malformed {
			c.void.add(f.stream, c.block.bodiless)
			size += c.poison(f, payload)
		}
	}
	c.ok += size
}

// poison makes a header block that ends here one that the server resets its stream for,
// with PROTOCOL_ERROR (RFC 9113, section 8.1.1), without touching the state of HPACK: a
// field with an upper-case name follows the others. It returns by how much the bytes grow.
func (c *Conn) poison(f frame, payload []byte) int {
	field := []byte{0x00, 0x01, 'A', 0x00} // literal without indexing, "A", ""
	at := headerSize + f.length
	if f.kind == headers && f.has(flagPadded) {
		at -= int(payload[0])
	}
	if f.length+len(field) <= maxFrame {
		f.length += len(field)
		f.append(c.in[c.ok:c.ok])
	} else { // in a frame of its own
		c.in[c.ok+4] = f.flags &^ flagEndHeaders
		at = headerSize + f.length
		field = append(frame{length: len(field), kind: continuation, flags: flagEndHeaders, stream: f.stream}.append(nil), field...)
	}
	c.in = slices.Insert(c.in[:c.w], c.ok+at, field...)
	c.w = len(c.in)
	c.in = c.in[:cap(c.in)]
	return len(field)
}

// cost says what a frame takes out of the connection's credit: frames that make the
// server work or write, and bring it no further.
func cost(f frame, have []byte) int {
	switch f.kind {
	case data:
		if f.length > 0 || f.has(flagEndStream) {
			return 0
		}
	case headers, goAway:
		return 0
	case windowUpdate:
		if f.length < 4 || binary.BigEndian.Uint32(have[headerSize:]) >= smallWindow {
			return 0
		}
	}
	return 1
}

// smallWindow is an increment, in bytes, below which a window update makes the server
// write frames that are mostly header.
const smallWindow = 256

// leave ends the connection with a GOAWAY once what was checked is read.
func (c *Conn) leave(why code, detail string) {
	c.end, c.left = io.EOF, true
	c.out.goAway(c.Conn, c.last, why, detail)
}
