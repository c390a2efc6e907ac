package front

import (
	"sync/atomic"
	"time"
)

// credit bounds the frames of a connection that cost the server more than the client: a
// burst, and a rate beyond it. The server's output for the client earns more, so that a
// busy client may do more than an idle one; every reset that the server writes costs,
// whichever side caused it (CVE-2023-44487, CVE-2025-8671).
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

// spend says whether there is credit for n more frames. A loss by writes counts at once;
// earnings, and the clock, only when the credit is used up.
func (k *credit) spend(n int, earned *atomic.Int64) bool {
	k.left -= n
	if lost := earned.Load(); lost < 0 {
		earned.Add(-lost)
		k.left += int(lost)
	}
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
