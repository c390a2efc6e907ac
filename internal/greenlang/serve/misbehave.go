package serve

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"time"
)

// MaxLease is the longest an instance misbehaves on one word.
const MaxLease = 10 * time.Minute

// Lease is misbehaviour on purpose. It ends by itself: nobody needs to be alive
// to end it.
type Lease struct {
	ErrorRate float64   `json:"error_rate,omitempty"` // part of requests answered with 500, 0 to 1
	LatencyMS int       `json:"latency_ms,omitempty"` // added to each request, up to 60000
	Hang      bool      `json:"hang,omitempty"`       // requests get no answer while the lease lasts
	Health    bool      `json:"health,omitempty"`     // misbehave at /livez and /readyz too; otherwise only at /v1
	Until     time.Time `json:"until"`                // when it ends; mandatory, at most MaxLease away
}

// Check refuses a lease that is over or too long at now.
func (l Lease) Check(now time.Time) error {
	switch left := l.Until.Sub(now); {
	case left <= 0:
		return fmt.Errorf("check lease: until %s is not in the future", l.Until.Format(time.RFC3339))
	case left > MaxLease:
		return fmt.Errorf("check lease: until is %s away, at most %s allowed", left.Round(time.Second), MaxLease)
	case l.ErrorRate < 0 || l.ErrorRate > 1:
		return fmt.Errorf("check lease: error_rate %v is not between 0 and 1", l.ErrorRate)
	case l.LatencyMS < 0 || l.LatencyMS > 60000:
		return fmt.Errorf("check lease: latency_ms %d is not between 0 and 60000", l.LatencyMS)
	}
	return nil
}

// Effect is what a lease does to one request: wait, then perhaps fail.
type Effect struct {
	Wait time.Duration
	Fail bool
}

// Effect decides at now for one request; roll is random in [0, 1). A lease that
// is over does nothing; no wait goes beyond its end.
func (l Lease) Effect(now time.Time, roll float64) Effect {
	left := l.Until.Sub(now)
	if left <= 0 {
		return Effect{}
	}
	if l.Hang {
		return Effect{Wait: left}
	}
	return Effect{Wait: min(left, time.Duration(l.LatencyMS)*time.Millisecond), Fail: roll < l.ErrorRate}
}

// misbehaviour holds the lease of an instance.
type misbehaviour struct{ lease atomic.Pointer[Lease] }

// current returns the lease at now; nil when there is none or it is over.
func (m *misbehaviour) current(now time.Time) *Lease {
	if l := m.lease.Load(); l != nil && l.Until.After(now) {
		return l
	}
	return nil
}

// wrap applies the lease to the requests it is meant for; never to its own switch.
func (m *misbehaviour) wrap(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		l := m.current(time.Now())
		if l == nil || !l.meant(r.URL.Path) {
			next.ServeHTTP(w, r)
			return
		}
		e := l.Effect(time.Now(), rand.Float64())
		t := time.NewTimer(e.Wait)
		defer t.Stop()
		select {
		case <-t.C:
		case <-r.Context().Done():
			return
		}
		if e.Fail {
			writeProblem(w, problemOf(http.StatusInternalServerError, "misbehaving", "misbehaving on purpose until "+l.Until.Format(time.RFC3339)))
			return
		}
		next.ServeHTTP(w, r)
	})
}

func (l Lease) meant(path string) bool {
	return strings.HasPrefix(path, "/v1/") || l.Health && (path == "/livez" || path == "/readyz")
}
