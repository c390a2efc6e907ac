package hop

import (
	"bytes"
	"errors"
	"fmt"
	"net/http"
	"net/textproto"
	"strconv"
	"strings"
)

const maxHead = 64 << 10

// head is the parsed head of one answer.
type head struct {
	status int
	minor  int // HTTP/1.minor
	fields []pair
}

type pair struct{ name, value string }

// findHead returns the length of a complete head in b, 0 when it goes on.
// Lines end with CRLF or, as old servers do, with LF alone.
func findHead(b []byte) int {
	for at := 0; ; {
		i := bytes.IndexByte(b[at:], '\n')
		if i < 0 {
			return 0
		}
		line := b[at : at+i]
		at += i + 1
		if len(line) == 0 || (len(line) == 1 && line[0] == '\r') {
			return at
		}
	}
}

// parseHead reads a complete head. The fields share one string.
func parseHead(raw []byte, into *head) error {
	text := string(raw)
	line, rest := cutLine(text)
	if err := into.statusLine(line); err != nil {
		return err
	}
	into.fields = into.fields[:0]
	for {
		line, rest = cutLine(rest)
		if line == "" {
			return nil
		}
		p, err := parseField(line)
		if err != nil {
			return err
		}
		into.fields = append(into.fields, p)
	}
}

func cutLine(s string) (line, rest string) {
	line, rest, _ = strings.Cut(s, "\n")
	return strings.TrimSuffix(line, "\r"), rest
}

func (h *head) statusLine(line string) error {
	if len(line) < 12 || line[:7] != "HTTP/1." || line[7] < '0' || line[7] > '9' || line[8] != ' ' {
		return fmt.Errorf("status line %.40q is not HTTP/1", line)
	}
	status, err := strconv.ParseUint(line[9:12], 10, 16)
	if err != nil || status < 100 || (len(line) > 12 && line[12] != ' ') {
		return fmt.Errorf("status line %.40q has no status of 100-999", line)
	}
	h.status, h.minor = int(status), int(line[7]-'0')
	return nil
}

func parseField(line string) (pair, error) {
	colon := strings.IndexByte(line, ':')
	if colon < 1 {
		return pair{}, fmt.Errorf("header line %.40q has no name", line)
	}
	name := line[:colon]
	canonical, ok := canonicalName(name)
	if !ok {
		return pair{}, fmt.Errorf("header name %.40q is not a token", name)
	}
	value := strings.Trim(line[colon+1:], " \t")
	for i := range len(value) {
		if c := value[i]; (c < ' ' && c != '\t') || c == 0x7f {
			return pair{}, fmt.Errorf("header %q holds a control character", canonical)
		}
	}
	return pair{canonical, value}, nil
}

// canonicalName returns the name in canonical form, without allocating when it
// already is, and whether it is a token at all.
func canonicalName(name string) (string, bool) {
	upper, canonical := true, true
	for i := range len(name) {
		c := name[i]
		if !tokenByte(c) {
			return "", false
		}
		if upper && 'a' <= c && c <= 'z' || !upper && 'A' <= c && c <= 'Z' {
			canonical = false
		}
		upper = c == '-'
	}
	if canonical {
		return name, true
	}
	return textproto.CanonicalMIMEHeaderKey(name), true
}

func tokenByte(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9' ||
		strings.IndexByte("!#$%&'*+-.^_`|~", c) >= 0
}

// copyTo adds the fields that travel on to a header. One slice backs all
// single values.
func (h *head) copyTo(dst http.Header) {
	values := make([]string, len(h.fields))
	for i, f := range h.fields {
		if answerOneHop(f.name) {
			continue
		}
		if old := dst[f.name]; len(old) > 0 {
			dst[f.name] = append(old, f.value)
			continue
		}
		values[i] = f.value
		dst[f.name] = values[i : i+1 : i+1]
	}
	for _, f := range h.fields {
		if f.name == "Connection" {
			dropListed(dst, f.value)
		}
	}
}

func answerOneHop(name string) bool {
	switch name {
	case "Connection", "Keep-Alive", "Proxy-Connection", "Proxy-Authenticate", "Te",
		"Trailer", "Transfer-Encoding", "Upgrade":
		return true
	}
	return false
}

// dropListed removes the fields that a Connection field names.
func dropListed(h http.Header, list string) {
	for name := range strings.SplitSeq(list, ",") {
		delete(h, textproto.CanonicalMIMEHeaderKey(strings.Trim(name, " \t")))
	}
}

var errFraming = errors.New("the answer declares contradicting lengths")
