package decide

import "time"

// State is where a breaker stands.
type State uint8

// The three states of a breaker.
const (
	Closed   State = iota // requests flow
	Open                  // requests are refused until the cooldown has passed
	HalfOpen              // one trial is under way, everything else is refused
)

// String returns "closed", "open" or "half-open".
func (s State) String() string {
	switch s {
	case Open:
		return "open"
	case HalfOpen:
		return "half-open"
	default:
		return "closed"
	}
}

// The seed's breaker: five failures in a row open it (row 7.1.11).
const (
	DefaultFailures = 5
	DefaultCooldown = 10 * time.Second
)

// Permit is the right to send one request; its result is reported with it. A
// result that arrives after the breaker has changed its state in between is
// stale and ignored, so that a late success cannot close an open breaker.
type Permit struct{ Generation uint64 }

// Breaker is the circuit breaker of one (service, target). The zero value is
// not usable; see [NewBreaker].
type Breaker struct {
	failures    int
	cooldown    time.Duration
	state       State
	consecutive int
	generation  uint64
	since       time.Time
	retryAt     time.Time
}

// NewBreaker returns a closed breaker that opens on the failures-th
// consecutive failure and allows one trial after cooldown. Values below one
// mean the defaults.
func NewBreaker(failures int, cooldown time.Duration, now time.Time) *Breaker {
	if failures < 1 {
		failures = DefaultFailures
	}
	if cooldown <= 0 {
		cooldown = DefaultCooldown
	}
	return &Breaker{failures: failures, cooldown: cooldown, generation: 1, since: now}
}

// State returns the present state and since when it holds.
func (b *Breaker) State() (State, time.Time) { return b.state, b.since }

// Consecutive returns the failures in a row seen while closed.
func (b *Breaker) Consecutive() int { return b.consecutive }

// Generation changes with every change of state.
func (b *Breaker) Generation() uint64 { return b.generation }

// Ready says whether Allow would grant a permit at now.
func (b *Breaker) Ready(now time.Time) bool {
	return b.state == Closed || !now.Before(b.retryAt)
}

// Allow asks for a permit. An open breaker whose cooldown has passed becomes
// half-open and grants exactly one; a trial that never reports is given up
// after another cooldown.
func (b *Breaker) Allow(now time.Time) (Permit, bool) {
	if b.state == Closed {
		return Permit{b.generation}, true
	}
	if !b.Ready(now) {
		return Permit{}, false
	}
	b.become(HalfOpen, now)
	b.retryAt = now.Add(b.cooldown)
	return Permit{b.generation}, true
}

// Success reports that the request of p went well.
func (b *Breaker) Success(p Permit, now time.Time) {
	if p.Generation != b.generation {
		return
	}
	b.consecutive = 0
	if b.state == HalfOpen {
		b.become(Closed, now)
	}
}

// Failure reports that the request of p failed.
func (b *Breaker) Failure(p Permit, now time.Time) {
	if p.Generation != b.generation {
		return
	}
	if b.state == Closed {
		b.consecutive++
		if b.consecutive < b.failures {
			return
		}
	}
	b.consecutive = 0
	b.become(Open, now)
	b.retryAt = now.Add(b.cooldown)
}

// Abandon reports that the request of p ended without a verdict, such as a
// client that went away; a trial is then free for the next request.
func (b *Breaker) Abandon(p Permit, now time.Time) {
	if p.Generation == b.generation && b.state == HalfOpen {
		b.retryAt = now
	}
}

// Recheck ends the cooldown of an open breaker at once, because an active
// probe has just seen the target recover: the next request is the trial.
func (b *Breaker) Recheck(now time.Time) {
	if b.state == Open && now.Before(b.retryAt) {
		b.retryAt = now
	}
}

func (b *Breaker) become(s State, now time.Time) {
	b.generation++
	if b.state != s {
		b.state, b.since = s, now
	}
}
