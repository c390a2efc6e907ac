package decide

import "time"

// The seed's probes: every 10 s (row 7.1.10), and every second while in doubt.
const (
	DefaultProbeEvery   = 10 * time.Second
	DefaultReprobeEvery = time.Second
	DefaultRise         = 2
	DefaultFall         = 3
	jitterShare         = 0.1
)

// ProbePolicy says how often a target is probed and how many answers in a row
// change its state. Zero values mean the defaults.
type ProbePolicy struct {
	Every   time.Duration // between probes of a target nobody doubts
	Reprobe time.Duration // between probes of a target in doubt
	Rise    int           // successes in a row that bring a target up
	Fall    int           // failures in a row that take it down
}

func (p ProbePolicy) filled() ProbePolicy {
	if p.Every <= 0 {
		p.Every = DefaultProbeEvery
	}
	if p.Reprobe <= 0 {
		p.Reprobe = min(DefaultReprobeEvery, p.Every)
	}
	if p.Rise < 1 {
		p.Rise = DefaultRise
	}
	if p.Fall < 1 {
		p.Fall = DefaultFall
	}
	return p
}

// Health is what active probes say of one target. A target nobody has probed
// yet counts as up: an edge that has just started must serve.
type Health struct {
	policy ProbePolicy
	down   bool
	streak int // answers in a row that contradict the present state
	since  time.Time
	asked  time.Time
	failed time.Time // the first failure of a doubt that is not over; zero: nobody doubts
}

// NewHealth returns the state of a target that is up since now.
func NewHealth(p ProbePolicy, now time.Time) *Health {
	return &Health{policy: p.filled(), since: now}
}

// Up says whether the probes consider the target up, and since when.
func (h *Health) Up() (bool, time.Time) { return !h.down, h.since }

// Failing returns when the failures began for which the target is in doubt or down; zero
// when it is neither.
func (h *Health) Failing() time.Time { return h.failed }

// Doubt says whether the last probes contradict the present state, or the
// target is down and its recovery is awaited.
func (h *Health) Doubt() bool { return h.down || h.streak > 0 }

// Observe takes the answer of one probe and says whether the state changed.
func (h *Health) Observe(ok bool, now time.Time) bool {
	h.asked = now
	if !ok && h.failed.IsZero() {
		h.failed = now
	}
	changed := h.count(ok)
	if changed {
		h.since = now
	}
	if !h.Doubt() {
		h.failed = time.Time{}
	}
	return changed
}

// Blind notes that the look at now failed in this very process: it says nothing of the
// target, and only counts as asked.
func (h *Health) Blind(now time.Time) { h.asked = now }

// count takes one answer and says whether the state changed.
func (h *Health) count(ok bool) bool {
	if ok != h.down {
		h.streak = 0
		return false
	}
	h.streak++
	need := h.policy.Fall
	if h.down {
		need = h.policy.Rise
	}
	if h.streak < need {
		return false
	}
	h.down, h.streak = !h.down, 0
	return true
}

// Next returns when to probe again, counted from now. The draw in [0,1)
// spreads the probes by a tenth either way, so that many edges do not probe in
// step; doubt shortens the wait.
func (h *Health) Next(draw float64) time.Duration {
	every := h.policy.Every
	if h.Doubt() {
		every = h.policy.Reprobe
	}
	return time.Duration(float64(every) * (1 - jitterShare + 2*jitterShare*draw))
}

// First returns the wait before the very first probe: within one re-probe
// interval, so that a start does not probe everything in the same instant.
func (h *Health) First(draw float64) time.Duration {
	return time.Duration(float64(h.policy.Reprobe) * draw)
}

// Hint says whether a failure seen in the traffic justifies a probe at once:
// yes, unless one was made within the last re-probe interval.
func (h *Health) Hint(now time.Time) bool {
	return h.asked.IsZero() || now.Sub(h.asked) >= h.policy.Reprobe
}
