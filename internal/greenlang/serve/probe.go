package serve

import (
	"context"
	"encoding/json"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/greenlang/fournines/internal/greenlang"
)

// probePeriod is how often dependencies are asked how they are, so that health
// is known without traffic too.
const probePeriod = 2 * time.Second

// probe asks until the context ends. What comes of it, Observe is told.
func (s *Server) probe(ctx context.Context) {
	for {
		limited, cancel := context.WithTimeout(ctx, probePeriod)
		_ = s.cache.Ping(limited) // observed
		_ = s.store.Ping(limited) // observed
		cancel()
		t := time.NewTimer(probePeriod*3/4 + rand.N(probePeriod/2))
		select {
		case <-t.C:
		case <-ctx.Done():
			t.Stop()
			return
		}
	}
}

func (s *Server) readiness() greenlang.Readiness {
	r := s.health.Readiness(time.Now())
	r.Zone, r.Version = s.options.Zone, s.options.Version
	return r
}

// readyz answers in one word, or with ?verbose in full.
func (s *Server) readyz(w http.ResponseWriter, r *http.Request) {
	ready := s.readiness()
	status, word := http.StatusOK, "ready\n"
	if !ready.Ready {
		status, word = http.StatusServiceUnavailable, "not ready: "+ready.Why+"\n"
	}
	if r.URL.Query().Has("verbose") {
		writeJSON(w, status, ready)
		return
	}
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(status)
	_, _ = w.Write([]byte(word)) // fails only when the prober has gone
}

func livez(w http.ResponseWriter, _ *http.Request) {
	_, _ = w.Write([]byte("ok\n")) // fails only when the prober has gone
}

func writeJSON(w http.ResponseWriter, status int, v any) {
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_ = json.NewEncoder(w).Encode(v) //nolint:errchkjson // fails only when the client has gone
}
