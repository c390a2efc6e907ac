package prove

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
)

// Metrics are samples as Prometheus reads them, by name and labels as they are written.
type Metrics map[string]float64

// ReadMetrics reads Prometheus' text format: names, labels and values; times are left out.
func ReadMetrics(r io.Reader) (Metrics, error) {
	out := Metrics{}
	lines := bufio.NewScanner(r)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		line := lines.Text()
		if line == "" || line[0] == '#' {
			continue
		}
		end := strings.LastIndexByte(line, '}') + 1 // labels may have blanks in them
		i := strings.IndexByte(line[end:], ' ') + end
		if i < end {
			return nil, fmt.Errorf("read metrics: %q has no value", line)
		}
		value, _, _ := strings.Cut(line[i+1:], " ")
		v, err := strconv.ParseFloat(value, 64)
		if err != nil {
			return nil, fmt.Errorf("read metrics: %q: %w", line, err)
		}
		out[line[:i]] = v
	}
	return out, lines.Err()
}

// HistogramQuantile returns the smallest bound of a histogram without labels that at least the
// share q of what was observed since before kept: the true figure is at most that. It is +Inf
// beyond the last bound, and 0 when nothing was observed.
func (m Metrics) HistogramQuantile(name string, before Metrics, q float64) float64 {
	n := m[name+"_count"] - before[name+"_count"]
	if n <= 0 {
		return 0
	}
	best := math.Inf(1)
	for key, v := range m {
		le, ok := strings.CutPrefix(key, name+`_bucket{le="`)
		bound, err := strconv.ParseFloat(strings.TrimSuffix(le, `"}`), 64)
		if ok && err == nil && v-before[key] >= math.Ceil(q*n) {
			best = min(best, bound)
		}
	}
	return best
}
