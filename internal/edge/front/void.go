package front

import "encoding/binary"

// void are the streams whose requests were malformed and whose bodies may still come. The
// server has reset them without remembering them: it would take what follows for frames of
// idle streams, and end the connection with everybody else's requests on it.
type void map[uint32]bool

func (v *void) add(stream uint32, bodiless bool) {
	if bodiless || len(*v) >= maxStreams { // beyond, the connection does end
		return
	}
	if *v == nil {
		*v = void{}
	}
	(*v)[stream] = true
}

// has says whether a frame is for one of them, and not for the state of HPACK.
func (v void) has(f frame) bool {
	return len(v) > 0 && v[f.stream] && (f.kind == data || f.kind == reset || f.kind == windowUpdate)
}

// drop takes a whole frame of a void stream out of what the server reads, and gives the
// client back what it took of the connection's window (RFC 9113, section 6.9).
func (c *Conn) drop(f frame) {
	size := headerSize + f.length
	copy(c.in[c.ok:], c.in[c.ok+size:c.w])
	c.w -= size
	if f.kind == data && f.length > 0 {
		c.out.add(c.Conn, windowUpdate, binary.BigEndian.AppendUint32(nil, uint32(f.length)))
	}
	if f.kind == reset || f.kind == data && f.has(flagEndStream) {
		delete(c.void, f.stream)
	}
}
