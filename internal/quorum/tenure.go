package quorum

import (
	"context"
	"encoding/json"
	"fmt"
	"time"
)

// tenure is the newest leadership, kept after it has ended.
type tenure struct {
	TTL   time.Duration `json:"ttl"` // of its lease, nanoseconds
	Began time.Time     `json:"began"`
}

const (
	steady   = 10 // leases that a leadership lasts at least, or its lease was too short
	longest  = 4  // times the shortest lease
	stepping = 2
)

// leaseFor returns how long the lease of the next leader is, given the leadership before.
//
// On a machine with far too much to do a leader cannot renew a short lease in time. Each
// change of leaders then costs work that nobody has time for, so that the next lease is
// lost as well: servers that only elect each other never recover by themselves. A lease
// that was lost soon is followed by one twice as long, up to four times the shortest, and
// one that lasted by half of it. The price is as much longer a gap should the leader freeze.
func leaseFor(shortest time.Duration, last tenure, now time.Time) time.Duration {
	switch {
	case last.TTL <= 0: // nobody has led, or the last leader has not lost its lease
		return shortest
	case now.Sub(last.Began) < steady*last.TTL:
		return min(max(last.TTL, shortest)*stepping, longest*shortest)
	default:
		return min(max(shortest, last.TTL/stepping), longest*shortest)
	}
}

func (q *Quorum) lastTenure(ctx context.Context) (t tenure, err error) {
	resp, err := q.o.Client.Get(ctx, tenureKey)
	if err != nil || len(resp.Kvs) == 0 {
		return t, err
	}
	if err := json.Unmarshal(resp.Kvs[0].Value, &t); err != nil {
		return t, fmt.Errorf("key %s holds %q, which is not a tenure: %w", tenureKey, resp.Kvs[0].Value, err)
	}
	return t, nil
}

// forgetTenure says that the leadership ends otherwise than by losing its lease, as when a
// server is restarted or was killed.
func (q *Quorum) forgetTenure(ctx context.Context) {
	ctx, cancel := context.WithTimeout(ctx, tryFor)
	defer cancel()
	if _, err := q.o.Client.Delete(ctx, tenureKey); err != nil {
		q.o.Log.Warn("the next leader's lease may be longer than it need be", "err", err)
	}
}
