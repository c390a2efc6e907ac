package console

import (
	"strings"
	"testing"
	"time"
)

func TestSpan(t *testing.T) {
	t.Parallel()
	for want, d := range map[string]time.Duration{
		"0 ms": 0, "90 ms": 90 * time.Millisecond, "1.84 s": 1840 * time.Millisecond, "5 s": 5 * time.Second, "34 s": 34200 * time.Millisecond,
		"119 s": 119 * time.Second, "2 m": 2 * time.Minute, "2 m 10 s": 130 * time.Second, "52 m 33 s": 3153600 * time.Millisecond,
		"2 h": 2 * time.Hour, "26 h": 26 * time.Hour, "3 d": 76 * time.Hour, "-4 s": -4 * time.Second,
	} {
		if got := strings.ReplaceAll(Span(d), "\u00a0", " "); got != want {
			t.Errorf("Span(%s) = %q, want %q", d, got, want)
		}
	}
}

func TestRatioNeverRoundsUp(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		share  float64
		digits int
		want   string
	}{
		{0.9998999, 2, "99.98 %"}, {0.9999, 2, "99.99 %"}, {0.99997319, 4, "99.9973 %"}, {1, 4, "100.0000 %"}, {0.99999999, 4, "99.9999 %"}, {-0.125, 1, "-12.5 %"}, {0, 1, "0.0 %"},
	} {
		if got := strings.ReplaceAll(Ratio(c.share, c.digits), "\u00a0", " "); got != c.want {
			t.Errorf("Ratio(%v, %d) = %q, want %q", c.share, c.digits, got, c.want)
		}
	}
}

func TestClock(t *testing.T) {
	t.Parallel()
	now := time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)
	for _, c := range []struct {
		at   time.Time
		want string
	}{
		{time.Time{}, "–"}, {now.Add(-time.Hour), "11:00:00"}, {now.Add(-24 * time.Hour), "28 Feb 12:00:00"}, {now.AddDate(-1, 0, 0), "2025-03-01 12:00:00"},
	} {
		if got := clock(now, c.at); got != c.want {
			t.Errorf("clock(%s) = %q, want %q", c.at, got, c.want)
		}
	}
	if got := ago(now, now.Add(25*time.Second)); got != "in 25\u00a0s" {
		t.Errorf("what is to come is %q", got)
	}
}

func TestCount(t *testing.T) {
	t.Parallel()
	for n, want := range map[uint64]string{0: "0", 999: "999", 1000: "1 000", 68412907: "68 412 907"} {
		if got := strings.ReplaceAll(count(n), "\u202f", " "); got != want {
			t.Errorf("count(%d) = %q, want %q", n, got, want)
		}
	}
}

func TestMeasure(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		value      float64
		unit, want string
	}{{1.84, "seconds", "1.84\u00a0s"}, {21904, "count", "21\u202f904"}, {0.5, "count", "0.5 count"}, {-1, "count", "-1 count"}, {12.5, "bytes", "12.5 bytes"}} {
		if got := measure(c.value, c.unit); got != c.want {
			t.Errorf("measure(%v, %s) = %q, want %q", c.value, c.unit, got, c.want)
		}
	}
}
