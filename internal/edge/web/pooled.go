package web

import (
	"io"
	"maps"
	"net"
	"net/http"
	"time"

	"github.com/greenlang/fournines/internal/edge/decide"
	"github.com/greenlang/fournines/internal/edge/hop"
)

// pooled serves a plain request through package hop. It returns false when the
// answer broke after its head was sent.
func (s *Service) pooled(w http.ResponseWriter, r *http.Request, j *job) bool {
	q := request(r)
	j.bound(w, r)
	if r.ContentLength > 0 {
		var err error
		if q.Body, err = readBody(w, r, j.shape.policy.total); err != nil {
			j.refuse(w, http.StatusRequestTimeout, "the body of the request did not arrive whole in time")
			return true
		}
	}
	inform := func(status int, header http.Header) { informational(w, status, header) }
	last := outcome{how: refused}
	for now := j.began; ; now = s.deps.Now() {
		t, permit := j.pick(now)
		if t == nil {
			j.fail(w, &last)
			return true
		}
		answer, o := ask(j, t, q, inform, now)
		now = s.deps.Now()
		j.note(t, permit, &o, now)
		last = o
		if j.again(&o, now) {
			discard(answer, now)
			t.inflight.Add(-1)
			continue
		}
		if answer == nil {
			t.inflight.Add(-1)
			j.fail(w, &o)
			return true
		}
		whole := j.relay(w, t, permit, answer)
		t.inflight.Add(-1)
		return whole
	}
}

func ask(j *job, t *target, q *hop.Request, inform hop.Informer, now time.Time) (*hop.Answer, outcome) {
	answer, err := t.pool.Do(j.ctx, q, inform, now, j.limit(now))
	if err != nil {
		return nil, ofHop(err)
	}
	return answer, outcome{how: answered, status: answer.Status()}
}

// fail tells the client that no target answered.
func (j *job) fail(w http.ResponseWriter, o *outcome) {
	switch {
	case o.how == canceled:
		w.WriteHeader(clientGone) // nobody reads it
	case o.how == local && j.tries == 0:
		j.refuse(w, http.StatusServiceUnavailable, "this edge itself cannot open connections at present: nothing of the request was sent, and nothing was done; try again")
		j.service.deps.Logger.Debug("request failed", "service", j.service.name, "target", j.sample.Target, "error", o.err)
	case j.shape.spec.Remote != "" && j.tries == 0:
		j.unreached(w)
	case o.err == nil:
		j.refuse(w, http.StatusServiceUnavailable, noTarget)
	case j.shape.spec.Remote != "":
		j.refuse(w, o.statusFor(), "the request was sent to "+j.shape.spec.Remote+", and no whole answer came: whether it was carried out there is not known here")
		j.service.deps.Logger.Debug("request failed", "service", j.service.name, "target", j.sample.Target, "error", o.err)
	default:
		j.refuse(w, o.statusFor(), "the target "+j.sample.Target+" failed and the request could not be sent elsewhere")
		j.service.deps.Logger.Debug("request failed", "service", j.service.name, "target", j.sample.Target, "error", o.err)
	}
}

// request reads what is sent upstream.
func request(r *http.Request) *hop.Request {
	q := &hop.Request{
		Method: r.Method, URI: r.RequestURI, Host: r.Host, Header: r.Header,
		ForwardedFor: clientIP(r), ForwardedHost: r.Host, ForwardedProto: "http",
	}
	if r.TLS != nil {
		q.ForwardedProto = "https"
	}
	_, q.Sized = r.Header["Content-Length"]
	q.Sized = q.Sized || r.Method == http.MethodPost || r.Method == http.MethodPut || r.Method == http.MethodPatch
	return q
}

// readBody reads a small body whole. It is bounded in time, because a client
// that trickles must not keep a place for ever.
func readBody(w http.ResponseWriter, r *http.Request, within time.Duration) ([]byte, error) {
	control := http.NewResponseController(w)
	_ = control.SetReadDeadline(time.Now().Add(within)) // not every front has deadlines
	body := make([]byte, r.ContentLength)
	if _, err := io.ReadFull(r.Body, body); err != nil {
		return nil, err
	}
	_ = control.SetReadDeadline(time.Time{}) // else it would end the wait for the answer
	return body, nil
}

func clientIP(r *http.Request) string {
	host, _, err := net.SplitHostPort(r.RemoteAddr)
	if err != nil {
		return r.RemoteAddr
	}
	return host
}

func informational(w http.ResponseWriter, status int, header http.Header) {
	h := w.Header()
	maps.Copy(h, header)
	w.WriteHeader(status)
	for name := range header {
		delete(h, name)
	}
}

// relay sends the answer to the client; false when it broke on the way.
func (j *job) relay(w http.ResponseWriter, t *target, permit decide.Permit, a *hop.Answer) bool {
	now := j.service.deps.Now
	defer func() { a.Close(now()) }()
	h := w.Header()
	a.CopyHeader(h)
	h["X-Served-By"] = t.servedBy
	if _, typed := h["Content-Type"]; !typed {
		h["Content-Type"] = nil // do not guess in the target's name
	}
	j.sample.Version = t.label(a.Field("X-Version"))
	j.sample.Failed = a.Status() >= 500
	w.WriteHeader(a.Status())
	if ready := a.Buffered(); int64(len(ready)) == a.Length() {
		a.Take(len(ready))
		if len(ready) > 0 {
			_, _ = w.Write(ready) // a client that is gone cannot be told
		}
		return true
	}
	return j.stream(w, t, permit, a)
}

// stream copies a body that is not here yet.
func (j *job) stream(w http.ResponseWriter, t *target, permit decide.Permit, a *hop.Answer) bool {
	stop := a.Watch(j.ctx)
	defer stop()
	room := j.service.buffers.Get()
	defer j.service.buffers.Put(room)
	client := j.patient(w)
	defer client.end()
	written := true // the head itself
	a.BeforeWait(func() {
		if written && a.Length() < 0 {
			written = false
			_ = client.FlushError() // a failed flush shows as a failed write
		}
		// Checked after, so that the watch cannot be overwritten unnoticed.
		a.SetReadDeadline(j.service.deps.Now().Add(j.shape.policy.idle))
		if j.ctx.Err() != nil {
			a.SetReadDeadline(time.Unix(1, 0))
		}
	})
	for {
		n, err := a.Read(room)
		if n > 0 {
			written = true
			if _, err := client.Write(room[:n]); err != nil {
				return true // the client is gone: nothing to break any more
			}
		}
		if err == io.EOF { //nolint:errorlint // exactly: what wraps it is a broken answer
			sendTrailer(client, a)
			return true
		}
		if err != nil {
			return j.brokenBody(t, permit, a, err)
		}
	}
}

// sendTrailer forwards the trailers. The flush makes the answer chunked, since
// one with a length has no room for them.
func sendTrailer(w *patience, a *hop.Answer) {
	if !a.HasTrailer() {
		return
	}
	_ = w.FlushError() // a failed flush means that the client is gone
	a.EachTrailer(func(name, value string) { w.Header().Add(http.TrailerPrefix+name, value) })
}

// brokenBody counts an answer that ended too early.
func (j *job) brokenBody(t *target, permit decide.Permit, a *hop.Answer, err error) bool {
	if j.ctx.Err() != nil {
		return false
	}
	o := ofHop(a.Explain(err))
	j.sample.Failed = true
	j.sample.Upstream++
	t.learn(&j.shape.policy, permit, &o, j.service.deps.Now())
	return false
}

func discard(a *hop.Answer, now time.Time) {
	if a == nil {
		return
	}
	if ready := a.Buffered(); int64(len(ready)) == a.Length() {
		a.Take(len(ready))
	}
	a.Close(now)
}
