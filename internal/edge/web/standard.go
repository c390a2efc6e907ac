package web

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/http/httputil"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/edge/decide"
)

// newTransport is net/http's client, tuned for a proxy: many idle connections,
// no compression of its own.
func (s *Service) newTransport() *http.Transport {
	return &http.Transport{
		DialContext: func(ctx context.Context, network, address string) (net.Conn, error) {
			dialer := net.Dialer{Timeout: s.shape.Load().policy.connect}
			return dialer.DialContext(ctx, network, address)
		},
		MaxIdleConns:          4 * maxIdle,
		MaxIdleConnsPerHost:   maxIdle,
		IdleConnTimeout:       50 * time.Second,
		ExpectContinueTimeout: time.Second,
		DisableCompression:    true,
	}
}

func (s *Service) newProxy() *httputil.ReverseProxy {
	return &httputil.ReverseProxy{
		Rewrite:       rewrite,
		Transport:     tripper{s},
		FlushInterval: -1,
		BufferPool:    s.buffers,
		ErrorHandler:  s.proxyError,
		ErrorLog:      slog.NewLogLogger(s.deps.Logger.Handler(), slog.LevelDebug),
	}
}

func rewrite(p *httputil.ProxyRequest) {
	p.Out.URL.Scheme = "http"
	p.Out.URL.Host = "target" // the tripper puts the chosen one here
	p.Out.Host = p.In.Host
	p.Out.URL.RawQuery = p.In.URL.RawQuery // as received, even where it does not parse
	p.Out.Trailer = p.In.Trailer           // the same map: it is filled when the body has ended
	p.SetXForwarded()
}

type jobKey struct{}

// standard serves a request through net/http's proxy and client.
func (s *Service) standard(w http.ResponseWriter, r *http.Request, j *job) {
	w.Header()["Content-Type"] = nil // do not guess in the target's name
	if _, upgrades := r.Header["Upgrade"]; !upgrades {
		client := j.patient(w)
		defer client.end()
		w = client
	}
	s.proxy.ServeHTTP(w, r.WithContext(context.WithValue(r.Context(), jobKey{}, j)))
}

func (s *Service) proxyError(w http.ResponseWriter, r *http.Request, err error) {
	j, ok := r.Context().Value(jobKey{}).(*job)
	if !ok {
		w.WriteHeader(http.StatusBadGateway)
		return
	}
	var failed *tripError
	if !errors.As(err, &failed) {
		failed = &tripError{outcome{how: broken, err: err}}
	}
	j.fail(w, &failed.outcome)
}

// tripError carries the outcome of the last try through net/http.
type tripError struct{ outcome outcome }

func (e *tripError) Error() string {
	if e.outcome.err == nil {
		return noTarget
	}
	return e.outcome.err.Error()
}

// tripper tries the targets of a service one after the other.
type tripper struct{ service *Service }

// RoundTrip implements http.RoundTripper for the job in the request's context.
func (t tripper) RoundTrip(r *http.Request) (*http.Response, error) {
	j, ok := r.Context().Value(jobKey{}).(*job)
	if !ok {
		return nil, errors.New("send request: it does not belong to a job of the edge")
	}
	bodied := r.Body != nil && r.Body != http.NoBody
	last := outcome{how: refused}
	for {
		now := t.service.deps.Now()
		target, permit := j.pick(now)
		if target == nil {
			return nil, &tripError{last}
		}
		answer, o := t.try(r, j, target, permit, j.limit(now))
		now = t.service.deps.Now()
		j.note(target, permit, &o, now)
		last = o
		// A body that may have been read cannot be sent again.
		if (!bodied || o.unsent) && j.again(&o, now) {
			if answer != nil {
				answer.Body.Close()
			}
			continue
		}
		if answer == nil {
			return nil, &tripError{o}
		}
		j.sample.Version = target.label(answer.Header.Get("X-Version"))
		j.sample.Failed = answer.StatusCode >= 500
		answer.Header["X-Served-By"] = target.servedBy
		return answer, nil
	}
}

func (t tripper) try(r *http.Request, j *job, to *target, permit decide.Permit, limit time.Time) (*http.Response, outcome) {
	ctx, cancel := context.WithCancelCause(r.Context())
	timer := time.AfterFunc(limit.Sub(t.service.deps.Now()), func() { cancel(errTry) })
	out := r.WithContext(ctx)
	u := *r.URL
	u.Host = to.address
	out.URL = &u
	if r.Body != nil && r.Body != http.NoBody {
		out.Body = heldBody{r.Body}
	}
	answer, err := t.service.transport.RoundTrip(out)
	if !timer.Stop() && err == nil {
		err = errTry // the limit struck between the answer and here
		answer.Body.Close()
	}
	if err == nil && answer.StatusCode < 200 && answer.StatusCode != http.StatusSwitchingProtocols {
		err = fmt.Errorf("the target answered with status %d", answer.StatusCode)
		answer.Body.Close()
	}
	if err != nil {
		o := ofTransport(err, r.Context(), ctx)
		cancel(nil)
		to.inflight.Add(-1)
		return nil, o
	}
	answer.Body = watched(answer.Body, j, to, permit, cancel)
	return answer, outcome{how: answered, status: answer.StatusCode}
}

// bufferPool lends copy buffers.
type bufferPool struct{ pool sync.Pool }

func newBufferPool() *bufferPool {
	return &bufferPool{sync.Pool{New: func() any { b := make([]byte, 32<<10); return &b }}}
}

// Get implements httputil.BufferPool.
func (p *bufferPool) Get() []byte { return *p.pool.Get().(*[]byte) }

// Put implements httputil.BufferPool.
func (p *bufferPool) Put(b []byte) { p.pool.Put(&b) }

// heldBody is the body of a request that may be tried again as long as it never
// left: net/http closes a body after every try, the server closes the real one.
type heldBody struct{ io.ReadCloser }

func (heldBody) Close() error { return nil }
