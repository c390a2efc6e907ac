package cache

import "time"

const (
	breakerFailures = 5           // the consecutive failure that opens it
	breakerRest     = time.Second // how long it stays open before a trial
)

// Breaker decides whether a call may be made. The zero Breaker is closed. It is
// not safe for concurrent use; time is an argument.
type Breaker struct {
	failures int
	retryAt  time.Time // when open: the next trial
}

// Allow reports whether a call may be made now. An open breaker allows one trial
// each rest, so that a Redis that hangs delays one call and not all.
func (b *Breaker) Allow(now time.Time) bool {
	if b.failures < breakerFailures {
		return true
	}
	if now.Before(b.retryAt) {
		return false
	}
	b.retryAt = now.Add(breakerRest)
	return true
}

// Record takes the outcome of an allowed call.
func (b *Breaker) Record(ok bool, now time.Time) {
	if ok {
		*b = Breaker{}
		return
	}
	if b.failures < breakerFailures {
		b.failures++
	}
	if b.failures == breakerFailures {
		b.retryAt = now.Add(breakerRest)
	}
}

// Open reports whether calls are being refused.
func (b *Breaker) Open() bool { return b.failures >= breakerFailures }

// allowance grants so many events, most, in each window of time.
type allowance struct {
	most   int
	window time.Duration
	used   int
	since  time.Time
}

func (a *allowance) take(now time.Time) bool {
	if now.Sub(a.since) >= a.window {
		a.since, a.used = now, 0
	}
	if a.used >= a.most {
		return false
	}
	a.used++
	return true
}
