package web

import (
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// smallBody is the largest body that is held whole, so that it can be sent to
// another target again.
const smallBody = 64 << 10

// ServeHTTP sends the request to a target and its answer to the client.
func (s *Service) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	j := s.begin(r)
	defer j.end()
	if status, why := refusable(r); status != 0 {
		j.bound(w, r)
		w.Header().Set("Connection", "close") // what follows may be meant for a tunnel
		j.refuse(w, status, why)
		return
	}
	if j.shape.policy.standard || !plain(r) {
		s.standard(w, r, j)
		return
	}
	if s.pooled(w, r, j) {
		return
	}
	// The answer broke after its head had gone out. Aborting the handler is
	// net/http's way to break the client's answer too, instead of ending it as
	// if it were whole.
	panic(http.ErrAbortHandler)
}

// refusable says why a request is not for any target: a tunnel through the edge, or one
// that HTTP/2 can carry and HTTP/1.1 cannot, whose target or method would be read as more
// than that (RFC 9113, section 10.3). Package front resets the latter before.
func refusable(r *http.Request) (status int, why string) {
	switch {
	case r.Method == http.MethodConnect:
		return http.StatusMethodNotAllowed, "this is no proxy to elsewhere: send the request itself"
	case r.ProtoMajor == 2 && (unwritable(r.Method) || unwritable(r.RequestURI) || unwritable(r.Host)):
		return http.StatusBadRequest, "the method, path or authority holds blanks or control characters"
	}
	return 0, ""
}

func unwritable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] == 0x7f {
			return true
		}
	}
	return false
}

// plain says whether a request can go through package hop.
func plain(r *http.Request) bool {
	if r.ContentLength < 0 || r.ContentLength > smallBody {
		return false
	}
	if len(r.RequestURI) == 0 || r.RequestURI[0] != '/' || strings.IndexByte(r.RequestURI, '#') >= 0 {
		return false
	}
	if r.Trailer != nil || len(r.TransferEncoding) > 0 {
		return false
	}
	for _, name := range [...]string{"Upgrade", "Expect", "Te"} {
		if _, odd := r.Header[name]; odd {
			return false
		}
	}
	for _, v := range r.Header["Connection"] {
		if !strings.EqualFold(v, "keep-alive") && !strings.EqualFold(v, "close") {
			return false
		}
	}
	return true
}

// refuse answers in the edge's own name.
func (j *job) refuse(w http.ResponseWriter, status int, detail string) {
	j.explain(w, problem{Status: status, Detail: detail})
}

// problem is an answer in the edge's own name, as RFC 9457 describes.
type problem struct {
	Title   string    `json:"title"`
	Status  int       `json:"status"`
	Detail  string    `json:"detail"`
	Service string    `json:"service"`
	Region  string    `json:"region,omitempty"` // that is not reached
	Since   time.Time `json:"since,omitzero"`
}

func (j *job) explain(w http.ResponseWriter, p problem) {
	p.Title, p.Service = http.StatusText(p.Status), j.service.name
	j.sample.Failed = p.Status >= 500
	body, err := json.Marshal(p)
	if err != nil {
		body = []byte("{}") // strings, a number and a time always marshal
	}
	h := w.Header()
	ends := h["Connection"]
	clear(h)
	if ends != nil {
		h["Connection"] = ends
	}
	h.Set("Content-Type", "application/problem+json")
	h.Set("Cache-Control", "no-store")
	if p.Status == http.StatusServiceUnavailable {
		h.Set("Retry-After", "1")
	}
	w.WriteHeader(p.Status)
	_, _ = w.Write(body) // a client that is gone cannot be told
}

// clientGone is the status in the counters of a client that did not wait.
const clientGone = 499

const noTarget = "no target of this service can take the request; see the edge's report for their states"
