package main

import (
	"fmt"
	"strings"
)

// mode is how clients speak to a proxy.
type mode string

const (
	h1    mode = "h1"     // HTTP/1.1
	h2c   mode = "h2c"    // HTTP/2 in cleartext, by prior knowledge
	tlsH1 mode = "tls-h1" // HTTP/1.1 over TLS
	tlsH2 mode = "tls-h2" // HTTP/2 over TLS, by ALPN
)

func (m mode) secure() bool { return m == tlsH1 || m == tlsH2 }
func (m mode) two() bool    { return m == h2c || m == tlsH2 }

func parseModes(s string) (out []mode, err error) {
	for name := range strings.SplitSeq(s, ",") {
		switch m := mode(name); m {
		case h1, h2c, tlsH1, tlsH2:
			out = append(out, m)
		default:
			return nil, fmt.Errorf("read flags: mode %q is none of h1, h2c, tls-h1, tls-h2", name)
		}
	}
	return out, nil
}

// work is how one run loads a proxy.
type work struct {
	mode             mode
	clients, streams int // connections, and requests at once on each
	requests         int
	field            string // of the requests, besides; "": none
}
