package tally

import (
	"math/bits"
	"time"
)

// Buckets is the number of latency buckets. Bucket 0 ends at 64 µs and each
// further one at the next half power of two, up to above a minute.
const Buckets = 42

const firstBucket = 64 * time.Microsecond

// Histogram counts latencies by bucket.
type Histogram [Buckets]uint32

// Add counts one latency.
func (h *Histogram) Add(d time.Duration) { h[bucket(d)]++ }

// Quantile returns the upper bound of the bucket in which the share q of the
// latencies lies; 0 without any.
func (h *Histogram) Quantile(q float64) time.Duration {
	total := uint64(0)
	for _, n := range h {
		total += uint64(n)
	}
	if total == 0 {
		return 0
	}
	rank := uint64(q*float64(total-1)) + 1
	for i, n := range h {
		if uint64(n) >= rank {
			return Bound(i)
		}
		rank -= uint64(n)
	}
	return Bound(Buckets - 1)
}

// Bound returns the latency at which bucket i ends.
func Bound(i int) time.Duration {
	whole := firstBucket << (i / 2)
	if i%2 == 1 {
		return whole + whole/2
	}
	return whole
}

// bucket finds the first bucket whose bound is not below d.
func bucket(d time.Duration) int {
	if d <= firstBucket {
		return 0
	}
	octave := bits.Len64(uint64(d-1) / uint64(firstBucket)) // d is in (64<<octave-1, 64<<octave]
	i := 2*octave - 1
	if d > Bound(i) {
		i++
	}
	return min(i, Buckets-1)
}
