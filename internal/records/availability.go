package records

import (
	"math"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/greenlang/fournines/internal/api"
	"github.com/greenlang/fournines/internal/evidence"
)

// Availability is what customers saw, up to now.
func (x *Records) Availability(now time.Time) (api.Availability, error) {
	target := float64(x.house.Layout.Platform.Spec.Targets.Availability)
	var a evidence.Availability
	found, err := x.house.State.Get(evidence.Key, &a)
	if err != nil {
		return api.Availability{}, err
	}
	if !found { // nothing was counted: every ratio is unknown
		a = evidence.Availability{Since: x.house.Started, Until: now}
	}
	budget := evidence.Budget(target)
	out := api.Availability{
		Since: a.Since, Until: a.Until, Target: target, BlastTarget: float64(x.house.Layout.Platform.Spec.Targets.BlastRadius), CustomerRatio: a.CustomerRatio(), RequestRatio: a.RequestRatio(),
		Requests: a.Requests, Failed: a.Failed, BudgetSeconds: budget, SpentSeconds: a.Spent,
		JournalFirst: a.First, JournalLast: a.Last,
	}
	if out.CustomerRatio != nil {
		out.RemainingRatio = new(1 - a.Spent/budget)
	}
	for _, m := range a.Minutes {
		out.PerMinute = append(out.PerMinute, api.Minute(m))
	}
	return out, nil
}

// ratio is one figure of the availability, for a gauge: not a number while nobody knows.
func (x *Records) ratio(of func(api.Availability) *float64) float64 {
	a, err := x.Availability(x.house.Now())
	if err != nil || of(a) == nil {
		return math.NaN()
	}
	return *of(a)
}

// metrics are the figures of the availability.
func (x *Records) metrics() []prometheus.Collector {
	return []prometheus.Collector{
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "fournines_availability_customer_ratio", Help: "Customer-weighted availability since counting began; NaN while nothing was counted."}, func() float64 {
			return x.ratio(func(a api.Availability) *float64 { return a.CustomerRatio })
		}),
		prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: "fournines_error_budget_remaining_ratio", Help: "Share of the year's error budget that is left; NaN while nothing was counted."}, func() float64 {
			return x.ratio(func(a api.Availability) *float64 { return a.RemainingRatio })
		}),
	}
}
