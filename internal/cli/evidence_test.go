package cli

import (
	"testing"
	"time"
)

func TestMoment(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for s, want := range map[string]time.Time{
		"24h": now.Add(-24 * time.Hour), "30d": now.AddDate(0, 0, -30), "0.5d": now.Add(-12 * time.Hour), "90m": now.Add(-90 * time.Minute),
		"2026-11-01T00:00:00Z": time.Date(2026, 11, 1, 0, 0, 0, 0, time.UTC),
	} {
		if got, err := moment(s, now); err != nil || !got.Equal(want) {
			t.Errorf("%s: %v %v, want %v", s, got, err, want)
		}
	}
	for _, s := range []string{"", "yesterday", "-3h", "d", "5"} {
		if got, err := moment(s, now); err == nil {
			t.Errorf("%q is taken for %v", s, got)
		}
	}
}

func FuzzMoment(f *testing.F) {
	f.Add("30d")
	f.Add("2026-11-01T00:00:00Z")
	now := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	f.Fuzz(func(t *testing.T, s string) {
		if got, err := moment(s, now); err == nil && got.IsZero() && s[0] != '0' {
			t.Fatalf("%q is taken for no time", s)
		}
	})
}
