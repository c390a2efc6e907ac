package evidence

import (
	"fmt"
	"time"
)

// BurnRule says at which speed of spending the error budget whom to tell. Both windows
// must burn: the long one shows that it matters, the short one that it goes on.
type BurnRule struct {
	Long     time.Duration `json:"long"`
	Short    time.Duration `json:"short"`
	Rate     float64       `json:"rate"` // multiples of the speed that spends the budget exactly
	Severity string        `json:"severity"`
}

// BurnRules are the multi-window, multi-burn-rate alerts of the SRE workbook (chapter 5):
// 2 % of a 30-day budget in an hour, 5 % in six hours, 10 % in three days.
func BurnRules() []BurnRule {
	return []BurnRule{
		{time.Hour, 5 * time.Minute, 14.4, "critical"},
		{6 * time.Hour, 30 * time.Minute, 6, "critical"},
		{72 * time.Hour, 6 * time.Hour, 1, "warning"},
	}
}

// Burn is how fast a budget is being spent, by one rule.
type Burn struct {
	BurnRule
	LongRate  float64  `json:"long_rate"`
	ShortRate float64  `json:"short_rate"`
	Firing    bool     `json:"firing"`
	Entries   []uint64 `json:"entries"`
}

// Text says it in words.
func (b Burn) Text() string {
	return fmt.Sprintf("the error budget burns %.1f times too fast over %v and %.1f times over %v; the rule allows %.1f", b.LongRate, b.Long, b.ShortRate, b.Short, b.Rate)
}

// DecideBurn returns how each rule stands now. A window is taken at its full length, also
// when the edge has counted only a part of it: a new installation must not page because
// of its first bad second.
func DecideBurn(days []Day, cells int, target float64, now time.Time) []Burn {
	out := make([]Burn, 0, 3)
	for _, r := range BurnRules() {
		b := Burn{BurnRule: r}
		long := Measure(days, nil, Scope{}, cells, now.Add(-r.Long), now)
		short := Measure(days, nil, Scope{}, cells, now.Add(-r.Short), now)
		b.LongRate = long.Spent / r.Long.Seconds() / (1 - target)
		b.ShortRate = short.Spent / r.Short.Seconds() / (1 - target)
		b.Firing, b.Entries = b.LongRate >= r.Rate && b.ShortRate >= r.Rate, long.Entries
		out = append(out, b)
	}
	return out
}
