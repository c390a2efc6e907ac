package spec

import (
	"fmt"
	"math"
	"regexp"
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

// ratioPattern is what a share written as text looks like; the schema publishes it.
const ratioPattern = `^[0-9]+(\.[0-9]+)?%$|^[01](\.[0-9]+)?$`

var ratioForm = regexp.MustCompile(ratioPattern)

// ParseRatio reads a share, see [Ratio].
func ParseRatio(s string) (Ratio, error) {
	number, percent := strings.CutSuffix(s, "%")
	f, err := strconv.ParseFloat(number, 64)
	if percent {
		f /= 100
	}
	if err != nil || f > 1 || !ratioForm.MatchString(s) {
		return 0, fmt.Errorf("%q is not a share from 0 to 1; write for example 99.99%% or 0.9999", s)
	}
	return Ratio(f), nil
}
