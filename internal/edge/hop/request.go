package hop

import (
	"net/http"
	"strconv"
)

// Request is one plain request: its body, if any, is held whole.
type Request struct {
	Method string
	URI    string // origin form, as received: "/a?b"
	Host   string
	Header http.Header // fields of one hop only are left out when it is sent
	Body   []byte
	Sized  bool // the client declared a length, even when it is 0
	// The three replace the client's own X-Forwarded-* fields.
	ForwardedFor, ForwardedProto, ForwardedHost string
}

// append writes the request as it goes over the wire.
func (q *Request) append(b []byte) []byte {
	b = append(b, q.Method...)
	b = append(b, ' ')
	b = append(b, q.URI...)
	b = append(b, " HTTP/1.1\r\nHost: "...)
	b = append(b, q.Host...)
	b = append(b, '\r', '\n')
	for name, values := range q.Header {
		if OneHop(name) {
			continue
		}
		for _, v := range values {
			b = field(b, name, v)
		}
	}
	b = field(b, "X-Forwarded-For", q.ForwardedFor)
	b = field(b, "X-Forwarded-Host", q.ForwardedHost)
	b = field(b, "X-Forwarded-Proto", q.ForwardedProto)
	if len(q.Body) > 0 || q.Sized {
		b = append(b, "Content-Length: "...)
		b = strconv.AppendInt(b, int64(len(q.Body)), 10)
		b = append(b, '\r', '\n')
	}
	b = append(b, '\r', '\n')
	return append(b, q.Body...)
}

func field(b []byte, name, value string) []byte {
	b = append(b, name...)
	b = append(b, ':', ' ')
	b = append(b, value...)
	return append(b, '\r', '\n')
}

// OneHop says whether a request field, in canonical form, must not travel
// further: it belongs to one connection, describes the framing, or is one the
// edge sets itself and no client may claim.
func OneHop(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Proxy-Authorization",
		"Te", "Trailer", "Transfer-Encoding", "Upgrade", "Content-Length", "Host",
		"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto":
		return true
	}
	return false
}
