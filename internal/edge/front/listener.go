package front

import (
	"context"
	"crypto/tls"
	"net"
	"net/http"
	"time"
)

// Listener accepts connections whose HTTP/2 frames are checked.
type Listener struct {
	net.Listener
	// TLS makes every connection speak TLS, with HTTP/2 by ALPN; nil: cleartext, with
	// HTTP/2 by prior knowledge (RFC 9113, section 3.3).
	TLS *tls.Config
}

// Accept returns a *Conn. A TLS handshake happens at its first read, in the goroutine
// that serves it, within the read deadline that is set then.
func (l Listener) Accept() (net.Conn, error) {
	nc, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	c := &Conn{Conn: nc}
	if l.TLS != nil {
		c.secure = tls.Server(nc, l.TLS)
		c.Conn = c.secure
	}
	return c, nil
}

// The bounds of one HTTP/2 connection.
const (
	maxStreams = 250       // concurrent requests
	uploads    = 1 << 20   // bytes of all request bodies that the handlers have not read
	upload     = 256 << 10 // of them of one request
	// lost is after how long without a frame the client is asked whether it is there, and
	// the least time after which one that takes nothing is given up.
	lost = time.Minute
)

// Configure makes a server speak HTTP/1.1 and HTTP/2 behind a [Listener], and gives its
// handlers Request.TLS.
func Configure(s *http.Server) {
	s.Protocols = new(http.Protocols)
	s.Protocols.SetHTTP1(true)
	s.Protocols.SetUnencryptedHTTP2(true) // TLS has ended in Conn
	s.HTTP2 = &http.HTTP2Config{
		MaxConcurrentStreams:          maxStreams,
		MaxReadFrameSize:              maxFrame,
		MaxReceiveBufferPerConnection: uploads,
		MaxReceiveBufferPerStream:     upload,
		SendPingTimeout:               lost,
		PingTimeout:                   lost / 4,
	}
	s.ConnContext = func(ctx context.Context, c net.Conn) context.Context {
		if f, ok := c.(*Conn); ok && f.secure != nil {
			return context.WithValue(ctx, connKey{}, f)
		}
		return ctx
	}
	next := s.Handler
	s.Handler = http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.TLS == nil {
			if f, ok := r.Context().Value(connKey{}).(*Conn); ok {
				r.TLS = f.state
			}
		}
		if r.ProtoMajor == 1 && len(r.TransferEncoding) > 0 {
			// net/http has forgotten whether there was a length as well, after which the
			// connection must end: what follows it may be smuggled (RFC 9112, section 6.1).
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

type connKey struct{}
