package spec

import (
	"fmt"
	"time"

	"github.com/invopop/jsonschema"
)

// Retention is how long nobody can delete something: a [Duration] of 1 to 36500 days.
// Zero means that nobody said; it cannot be written.
type Retention Duration

// SevenYears is how long an archive is kept when nobody says: two leap days included.
const SevenYears = Retention(2557 * 24 * time.Hour)

const (
	minRetention = Retention(24 * time.Hour)
	maxRetention = Retention(36_500 * 24 * time.Hour) // what S3 endpoints take
)

// D returns r as the standard library's type.
func (r Retention) D() time.Duration { return time.Duration(r) }

// String prints the shortest form that reads back the same.
func (r Retention) String() string { return Duration(r).String() }

// MarshalText implements encoding.TextMarshaler.
func (r Retention) MarshalText() ([]byte, error) { return Duration(r).MarshalText() }

// UnmarshalText implements encoding.TextUnmarshaler.
func (r *Retention) UnmarshalText(b []byte) error {
	d, err := ParseDuration(string(b))
	if err != nil {
		return err
	}
	if Retention(d) < minRetention || Retention(d) > maxRetention {
		return fmt.Errorf("%s is not a retention: 1d is the least, because what can be deleted tomorrow is no archive, and 36500d the most", d)
	}
	*r = Retention(d)
	return nil
}

// JSONSchema describes a retention to editors.
func (Retention) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: durationPattern, Examples: []any{"30d", "2557d"}}
}
