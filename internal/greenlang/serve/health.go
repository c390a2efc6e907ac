package serve

import (
	"fmt"
	"sync"
	"time"

	"github.com/greenlang/fournines/internal/greenlang"
)

// The dependencies by name.
const (
	Postgres = "postgres"
	Redis    = "redis"
)

// The states of a dependency.
const (
	stateUnknown = "unknown"
	stateUp      = "up"
	stateDown    = "down"
)

// Health decides readiness from what was observed. It may be used concurrently;
// time is an argument.
type Health struct {
	grace time.Duration // how long an instance stays ready when nothing can be read any more

	mu       sync.Mutex
	draining bool
	broken   string // what is wrong with this instance's own configuration
	seen     map[string]greenlang.Dependency
	readable time.Time // when something could last be read
}

// NewHealth returns the Health of an instance that starts at now: its
// dependencies are unknown, and its grace begins.
func NewHealth(grace time.Duration, now time.Time) *Health {
	h := &Health{grace: grace, seen: map[string]greenlang.Dependency{}, readable: now}
	for _, name := range []string{Postgres, Redis} {
		h.seen[name] = greenlang.Dependency{State: stateUnknown, Since: now.UTC()}
	}
	return h
}

// Observe takes the outcome of using a dependency.
func (h *Health) Observe(name string, err error, now time.Time) {
	h.mu.Lock()
	defer h.mu.Unlock()
	was := h.seen[name]
	d := greenlang.Dependency{State: stateUp, Since: now.UTC()}
	if err != nil {
		d.State, d.Error = stateDown, err.Error()
	}
	if d.State == was.State {
		d.Since = was.Since
	} else if was.State == stateUp {
		h.readable = latest(h.readable, now) // it was, until now
	}
	h.seen[name] = d
	if err == nil {
		h.readable = latest(h.readable, now)
	}
}

// Broken says what is wrong with the instance's own configuration; "" that nothing is.
func (h *Health) Broken(why string) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.broken = why
}

// Drain makes the instance unready, for good: it is about to end.
func (h *Health) Drain() {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.draining = true
}

// Draining reports whether Drain was called.
func (h *Health) Draining() bool {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.draining
}

// Readiness decides at now.
func (h *Health) Readiness(now time.Time) greenlang.Readiness {
	h.mu.Lock()
	defer h.mu.Unlock()
	r := greenlang.Readiness{Own: "ok", Ready: true, Dependencies: map[string]greenlang.Dependency{}}
	up := 0
	for name, d := range h.seen {
		r.Dependencies[name] = d
		if d.State == stateUp {
			up++
		}
	}
	switch {
	case h.draining:
		r.Own, r.Ready, r.Why = "draining", false, "it is ending"
	case h.broken != "":
		r.Own, r.Ready, r.Why = "misconfigured", false, h.broken
	case up == len(h.seen):
	case up > 0:
		r.Why = "reads are served; the trouble is a dependency's, and all instances share it"
	case now.Sub(h.readable) < h.grace:
		r.Why = fmt.Sprintf("nothing can be read since %s; ready within a grace of %s", h.readable.UTC().Format(time.RFC3339), h.grace)
	default:
		r.Ready, r.Why = false, fmt.Sprintf("nothing can be read since %s, longer than the grace of %s", h.readable.UTC().Format(time.RFC3339), h.grace)
	}
	return r
}

func latest(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
