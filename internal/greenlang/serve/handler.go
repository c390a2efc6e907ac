package serve

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"net/http"
	"strings"
	"time"
)

// Handler returns everything the instance serves.
func (s *Server) Handler() http.Handler {
	mux := http.NewServeMux()
	a := &api{store: s.store, cache: s.cache, metrics: s.metrics, log: s.options.Log}
	if s.trail != nil {
		a.trail = s.trail
	}
	a.register(mux, s.options.Version)
	mux.HandleFunc("GET /livez", livez)
	mux.HandleFunc("GET /readyz", s.readyz)
	mux.HandleFunc("GET /readyz/read", s.canaryRead)
	mux.HandleFunc("PUT /readyz/write", s.canaryWrite)
	mux.HandleFunc("PUT /readyz/preload", s.preload)
	mux.Handle("GET /metrics", s.metrics.handler())
	if s.options.AllowMisbehave {
		mux.HandleFunc("GET /debug/misbehave", s.getLease)
		mux.HandleFunc("PUT /debug/misbehave", s.putLease)
		mux.HandleFunc("DELETE /debug/misbehave", s.deleteLease)
	}
	// The deadline copies the request, so the metrics, which read the route that
	// the mux writes on it, must be inside of it.
	return s.named(s.authorized(s.misdeeds.wrap(s.within(s.metrics.wrap(mux)))))
}

// named says who answers, and while draining that the connection ends with the
// answer, so that the client comes back elsewhere.
func (s *Server) named(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("X-Version", s.options.Version)
		w.Header().Set("X-Zone", s.options.Zone)
		if s.health.Draining() {
			w.Header().Set("Connection", "close")
		}
		next.ServeHTTP(w, r)
	})
}

// within gives a request its deadline.
func (s *Server) within(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), s.options.Deadline)
		defer cancel()
		next.ServeHTTP(w, r.WithContext(ctx))
	})
}

// authorized asks for the token, where there is one, for all but health, metrics
// and the description.
func (s *Server) authorized(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		guarded := strings.HasPrefix(r.URL.Path, "/v1/") || strings.HasPrefix(r.URL.Path, "/debug/") || strings.HasPrefix(r.URL.Path, "/readyz/")
		given := strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer ")
		if s.token != "" && guarded && subtle.ConstantTimeCompare([]byte(given), []byte(s.token)) != 1 {
			w.Header().Set("WWW-Authenticate", "Bearer")
			writeProblem(w, problemOf(http.StatusUnauthorized, "unauthorized", "send the API's token as Authorization: Bearer"))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (s *Server) getLease(w http.ResponseWriter, _ *http.Request) {
	l := s.misdeeds.current(time.Now())
	if l == nil {
		writeProblem(w, problemOf(http.StatusNotFound, "not-found", "this instance does not misbehave"))
		return
	}
	writeJSON(w, http.StatusOK, l)
}

func (s *Server) putLease(w http.ResponseWriter, r *http.Request) {
	var l Lease
	d := json.NewDecoder(http.MaxBytesReader(w, r.Body, 4096))
	d.DisallowUnknownFields()
	if err := d.Decode(&l); err != nil {
		writeProblem(w, problemOf(http.StatusBadRequest, "invalid", "read lease: "+err.Error()))
		return
	}
	if err := l.Check(time.Now()); err != nil {
		writeProblem(w, problemOf(http.StatusUnprocessableEntity, "invalid", err.Error()))
		return
	}
	s.misdeeds.lease.Store(&l)
	s.options.Log.Warn("misbehaving on purpose", "lease", l)
	writeJSON(w, http.StatusOK, l)
}

func (s *Server) deleteLease(w http.ResponseWriter, _ *http.Request) {
	s.misdeeds.lease.Store(nil)
	w.WriteHeader(http.StatusNoContent)
}
