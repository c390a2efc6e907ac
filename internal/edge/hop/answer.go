package hop

import (
	"context"
	"errors"
	"io"
	"net/http"
	"time"
)

// Answer is the head of an answer and the reader of its body.
type Answer struct {
	client  *Client
	conn    *conn
	head    head
	framing framing
	left    int64 // of the body or chunk; -1: until close
	chunks  bool  // a chunk has been read before
	ended   bool
	spoiled bool // a watch fired late and may still touch the connection's deadline
	trailer []pair
}

// Status returns the status, 200-999.
func (a *Answer) Status() int { return a.head.status }

// Field returns the first value of a field in canonical form, or "".
func (a *Answer) Field(name string) string {
	for i := range a.head.fields {
		if a.head.fields[i].name == name {
			return a.head.fields[i].value
		}
	}
	return ""
}

// Length returns the declared length of the body, -1 when it is not known.
func (a *Answer) Length() int64 { return a.framing.length }

// CopyHeader adds the fields that travel on to dst.
func (a *Answer) CopyHeader(dst http.Header) {
	a.head.copyTo(dst)
	if a.framing.chunked {
		delete(dst, "Content-Length")
	}
}

// EachTrailer hands over the trailers; they are complete after the body was
// read to io.EOF.
func (a *Answer) EachTrailer(do func(name, value string)) {
	for _, t := range a.trailer {
		if !answerOneHop(t.name) && t.name != "Content-Length" && t.name != "Host" {
			do(t.name, t.value)
		}
	}
}

// Buffered returns the part of the body that is already here, without copying;
// it is valid until the next call. Take says how much of it was used.
func (a *Answer) Buffered() []byte {
	if a.framing.chunked || a.framing.length < 0 {
		return nil
	}
	have := a.conn.buf[a.conn.r:a.conn.w]
	return have[:min(int64(len(have)), a.left)]
}

// Take consumes n bytes that Buffered returned.
func (a *Answer) Take(n int) {
	a.conn.r += n
	a.left -= int64(n)
	a.ended = a.left == 0
}

// Watch interrupts the reads of the body when ctx ends; the returned function
// ends the watch and must be called before Close.
func (a *Answer) Watch(ctx context.Context) (stop func()) {
	nc := a.conn.Conn
	end := context.AfterFunc(ctx, func() { interrupt(nc) })
	return func() { a.spoiled = !end() || a.spoiled }
}

// BeforeWait is called each time before a read of the body may have to wait for
// the network: the moment to flush what has come so far, and to bound the wait
// with SetReadDeadline.
func (a *Answer) BeforeWait(do func()) { a.conn.wait = do }

// SetReadDeadline bounds the next read of the body.
func (a *Answer) SetReadDeadline(t time.Time) { _ = a.conn.SetReadDeadline(t) } // a closed connection shows in the read

// HasTrailer says whether trailers have come.
func (a *Answer) HasTrailer() bool { return len(a.trailer) > 0 }

// Read reads the body; io.EOF only at its proven end.
func (a *Answer) Read(p []byte) (int, error) {
	if a.ended {
		return 0, io.EOF
	}
	if a.framing.chunked {
		return a.readChunked(p)
	}
	if a.left >= 0 && int64(len(p)) > a.left {
		p = p[:a.left]
	}
	if len(p) == 0 {
		a.ended = a.left == 0
		return 0, a.end()
	}
	n, err := a.conn.Read(p)
	if a.left >= 0 {
		a.left -= int64(n)
		a.ended = a.left == 0
		if err == io.EOF && !a.ended { //nolint:errorlint // exactly: what wraps it is a broken answer
			err = io.ErrUnexpectedEOF
		}
		return n, err
	}
	a.ended = err == io.EOF //nolint:errorlint // exactly: what wraps it is a broken answer
	return n, err
}

func (a *Answer) end() error {
	if a.ended {
		return io.EOF
	}
	return nil
}

// Close ends the exchange: the connection is kept when the answer was read to
// its end and may be followed by another.
func (a *Answer) Close(now time.Time) {
	cn := a.conn
	if cn == nil {
		return
	}
	if !a.ended && !a.framing.chunked && a.left == 0 {
		a.ended = true
	}
	if a.ended && a.framing.keep && !a.spoiled {
		a.conn = nil // before the connection, and this answer with it, is another's
		a.client.put(cn, now)
		return
	}
	a.conn = nil
	cn.Close()
}

// Explain gives an error of Read its kind.
func (a *Answer) Explain(err error) *Error {
	e := &Error{Kind: Reset, Address: a.client.address, Err: err}
	if _, ok := errors.AsType[malformedError](err); ok {
		e.Kind = Protocol
	} else if timedOut(err) {
		e.Kind = Timeout
	}
	return e
}
