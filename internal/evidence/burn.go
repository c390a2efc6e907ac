package evidence

import "time"

// BurnRule says at which speed of spending the error budget whom to tell. Both windows
// must burn: the long one shows that it matters, the short one that it goes on.
type BurnRule struct {
	Long     float64 `json:"long_seconds"`
	Short    float64 `json:"short_seconds"`
	Rate     float64 `json:"rate"` // multiples of the speed that spends the budget exactly
	Severity string  `json:"severity"`
}

// BurnRules are the multi-window, multi-burn-rate alerts of the SRE workbook (chapter 5):
// 2 % of a 30-day budget in an hour, 5 % in six hours, 10 % in three days.
func BurnRules() []BurnRule {
	return []BurnRule{
		{3600, 300, 14.4, Critical},
		{6 * 3600, 1800, 6, Critical},
		{72 * 3600, 6 * 3600, 1, Warning},
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

// DecideBurn returns how each rule stands now. A window is taken at its full length, also
// when the edge has counted only a part of it: a new installation must not page because
// of its first bad second.
func DecideBurn(c Counts, cells int, target float64, now time.Time) []Burn {
	out := make([]Burn, 0, 3)
	for _, r := range BurnRules() {
		b := Burn{BurnRule: r}
		long := Measure(c, nil, Scope{}, cells, now.Add(-seconds(r.Long)), now)
		short := Measure(c, nil, Scope{}, cells, now.Add(-seconds(r.Short)), now)
		b.LongRate = long.Spent / r.Long / (1 - target)
		b.ShortRate = short.Spent / r.Short / (1 - target)
		b.Firing, b.Entries = b.LongRate >= r.Rate && b.ShortRate >= r.Rate, long.Entries
		out = append(out, b)
	}
	return out
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
