package prove

import (
	"math"
	"strings"
	"testing"
)

const exposition = `# HELP lag_seconds How late.
# TYPE lag_seconds histogram
lag_seconds_bucket{le="0.1"} 50
lag_seconds_bucket{le="1"} 99
lag_seconds_bucket{le="+Inf"} 100
lag_seconds_sum 12.5
lag_seconds_count 100
up{name="a b} c"} 1 1700000000
`

func TestHistogramQuantile(t *testing.T) {
	t.Parallel()
	m, err := ReadMetrics(strings.NewReader(exposition))
	if err != nil || m[`up{name="a b} c"}`] != 1 {
		t.Fatal(m, err)
	}
	before := Metrics{`lag_seconds_bucket{le="0.1"}`: 50, `lag_seconds_bucket{le="1"}`: 50, `lag_seconds_bucket{le="+Inf"}`: 50, "lag_seconds_count": 50}
	for _, c := range []struct {
		before  Metrics
		q, want float64
	}{{nil, 0.5, 0.1}, {nil, 0.51, 1}, {nil, 0.99, 1}, {nil, 1, math.Inf(1)}, {before, 0.5, 1}, {m, 0.5, 0}} {
		if got := m.HistogramQuantile("lag_seconds", c.before, c.q); got != c.want {
			t.Errorf("quantile %v: %v, want %v", c.q, got, c.want)
		}
	}
	for _, bad := range []string{"novalue", "a b"} {
		if _, err := ReadMetrics(strings.NewReader(bad)); err == nil {
			t.Errorf("%q was read", bad)
		}
	}
}

func FuzzReadMetrics(f *testing.F) {
	f.Add(exposition)
	f.Add("} 1")
	f.Fuzz(func(_ *testing.T, s string) { _, _ = ReadMetrics(strings.NewReader(s)) })
}
