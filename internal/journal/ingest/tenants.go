package ingest

import (
	"sync"
	"time"
)

// maxTenants bounds how many tenants are counted at a time; one whose bucket is full
// again is forgotten.
const maxTenants = 100_000

// tenant is a tenant of an application.
type tenant struct{ application, name string }

// tenants holds the buckets of those who sent something lately.
type tenants struct {
	quota Quota
	bound int

	mu      sync.Mutex // guards what follows
	buckets map[tenant]Bucket
	swept   time.Time
}

func newTenants(q Quota, bound int) *tenants {
	return &tenants{quota: q, bound: bound, buckets: map[tenant]Bucket{}}
}

// take takes up to n tokens of a tenant. Where there is no room to count it, it gets none.
func (t *tenants) take(who tenant, n int, now time.Time) (took int, wait time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	b, known := t.buckets[who]
	if !known && len(t.buckets) >= t.bound && !t.sweep(now) {
		return 0, time.Second
	}
	b, took, wait = t.quota.Take(b, n, now)
	t.buckets[who] = b
	return took, wait
}

func (t *tenants) giveBack(who tenant, n int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.buckets[who] = t.quota.Return(t.buckets[who], n)
}

// sweep forgets full buckets, at most once a second, and tells whether there is room.
func (t *tenants) sweep(now time.Time) bool {
	if now.Sub(t.swept) < time.Second {
		return false
	}
	t.swept = now
	for who, b := range t.buckets {
		if t.quota.Full(b, now) {
			delete(t.buckets, who)
		}
	}
	return len(t.buckets) < t.bound
}
