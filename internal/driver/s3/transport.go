package s3

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"time"
)

// transport never waits longer than stall for anything that does not move.
func transport(o Options) (*http.Client, error) {
	t := &http.Transport{
		Proxy: http.ProxyFromEnvironment, ForceAttemptHTTP2: false,
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			c, err := (&net.Dialer{Timeout: min(o.Stall, 10*time.Second), KeepAlive: 15 * time.Second}).DialContext(ctx, network, address)
			if err != nil {
				return nil, err
			}
			return &stallConn{Conn: c, stall: o.Stall}, nil
		},
		TLSHandshakeTimeout: min(o.Stall, 10*time.Second), ResponseHeaderTimeout: o.Stall, ExpectContinueTimeout: time.Second,
		IdleConnTimeout: 30 * time.Second, MaxIdleConnsPerHost: 64, DisableCompression: true,
		WriteBufferSize: 128 << 10, ReadBufferSize: 128 << 10, // objects are large: fewer system calls
	}
	if o.CAFile != "" {
		pem, err := os.ReadFile(o.CAFile)
		if err != nil {
			return nil, fmt.Errorf("read certificate authority of %s: %w", o.Endpoint, err)
		}
		pool := x509.NewCertPool()
		if !pool.AppendCertsFromPEM(pem) {
			return nil, fmt.Errorf("read certificate authority of %s: %s holds no certificate in PEM", o.Endpoint, o.CAFile)
		}
		t.TLSClientConfig = &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12}
	}
	return &http.Client{Transport: t}, nil
}

// stallConn fails a write that does not move; net/http has no limit for it.
type stallConn struct {
	net.Conn
	stall time.Duration
}

func (c *stallConn) Write(b []byte) (int, error) {
	if err := c.SetWriteDeadline(time.Now().Add(c.stall)); err != nil {
		return 0, err
	}
	return c.Conn.Write(b)
}

// stallBody ends a request whose answer does not move any more.
type stallBody struct {
	io.ReadCloser
	timer  *time.Timer
	stall  time.Duration
	cancel context.CancelCauseFunc
	ctx    context.Context
}

var errStalled = errors.New("the answer stalled")

func newStallBody(ctx context.Context, cancel context.CancelCauseFunc, body io.ReadCloser, stall time.Duration) *stallBody {
	b := &stallBody{ReadCloser: body, stall: stall, cancel: cancel, ctx: ctx}
	b.timer = time.AfterFunc(stall, func() { cancel(errStalled) })
	return b
}

func (b *stallBody) Read(p []byte) (int, error) {
	b.timer.Reset(b.stall)
	n, err := b.ReadCloser.Read(p)
	b.timer.Stop() // a caller that reads slowly is not a stall
	if err != nil && !errors.Is(err, io.EOF) && errors.Is(context.Cause(b.ctx), errStalled) {
		err = errStalled
	}
	return n, err
}

func (b *stallBody) Close() error {
	b.timer.Stop()
	err := b.ReadCloser.Close()
	b.cancel(nil)
	return err
}
