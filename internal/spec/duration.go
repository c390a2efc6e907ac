package spec

import (
	"fmt"
	"math"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Duration is a time span as people write it in YAML: "10s", "1500ms", "1h", "30d".
// A day is 24 hours; a bare number is an error, because its unit would be a guess.
type Duration time.Duration

// D returns d as the standard library's type.
func (d Duration) D() time.Duration { return time.Duration(d) }

// String prints the shortest form that reads back the same.
func (d Duration) String() string {
	t := time.Duration(d)
	if t != 0 && t%(24*time.Hour) == 0 {
		return fmt.Sprintf("%dd", t/(24*time.Hour))
	}
	s := t.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

// MarshalText implements encoding.TextMarshaler.
func (d Duration) MarshalText() ([]byte, error) { return []byte(d.String()), nil }

// UnmarshalText implements encoding.TextUnmarshaler.
func (d *Duration) UnmarshalText(b []byte) error {
	parsed, err := ParseDuration(string(b))
	if err != nil {
		return err
	}
	*d = parsed
	return nil
}

// durationPattern is what a duration looks like; the schema publishes it.
const durationPattern = `^([0-9]+(\.[0-9]+)?(ns|us|µs|ms|s|m|h))+$|^[0-9]+(\.[0-9]+)?d$`

var durationForm = regexp.MustCompile(durationPattern)

// ParseDuration reads a time span, see [Duration]. Spans are never negative, and at
// most 106751 days, the longest that time.Duration holds.
func ParseDuration(s string) (Duration, error) {
	if !durationForm.MatchString(s) {
		if strings.HasPrefix(s, "-") && durationForm.MatchString(s[1:]) {
			return 0, fmt.Errorf("duration %q is negative", s)
		}
		return 0, fmt.Errorf("%q is not a duration; write for example 10s, 1500ms, 1h or 30d", s)
	}
	if days, ok := strings.CutSuffix(s, "d"); ok {
		return parseDays(s, days)
	}
	t, err := time.ParseDuration(s)
	if err != nil {
		return 0, fmt.Errorf("duration %q is too long", s)
	}
	return Duration(t), nil
}

func parseDays(s, days string) (Duration, error) {
	f, err := strconv.ParseFloat(days, 64)
	if err != nil || f > 106751 {
		return 0, fmt.Errorf("duration %q is too long; the most is 106751d", s)
	}
	return Duration(math.Round(f * float64(24*time.Hour))), nil
}
