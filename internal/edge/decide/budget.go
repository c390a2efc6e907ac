package decide

import "time"

// The default budget: retries may add 20 % to the requests of the last ten
// seconds; the floor lets a quiet service retry at all.
const (
	DefaultBudgetPercent = 20
	DefaultBudgetFloor   = 10
	budgetSeconds        = 10
)

// Budget bounds the retries of one service, so that a failing backend is not
// hit harder just because it fails.
type Budget struct {
	percent, floor int
	start          time.Time
	second         int64
	requests       [budgetSeconds]int
	retries        [budgetSeconds]int
}

// NewBudget returns a budget of percent of the requests of the last ten
// seconds, but at least floor retries in them. Negative values mean the
// defaults.
func NewBudget(percent, floor int, now time.Time) *Budget {
	if percent < 0 {
		percent = DefaultBudgetPercent
	}
	if floor < 0 {
		floor = DefaultBudgetFloor
	}
	return &Budget{percent: percent, floor: floor, start: now}
}

// Request counts one request of a client.
func (b *Budget) Request(now time.Time) {
	b.requests[b.turn(now)]++
}

// Retry asks for one retry and, when it is granted, counts it.
func (b *Budget) Retry(now time.Time) bool {
	slot := b.turn(now)
	requests, retries := 0, 0
	for i := range b.requests {
		requests += b.requests[i]
		retries += b.retries[i]
	}
	if retries >= max(b.floor, requests*b.percent/100) {
		return false
	}
	b.retries[slot]++
	return true
}

// turn moves the window to now and returns the slot of its last second.
func (b *Budget) turn(now time.Time) int {
	second := max(int64(now.Sub(b.start)/time.Second), b.second)
	for passed := min(second-b.second, budgetSeconds); passed > 0; passed-- {
		slot := (second - passed + 1) % budgetSeconds
		b.requests[slot], b.retries[slot] = 0, 0
	}
	b.second = second
	return int(second % budgetSeconds)
}
