package hop

import (
	"context"
	"errors"
	"io"
	"net"
	"net/http"
	"time"
)

// patience is how long a request waits before it begins to watch whether its
// client is still there. Most answers come sooner and never pay for the watch.
const patience = 50 * time.Millisecond

// Informer receives the informational answers (1xx other than 100 and 101).
type Informer func(status int, header http.Header)

// Do sends one request and reads the head of its answer, which must be
// complete at deadline. The caller closes the answer, once, and does not touch it
// afterwards. Every error is an *Error.
func (c *Client) Do(ctx context.Context, q *Request, inform Informer, now, deadline time.Time) (*Answer, error) {
	cn, err := c.get(ctx, now)
	if err != nil {
		return nil, err
	}
	cn.out = q.append(cn.out[:0])
	if n, err := cn.Write(cn.out); err != nil {
		cn.Close()
		return nil, &Error{Kind: Reset, Unsent: n == 0, Address: c.address, Err: err}
	}
	a := cn.begin(c)
	if err := a.await(ctx, q.Method, inform, now, deadline); err != nil {
		cn.Close()
		return nil, c.explain(ctx, err)
	}
	return a, nil
}

// await reads heads until the final one.
func (a *Answer) await(ctx context.Context, method string, inform Informer, now, deadline time.Time) error {
	for informed := 0; ; informed++ {
		if err := a.readHead(ctx, now, deadline); err != nil {
			return err
		}
		switch {
		case a.head.status >= 200:
			var err error
			if a.framing, err = a.head.frame(method); err != nil {
				return malformed(err)
			}
			a.left = a.framing.length
			return nil
		case a.head.status == http.StatusSwitchingProtocols:
			return malformed(errors.New("it switches protocols unasked"))
		case informed >= 10:
			return malformed(errors.New("more than ten informational answers"))
		case a.head.status != http.StatusContinue && inform != nil:
			h := http.Header{}
			a.head.copyTo(h)
			inform(a.head.status, h)
		}
	}
}

// readHead fills the buffer until it holds a whole head.
func (a *Answer) readHead(ctx context.Context, now, deadline time.Time) error {
	cn := a.conn
	if err := cn.arm(now, deadline); err != nil {
		return err
	}
	watching := false
	for {
		if n := findHead(cn.buf[cn.r:cn.w]); n > 0 {
			if err := parseHead(cn.buf[cn.r:cn.r+n], &a.head); err != nil {
				return malformed(err)
			}
			cn.r += n
			return nil
		}
		err := cn.fill(maxHead)
		switch {
		case err == nil:
		case errors.Is(err, errTooLong):
			return malformed(err)
		case timedOut(err) && !watching && cn.armed.Before(deadline):
			watching = true
			if err := cn.SetReadDeadline(deadline); err != nil {
				return err
			}
			stop := context.AfterFunc(ctx, func() { interrupt(cn.Conn) })
			defer func() { a.spoiled = !stop() || a.spoiled }()
		default:
			return err
		}
	}
}

// interrupt ends the reads of a connection, now and later. It may run beside
// them, so it goes past the connection's own memory.
func interrupt(nc net.Conn) { _ = nc.SetReadDeadline(time.Unix(1, 0)) }

type malformedError struct{ error }

func (e malformedError) Unwrap() error { return e.error }

func malformed(err error) error { return malformedError{err} }

// explain gives an error that happened after the request was sent its kind.
func (c *Client) explain(ctx context.Context, err error) *Error {
	e := &Error{Kind: Reset, Address: c.address, Err: err}
	var bad malformedError
	switch {
	case errors.As(err, &bad):
		e.Kind = Protocol
	case ctx.Err() != nil:
		e.Kind, e.Err = Canceled, context.Cause(ctx)
	case timedOut(err):
		e.Kind = Timeout
	case errors.Is(err, io.EOF):
		e.Err = errors.New("the connection was closed before the answer")
	}
	return e
}
