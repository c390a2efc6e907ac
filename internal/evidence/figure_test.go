package evidence

import (
	"math"
	"testing"
)

// coverage is the probability that the median lies between the order statistics.
func coverage(n, low, high int) float64 {
	sum := 0.0
	for k := low + 1; k <= high; k++ {
		lg := func(x float64) float64 { v, _ := math.Lgamma(x); return v }
		sum += math.Exp(lg(float64(n+1)) - lg(float64(k+1)) - lg(float64(n-k+1)) - float64(n)*math.Ln2)
	}
	return sum
}

func TestIntervalOfAMedianCovers95PercentAndIsTheShortest(t *testing.T) {
	t.Parallel()
	for n := 1; n <= 3000; n++ {
		low, high, ok := medianRanks(n)
		if ok != (n >= 6) {
			t.Fatalf("n=%d: bounded %v", n, ok)
		}
		if !ok {
			continue
		}
		if low+high != n-1 || coverage(n, low, high) < 0.945 {
			t.Fatalf("n=%d: ranks %d to %d cover %v", n, low, high, coverage(n, low, high))
		}
		if n <= 1000 && coverage(n, low, high) < 0.95 {
			t.Fatalf("n=%d: ranks %d to %d cover %v", n, low, high, coverage(n, low, high))
		}
		if coverage(n, low+1, high-1) > 0.955 {
			t.Fatalf("n=%d: ranks %d to %d are too far apart", n, low, high)
		}
	}
}

func TestFigureOfKnownSamples(t *testing.T) {
	t.Parallel()
	var s []Sample
	for _, v := range []float64{10, 1, 9, 2, 8, 3, 7, 4, 6, 5} {
		s = append(s, Sample{v, []uint64{uint64(v), 1}})
	}
	f := Summarize("mttr", "seconds", s)
	if f.N != 10 || *f.Mean != 5.5 || *f.Median != 5 || *f.P90 != 9 || *f.Max != 10 || *f.Low != 2 || *f.High != 9 || len(f.Entries) != 10 {
		t.Fatalf("%+v", f)
	}
	if f := Summarize("mttr", "seconds", s[:5]); f.High != nil || *f.Low != 1 || f.Note == "" {
		t.Fatalf("five samples bound nothing: %+v", f)
	}
	if f := Summarize("mttr", "seconds", nil); f.N != 0 || f.Note == "" || f.Entries == nil {
		t.Fatalf("%+v", f)
	}
}

// The exact Garwood bounds: no event gives 3.689, ten give 4.795 and 18.39 events.
func TestIntervalOfTheTimeBetweenIncidents(t *testing.T) {
	t.Parallel()
	near := func(got, want float64) bool { return math.Abs(got-want)/want < 0.01 }
	none := Between("mtbf", 3600, nil)
	if !near(*none.Low, 3600/3.689) || none.High != nil || none.Mean != nil || none.Note == "" {
		t.Fatalf("%+v", none)
	}
	ten := Between("mtbf", 3600, make([]Sample, 10))
	if *ten.Mean != 360 || !near(*ten.Low, 3600/18.39) || !near(*ten.High, 3600/4.795) {
		t.Fatalf("%+v", ten)
	}
}
