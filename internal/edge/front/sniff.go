package front

import (
	"bytes"
	"io"
)

const preface = "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n"

// sniff tells HTTP/2 from HTTP/1 by the connection's first bytes.
func (c *Conn) sniff() {
	have := c.in[c.ok:c.w]
	n := min(len(have), len(preface))
	switch {
	case string(have[:n]) != preface[:n]:
		if c.mode == only2 || foreign(have) {
			// Nobody there reads an HTTP/1 answer (RFC 9113, section 3.4).
			c.mode, c.end = plain, io.EOF
			return
		}
		c.mode, c.ok = plain, c.w
	case n == len(preface):
		c.mode, c.ok = frames, c.ok+n
		c.credit.begin()
		c.out.begin()
		c.framed.Store(true)
		c.block.begin()
	}
}

// foreign says whether the first line names no HTTP version, or HTTP/2 without the rest
// of its preface: the peer does not speak HTTP/1.
func foreign(have []byte) bool {
	line, _, whole := bytes.Cut(have, []byte("\n"))
	line = bytes.TrimSuffix(line, []byte("\r"))
	if !whole || len(line) == 0 {
		return false
	}
	version := line[bytes.LastIndexByte(line, ' ')+1:]
	return !bytes.HasPrefix(version, []byte("HTTP/")) || bytes.HasPrefix(version, []byte("HTTP/2"))
}
