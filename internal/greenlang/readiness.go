package greenlang

import "time"

// Readiness is what /readyz?verbose answers: the instance's own state apart from
// that of what it depends on.
type Readiness struct {
	Own          string                `json:"own" doc:"ok, or what is wrong with this very instance"`
	Ready        bool                  `json:"ready"`
	Why          string                `json:"why,omitempty" doc:"why it is not ready, or ready in spite of trouble"`
	Zone         string                `json:"zone"`
	Version      string                `json:"version"`
	Dependencies map[string]Dependency `json:"dependencies"`
}

// Dependency is what an instance sees of something it depends on.
type Dependency struct {
	State string    `json:"state" enum:"unknown,up,down"`
	Since time.Time `json:"since" doc:"when it came into this state"`
	Error string    `json:"error,omitempty" doc:"why it is down"`
}
