package serve

import (
	"context"
	"net/http"
	"time"

	"github.com/greenlang/fournines/internal/greenlang"
	"github.com/greenlang/fournines/internal/greenlang/cache"
	"github.com/greenlang/fournines/internal/greenlang/store"
)

// preloadWithin bounds a preload: customers may be waiting for the region.
const preloadWithin = time.Second

// preloadLimits are what one region's cache is worth filling with: some 3 MB of Redis.
var preloadLimits = store.HotLimits{Runs: 20000, Customers: 4000, Agents: 2000}

// preload fills a cold Redis with what was run lately, before its region's first customers
// come (row 7.1.5): Redis is rebuilt after a region has moved, not replicated. One at a
// time; a repeat fills again.
func (s *Server) preload(w http.ResponseWriter, r *http.Request) {
	if !s.preloading.TryLock() {
		writeProblem(w, problemOf(http.StatusConflict, "conflict", "Redis is being filled already"))
		return
	}
	defer s.preloading.Unlock()
	ctx, cancel := context.WithTimeout(r.Context(), preloadWithin)
	defer cancel()
	begun := time.Now()
	hot, err := s.store.Hot(ctx, preloadLimits)
	done := greenlang.Preloaded{}
	if err == nil {
		done.Customers, done.Agents = len(hot.Customers), len(hot.Agents)
		done.Entries, err = s.cache.Fill(ctx, itemsOf(hot))
	}
	done.Seconds = time.Since(begun).Seconds()
	if err != nil {
		done.Error = err.Error()
		s.options.Log.Warn("Redis was not filled as far as it could be", "preloaded", done)
	}
	writeJSON(w, http.StatusOK, done) // also what was cut short is of use
}

// itemsOf returns the entries of both kinds in turn, so that a fill which ends early has
// the hottest of both.
func itemsOf(hot store.Hot) []cache.Item {
	var out []cache.Item
	for i := range max(len(hot.Customers), len(hot.Agents)) {
		if i < len(hot.Customers) {
			out = append(out, cache.Item{Key: keyPrefix("customer") + hot.Customers[i].ID, Value: hot.Customers[i]})
		}
		if i < len(hot.Agents) {
			out = append(out, cache.Item{Key: AgentVersion{hot.Agents[i].Name, hot.Agents[i].Version}.key(), Value: hot.Agents[i]})
		}
	}
	return out
}
