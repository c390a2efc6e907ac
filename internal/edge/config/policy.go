package config

import (
	"fmt"
	"time"
)

// Duration is a time.Duration that reads and writes as "1.5s" in JSON.
type Duration time.Duration

// MarshalText writes the duration in Go's notation.
func (d Duration) MarshalText() ([]byte, error) {
	return []byte(time.Duration(d).String()), nil
}

// UnmarshalText reads Go's notation, such as "250ms".
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	if err != nil {
		return fmt.Errorf("read duration: %w", err)
	}
	*d = Duration(v)
	return nil
}

// Or returns the duration, or fallback when it is zero.
func (d Duration) Or(fallback time.Duration) time.Duration {
	if d == 0 {
		return fallback
	}
	return time.Duration(d)
}

// Upstream names the way requests reach a target.
type Upstream string

const (
	// Pooled sends plain requests through the edge's own connection pool and
	// the others (upgrades, large bodies, trailers) through net/http.
	Pooled Upstream = "pooled"
	// Standard sends everything through net/http.
	Standard Upstream = "standard"
)

// HTTPPolicy tunes one HTTP service. Zero values mean the defaults named here.
type HTTPPolicy struct {
	ProbeEvery      Duration `json:"probeEvery,omitempty"`      // 10s, row 7.1.10
	ReprobeEvery    Duration `json:"reprobeEvery,omitempty"`    // 1s, while in doubt
	ProbeTimeout    Duration `json:"probeTimeout,omitempty"`    // 2s
	Rise            int      `json:"rise,omitempty"`            // 2 good probes bring a target up
	Fall            int      `json:"fall,omitempty"`            // 3 bad probes take it down
	BreakerFailures int      `json:"breakerFailures,omitempty"` // 5, row 7.1.11
	BreakerCooldown Duration `json:"breakerCooldown,omitempty"` // 10s
	SlowStart       Duration `json:"slowStart,omitempty"`       // 10s; negative means none
	ConnectTimeout  Duration `json:"connectTimeout,omitempty"`  // 1s
	// TryTimeout is the wait for the head of one answer when the request could
	// be sent again to another target: 5s.
	TryTimeout Duration `json:"tryTimeout,omitempty"`
	// Timeout is the wait for the head of the answer over all tries: 15s.
	Timeout Duration `json:"timeout,omitempty"`
	// IdleTimeout is the longest silence within the body of an answer, and about the
	// longest that a client may not take it: 5m.
	IdleTimeout   Duration `json:"idleTimeout,omitempty"`
	Tries         int      `json:"tries,omitempty"`         // 3 at most, first included
	BudgetPercent *int     `json:"budgetPercent,omitempty"` // 20 % of the requests of 10 s
	BudgetFloor   *int     `json:"budgetFloor,omitempty"`   // but at least 10 in 10 s
	Upstream      Upstream `json:"upstream,omitempty"`      // pooled
}

// TCPPolicy tunes one TCP service. Zero values mean the defaults named here.
type TCPPolicy struct {
	// Wait is how long a new session waits for a leader: 5s.
	Wait           Duration `json:"wait,omitempty"`
	ConnectTimeout Duration `json:"connectTimeout,omitempty"` // 1s
	PollTimeout    Duration `json:"pollTimeout,omitempty"`    // 1s for one question about who leads
	// Sessions bounds the sessions at the leader, all together; 0: no bound.
	Sessions int `json:"sessions,omitempty"`
	// RoleSessions bounds those of one role of postgres; 0: no bound.
	RoleSessions int `json:"roleSessions,omitempty"`
	// Beside names roles of postgres that neither bound counts: the platform's own.
	Beside []string `json:"beside,omitempty"`
	// Starting bounds the sessions of postgres at the leader that it has not let in yet, and
	// that take a place there all the same; others wait for them: 32.
	Starting int `json:"starting,omitempty"`
	// Opening bounds the sessions that are not at the leader yet: 256. One client address
	// may have three quarters of this, and of Starting.
	Opening int `json:"opening,omitempty"`
}
