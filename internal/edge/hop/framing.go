package hop

import (
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// framing says where the body of an answer ends.
type framing struct {
	chunked bool
	length  int64 // -1: until the connection closes
	keep    bool  // the connection can be used again
}

// frame reads the framing of an answer to method.
func (h *head) frame(method string) (framing, error) {
	f := framing{length: -1, keep: h.minor >= 1}
	for _, p := range h.fields {
		var err error
		switch p.name {
		case "Content-Length":
			err = f.contentLength(p.value)
		case "Transfer-Encoding":
			if f.chunked || !strings.EqualFold(p.value, "chunked") {
				return f, fmt.Errorf("transfer coding %.40q is unknown", p.value)
			}
			f.chunked = true
		case "Connection":
			f.connection(p.value, h.minor)
		}
		if err != nil {
			return f, err
		}
	}
	if f.chunked && h.minor == 0 {
		// Readers disagree whether the chunks count, so this cannot be framed.
		return f, errors.New("transfer codings do not exist in HTTP/1.0")
	}
	if f.chunked {
		// A length beside chunks is how answers are smuggled: chunks count, and
		// the connection is not trusted again.
		f.keep = f.keep && f.length < 0
		f.length = -1
	}
	if method == "HEAD" || h.status == 204 || h.status == 304 || h.status < 200 {
		f.chunked, f.length = false, 0
		return f, nil
	}
	if !f.chunked && f.length < 0 {
		f.keep = false
	}
	return f, nil
}

func (f *framing) contentLength(value string) error {
	for part := range strings.SplitSeq(value, ",") {
		part = strings.Trim(part, " \t")
		n, err := strconv.ParseUint(part, 10, 63)
		if err != nil || part[0] == '+' {
			return fmt.Errorf("content length %.40q is not a number", value)
		}
		if f.length >= 0 && f.length != int64(n) {
			return errFraming
		}
		f.length = int64(n)
	}
	return nil
}

func (f *framing) connection(value string, minor int) {
	for option := range strings.SplitSeq(value, ",") {
		option = strings.Trim(option, " \t")
		switch {
		case strings.EqualFold(option, "close"):
			f.keep = false
		case strings.EqualFold(option, "keep-alive") && minor == 0:
			f.keep = true
		}
	}
}
