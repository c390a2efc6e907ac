package front

import (
	"strings"

	"golang.org/x/net/http2/hpack"
)

// maxBlock bounds one string of a header block, in bytes; net/http bounds their sum.
const maxBlock = 64 << 10

// block is the header block that is being received, and the state of HPACK (RFC 7541)
// beside the server's own.
type block struct {
	hpack *hpack.Decoder
	open  bool

	malformed bool
	bodiless  bool // END_STREAM
	method    string
	asterisk  bool // the path, which OPTIONS alone may have
	length    string
	authority string
	host      string
}

func (b *block) begin() {
	b.hpack = hpack.NewDecoder(4096, b.field) // the default of SETTINGS_HEADER_TABLE_SIZE
	b.hpack.SetMaxStringLength(maxBlock)
}

// verdict says what becomes of a header block.
type verdict struct {
	malformed bool // the stream must be reset
	err       code // the connection must end, because
	why       string
}

// add takes a HEADERS or CONTINUATION frame; the verdict counts at the block's end.
func (b *block) add(f frame, payload []byte) verdict {
	if f.kind == headers {
		if b.open {
			return verdict{err: protocolError, why: "HEADERS where CONTINUATION must come"}
		}
		var v verdict
		if payload, v = fragment(f, payload); v.err != 0 {
			return v
		}
		b.open, b.malformed, b.bodiless = true, false, f.has(flagEndStream)
		b.method, b.asterisk, b.length, b.authority, b.host = "", false, "", "", ""
	} else if !b.open {
		return verdict{err: protocolError, why: "CONTINUATION where none may come"}
	}
	if _, err := b.hpack.Write(payload); err != nil {
		return verdict{err: compressionError, why: err.Error()}
	}
	if !f.has(flagEndHeaders) {
		return verdict{}
	}
	b.open = false
	if err := b.hpack.Close(); err != nil {
		return verdict{err: compressionError, why: err.Error()}
	}
	return verdict{malformed: b.malformed ||
		b.asterisk && b.method != "OPTIONS" ||
		b.bodiless && strings.Trim(b.length, "0") != "" ||
		b.host != "" && b.authority != "" && !strings.EqualFold(b.host, b.authority)}
}

// fragment cuts padding and priority off the payload of HEADERS.
func fragment(f frame, p []byte) ([]byte, verdict) {
	padding := 0
	if f.has(flagPadded) {
		if len(p) == 0 {
			return nil, verdict{err: frameSizeError, why: "HEADERS without the length of its padding"}
		}
		padding, p = int(p[0]), p[1:]
	}
	if f.has(flagPriority) {
		if len(p) < 5 {
			return nil, verdict{err: frameSizeError, why: "HEADERS without its priority"}
		}
		p = p[5:]
	}
	if padding > len(p) {
		return nil, verdict{err: protocolError, why: "HEADERS with more padding than payload"}
	}
	return p[:len(p)-padding], verdict{}
}
