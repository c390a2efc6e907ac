package evidence

import (
	"math"
	"slices"
)

// Sample is one measured value with the entries that it comes from.
type Sample struct {
	Value   float64
	Entries []uint64
}

// Figure summarizes a set of samples: not only by a mean, which can hide one bad day or be
// dominated by it. What the samples do not tell is nil, and never 0.
type Figure struct {
	Name    string   `json:"name"`
	Unit    string   `json:"unit"`
	N       int      `json:"n"`
	Mean    *float64 `json:"mean" doc:"null: nothing was measured"`
	Median  *float64 `json:"median" doc:"null: nothing was measured one by one"`
	P90     *float64 `json:"p90" doc:"null: nothing was measured one by one"`
	Max     *float64 `json:"max" doc:"null: nothing was measured one by one"`
	Low     *float64 `json:"low" doc:"lower end of the 95 % interval; null: the samples do not bound it"`
	High    *float64 `json:"high" doc:"upper end of the 95 % interval; null: the samples do not bound it"`
	Of      string   `json:"of" doc:"what the interval is about: median or mean"`
	Entries []uint64 `json:"entries" doc:"journal indexes behind the figure, the newest 1000"`
	Note    string   `json:"note,omitempty"`
}

// maxEntries bounds the indexes that one figure names.
const maxEntries = 1000

// Summarize makes a figure of samples. Its interval is that of the median by order
// statistics, which assumes nothing about the distribution; fewer than six samples
// cannot bound a median with 95 % confidence.
func Summarize(name, unit string, samples []Sample) Figure {
	f := Figure{Name: name, Unit: unit, N: len(samples), Of: "median", Entries: []uint64{}}
	if len(samples) == 0 {
		f.Note = "nothing was measured in this window"
		return f
	}
	values, mean := make([]float64, 0, len(samples)), 0.0
	for _, s := range samples {
		values = append(values, s.Value)
		mean += s.Value / float64(len(samples))
		f.Entries = append(f.Entries, s.Entries...)
	}
	slices.Sort(values)
	f.Mean, f.Median, f.P90, f.Max = &mean, new(quantile(values, 0.5)), new(quantile(values, 0.9)), &values[len(values)-1]
	if low, high, ok := medianRanks(len(values)); ok {
		f.Low, f.High = &values[low], &values[high]
	} else {
		f.Low, f.Note = &values[0], "fewer than 6 samples: their median has no upper bound at 95 %"
	}
	slices.Sort(f.Entries)
	f.Entries = slices.Compact(f.Entries)
	f.Entries = f.Entries[max(0, len(f.Entries)-maxEntries):]
	return f
}

// quantile returns the nearest-rank quantile of sorted values: always one that was measured.
func quantile(sorted []float64, q float64) float64 {
	i := int(math.Ceil(q*float64(len(sorted)))) - 1
	return sorted[min(max(i, 0), len(sorted)-1)]
}

// medianRanks returns the positions in n sorted values between which their median lies
// with at least 95 % confidence (binomial distribution with p = 1/2).
func medianRanks(n int) (low, high int, ok bool) {
	tail, p := 0.0, math.Exp2(-float64(n))
	if p == 0 { // beyond 1074 samples the normal distribution is as good
		d := 1.96 * math.Sqrt(float64(n)) / 2
		return int(math.Floor(float64(n)/2 - d)), int(math.Ceil(float64(n)/2+d)) - 1, true
	}
	k := -1
	for tail+p <= 0.025 {
		tail += p
		k++
		p *= float64(n-k) / float64(k+1)
	}
	if k < 0 {
		return 0, 0, false
	}
	return k, n - 1 - k, true
}

// Between makes a figure of the mean time between events in a window of seconds. Its
// interval is that of a Poisson process (Garwood 1936, chi-square quantiles by Wilson and
// Hilferty 1931): even no event at all gives a bound.
func Between(name string, seconds float64, events []Sample) Figure {
	f := Summarize(name, "seconds", nil)
	f.N, f.Of, f.Note = len(events), "mean", ""
	for _, e := range events {
		f.Entries = append(f.Entries, e.Entries...)
	}
	n := float64(len(events))
	if seconds <= 0 {
		f.Note = "nothing was counted in this window"
		return f
	}
	if high := chiSquare(0.975, 2*n+2); high > 0 {
		f.Low = new(2 * seconds / high)
	}
	if n == 0 {
		f.Note = "no incident in this window: only the lower bound is known"
		return f
	}
	f.Mean, f.High = new(seconds/n), new(2*seconds/chiSquare(0.025, 2*n))
	return f
}

// chiSquare approximates the quantile of the chi-square distribution.
func chiSquare(q, degrees float64) float64 {
	z := math.Sqrt2 * math.Erfinv(2*q-1)
	c := 2 / (9 * degrees)
	return degrees * math.Pow(max(1-c+z*math.Sqrt(c), 0), 3)
}
