package pgwire

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
	"strings"
)

// Opening is what the first packet of a client asks for.
type Opening uint8

// The openings of a session.
const (
	Startup Opening = iota // a session in clear text
	Encrypt                // TLS or GSSAPI first; the server answers with one byte
	Cancel                 // cancel another session's query; no answer follows
)

const (
	codeCancel = 80877102
	codeTLS    = 80877103
	codeGSS    = 80877104
	maxOpening = 10000 // PostgreSQL's own bound
)

// ReadOpening reads one opening packet and returns it as it came.
func ReadOpening(r io.Reader) (packet []byte, what Opening, err error) {
	head := make([]byte, 8)
	if _, err := io.ReadFull(r, head); err != nil {
		return nil, 0, fmt.Errorf("read opening packet: %w", err)
	}
	size := binary.BigEndian.Uint32(head)
	if size < 8 || size > maxOpening {
		return nil, 0, fmt.Errorf("read opening packet: length %d is outside 8-%d: the client does not speak PostgreSQL", size, maxOpening)
	}
	packet = make([]byte, size)
	copy(packet, head)
	if _, err := io.ReadFull(r, packet[8:]); err != nil {
		return nil, 0, fmt.Errorf("read opening packet of %d bytes: %w", size, err)
	}
	switch code := binary.BigEndian.Uint32(head[4:]); {
	case code == codeCancel:
		return packet, Cancel, nil
	case code == codeTLS, code == codeGSS:
		return packet, Encrypt, nil
	case code>>16 != 3:
		return nil, 0, fmt.Errorf("read opening packet: protocol %d.%d is not 3.x", code>>16, code&0xffff)
	}
	return packet, Startup, nil
}

// longestName is how much of a name PostgreSQL looks at, in bytes; the rest it ignores.
const longestName = 63

// User returns the role that a startup packet names, as PostgreSQL reads it; "" where it
// names none. Bytes that are no UTF-8 are replaced, since the name is shown.
func User(startup []byte) string {
	if len(startup) < 8 {
		return ""
	}
	for rest := startup[8:]; ; {
		name, after, ok := bytes.Cut(rest, []byte{0})
		if !ok || len(name) == 0 {
			return ""
		}
		value, next, ok := bytes.Cut(after, []byte{0})
		if !ok {
			return ""
		}
		if string(name) == "user" {
			return strings.ToValidUTF8(string(value[:min(len(value), longestName)]), "?")
		}
		rest = next
	}
}
