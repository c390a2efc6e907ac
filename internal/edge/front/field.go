package front

import (
	"strings"

	"golang.org/x/net/http2/hpack"
)

// field checks one field of a request or trailer section (RFC 9113, sections 8.2 and 8.3).
func (b *block) field(f hpack.HeaderField) {
	switch f.Name {
	case "connection", "proxy-connection", "keep-alive", "transfer-encoding", "upgrade":
		b.malformed = true
	case "te":
		b.malformed = b.malformed || f.Value != "trailers"
	case "content-length":
		b.malformed = b.malformed || !digits(f.Value) || b.length != "" && b.length != f.Value
		b.length = f.Value
	case ":method":
		b.malformed = b.malformed || !token(f.Value)
		b.method = f.Value
	case ":path":
		b.malformed = b.malformed || !strings.HasPrefix(f.Value, "/") && f.Value != "*" ||
			strings.ContainsFunc(f.Value, func(r rune) bool { return r <= ' ' || r == 0x7f || r == '#' })
		b.asterisk = f.Value == "*"
	case ":authority":
		b.malformed = b.malformed || strings.ContainsAny(f.Value, " \t/?#@\\")
		b.authority = f.Value
	case "host":
		b.malformed = b.malformed || b.host != "" || strings.ContainsAny(f.Value, " \t/?#@\\,")
		b.host = f.Value
	}
}

// digits says whether a length is written as RFC 9110, section 8.6, has it.
func digits(s string) bool {
	return s != "" && len(s) < 19 && !strings.ContainsFunc(s, func(r rune) bool { return r < '0' || r > '9' })
}

// token says whether a method is one (RFC 9110, section 5.6.2).
func token(s string) bool {
	return s != "" && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r >= 0x7f || strings.ContainsRune(`"(),/:;<=>?@[\]{}`, r)
	})
}
