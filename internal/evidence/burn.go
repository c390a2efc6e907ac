package evidence

import (
	"slices"
	"time"
)

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
	Practice  bool     `json:"practice,omitempty" doc:"it would not fire without the incidents that faults of ours caused"`
	Entries   []uint64 `json:"entries"`
}

// DecideBurn returns how each rule stands now. A window is taken at its full length, also
// when the edge has counted only a part of it: a new installation must not page because
// of its first bad second.
func DecideBurn(c Counts, incidents []Incident, cells int, target float64, now time.Time) []Burn {
	out, unpractised := burns(c, cells, target, now), []Burn(nil)
	for i := range out {
		if out[i].Firing && unpractised == nil {
			unpractised = burns(c.withoutPractice(incidents), cells, target, now)
		}
		out[i].Practice = out[i].Firing && !unpractised[i].Firing
	}
	return out
}

func burns(c Counts, cells int, target float64, now time.Time) []Burn {
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

// Without leaves out the minutes that touch a time.
func (c Counts) Without(from, to time.Time) Counts {
	return c.keep(func(_ string, minute time.Time) bool { return overlap(minute, minute.Add(time.Minute), from, to) <= 0 })
}

// withoutPractice leaves out the minutes of a region in which an incident was on that a fault
// of ours caused.
func (c Counts) withoutPractice(incidents []Incident) Counts {
	return c.keep(func(region string, minute time.Time) bool {
		return !slices.ContainsFunc(incidents, func(i Incident) bool {
			return i.Practice != "" && i.Region == region && overlap(minute, minute.Add(time.Minute), i.Began, i.Recovered) > 0
		})
	})
}

// keep leaves out the bad minutes of which keep says so.
func (c Counts) keep(keep func(region string, minute time.Time) bool) (out Counts) {
	drop := func(region, date string, minute int) bool {
		day, err := time.ParseInLocation(dateLayout, date, time.UTC)
		return err == nil && !keep(region, day.Add(time.Duration(minute)*time.Minute))
	}
	for _, d := range c.Days {
		d.Bad = slices.DeleteFunc(slices.Clone(d.Bad), func(b BadMinute) bool { return drop(d.Region, d.Date, b.Minute) })
		out.Days = append(out.Days, d)
	}
	for _, d := range c.Outside {
		d.Bad = slices.DeleteFunc(slices.Clone(d.Bad), func(b OutsideMinute) bool { return drop(d.Home, d.Date, b.Minute) })
		out.Outside = append(out.Outside, d)
	}
	return out
}

func seconds(s float64) time.Duration { return time.Duration(s * float64(time.Second)) }
