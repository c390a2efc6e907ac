package ingest

import (
	"math"
	"time"
)

// Quota bounds one tenant's events: so many a second, and so many at once.
type Quota struct {
	PerSecond float64
	Burst     float64
}

// DefaultQuota lets a tenant catch up after an outage at once, and holds it to a rate
// that leaves room for others.
func DefaultQuota() Quota { return Quota{PerSecond: 1000, Burst: 20000} }

// Bucket is what is left of a tenant's quota. The zero one is full.
type Bucket struct {
	Spent float64   // tokens that are missing, at At
	At    time.Time // when Spent was counted
}

// Take takes up to n tokens. It tells how many it took, and for the rest after what time
// they are there, as far as the burst reaches. A clock that goes back gives nothing.
func (q Quota) Take(b Bucket, n int, now time.Time) (left Bucket, took int, wait time.Duration) {
	b = q.at(b, now)
	took = min(n, int(max(0, q.Burst-b.Spent)))
	b.Spent += float64(took)
	if took == n {
		return b, took, 0
	}
	lack := min(float64(n-took), q.Burst) - (q.Burst - b.Spent)
	return b, took, time.Duration(math.Ceil(lack / q.PerSecond * float64(time.Second)))
}

// Return gives tokens back, for events that could not be recorded.
func (q Quota) Return(b Bucket, n int) Bucket {
	b.Spent = max(0, b.Spent-float64(n))
	return b
}

// Full tells whether the bucket is as good as none.
func (q Quota) Full(b Bucket, now time.Time) bool { return q.at(b, now).Spent == 0 }

func (q Quota) at(b Bucket, now time.Time) Bucket {
	if gone := now.Sub(b.At).Seconds(); gone > 0 {
		b.Spent, b.At = max(0, b.Spent-gone*q.PerSecond), now
	}
	return b
}
