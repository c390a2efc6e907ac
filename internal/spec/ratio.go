package spec

import (
	"fmt"
	"math"
	"strconv"
	"strings"
)

// Ratio is a share between 0 and 1; in YAML it is written "99.99%" or 0.9999.
type Ratio float64

// Percent prints r as a percentage with as many digits as it needs.
func (r Ratio) Percent() string {
	return strconv.FormatFloat(math.Round(float64(r)*1e8)/1e6, 'f', -1, 64) + "%"
}

// String is Percent.
func (r Ratio) String() string { return r.Percent() }

// MarshalText implements encoding.TextMarshaler.
func (r Ratio) MarshalText() ([]byte, error) { return []byte(r.Percent()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Ratio) UnmarshalText(b []byte) error {
	parsed, err := ParseRatio(string(b))
	if err != nil {
		return err
	}
	*r = parsed
	return nil
}

// ParseRatio reads a share, see [Ratio].
func ParseRatio(s string) (Ratio, error) {
	number, percent := strings.CutSuffix(strings.TrimSpace(s), "%")
	f, err := strconv.ParseFloat(strings.TrimSpace(number), 64)
	if percent {
		f /= 100
	}
	if err != nil || math.IsNaN(f) || f < 0 || f > 1 {
		return 0, fmt.Errorf("%q is not a share; write for example 99.99%% or 0.9999", s)
	}
	return Ratio(f), nil
}
