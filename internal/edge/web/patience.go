package web

import (
	"net/http"
	"time"
)

// patience is a ResponseWriter whose client must go on taking what is written: a write
// that waits longer than limit fails. Without it, a client that opens no HTTP/2 window, or
// reads nothing, would keep the handler and its target's place for ever.
type patience struct {
	http.ResponseWriter
	control *http.ResponseController
	limit   time.Duration
	now     func() time.Time
	until   time.Time
}

func (j *job) patient(w http.ResponseWriter) *patience {
	return &patience{ResponseWriter: w, control: http.NewResponseController(w), limit: j.shape.policy.idle, now: j.service.deps.Now}
}

// Write extends the deadline when half of it is over, because setting one is costly.
func (p *patience) Write(b []byte) (int, error) {
	p.extend()
	return p.ResponseWriter.Write(b)
}

// FlushError is what http.ResponseController looks for.
func (p *patience) FlushError() error {
	p.extend()
	return p.control.Flush()
}

// Unwrap lets http.ResponseController find the rest.
func (p *patience) Unwrap() http.ResponseWriter { return p.ResponseWriter }

func (p *patience) extend() {
	if now := p.now(); p.until.Sub(now) < p.limit {
		p.until = now.Add(2 * p.limit)
		_ = p.control.SetWriteDeadline(p.until) // not every front has deadlines
	}
}

// end takes the deadline away, for the connection's next answer.
func (p *patience) end() {
	if !p.until.IsZero() {
		_ = p.control.SetWriteDeadline(time.Time{}) // the connection has ended otherwise
	}
}

// bound gives a short answer over HTTP/2 a deadline of its own; over HTTP/1 it fits into
// the kernel's buffers.
func (j *job) bound(w http.ResponseWriter, r *http.Request) {
	if r.ProtoMajor == 2 {
		p := &j.shape.policy
		_ = http.NewResponseController(w).SetWriteDeadline(j.began.Add(p.total + 2*p.idle)) // not every front has deadlines
	}
}
