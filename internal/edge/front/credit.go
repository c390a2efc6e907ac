package front

import (
	"sync/atomic"
	"time"
)

// credit bounds the frames of a connection that cost the server more than the client: a
// burst, and a rate beyond it. What the server writes for the client earns more, so that
// a busy client may do more than an idle one.
type credit struct {
	left  int
	since time.Time
}

const (
	burst = 1000
	// refill is in frames a second.
	refill = 100
	// worth is the least size, in bytes, of a write that earns a frame: acknowledgements
	// and resets earn nothing.
	worth = 64
)

func (k *credit) begin() { k.left, k.since = burst, time.Now() }

// spend says whether there is credit for n more frames. The clock is read only when the
// credit is used up.
func (k *credit) spend(n int, earned *atomic.Int64) bool {
	k.left -= n
	if k.left >= 0 {
		return true
	}
	now := time.Now()
	if gain := int(now.Sub(k.since)/(time.Second/refill)) + int(earned.Swap(0)); gain > 0 {
		k.since = now
		k.left = min(k.left+gain, burst)
	}
	return k.left >= 0
}
