package web

import (
	"context"
	"io"
	"sync"

	"github.com/greenlang/fournines/internal/edge/decide"
)

// answerBody is the body of an answer from net/http's client that tells the
// target how it ended and frees its place.
type answerBody struct {
	io.ReadCloser
	job    *job
	target *target
	permit decide.Permit
	once   sync.Once
	cancel context.CancelCauseFunc
	// switched: another protocol flows, read by a goroutine that may outlive
	// the request, and its end is no failure.
	switched bool
}

// upgraded is an answerBody of a switched protocol, which is written to as well.
type upgraded struct {
	*answerBody
	io.Writer
}

func watched(body io.ReadCloser, j *job, t *target, permit decide.Permit, cancel context.CancelCauseFunc) io.ReadCloser {
	b := &answerBody{ReadCloser: body, job: j, target: t, permit: permit, cancel: cancel}
	if w, ok := body.(io.Writer); ok {
		b.switched = true
		return upgraded{b, w}
	}
	return b
}

// Read counts a body that ends too early as a failure of the target.
func (b *answerBody) Read(p []byte) (int, error) {
	n, err := b.ReadCloser.Read(p)
	if err != nil && err != io.EOF && !b.switched && b.job.ctx.Err() == nil {
		b.job.sample.Failed = true
		b.job.sample.Upstream++
		o := outcome{how: broken, err: err}
		b.target.learn(&b.job.shape.policy, b.permit, &o, b.job.service.deps.Now())
	}
	return n, err
}

// Close frees the target's place, once.
func (b *answerBody) Close() error {
	err := b.ReadCloser.Close()
	b.once.Do(func() {
		b.cancel(nil)
		b.target.inflight.Add(-1)
	})
	return err
}
