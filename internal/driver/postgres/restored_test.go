package postgres

import (
	"strings"
	"testing"
	"time"
)

func TestWhereRecoveryStopped(t *testing.T) {
	t.Parallel()
	at := time.Date(2026, 11, 30, 21, 52, 33, 123456000, time.UTC)
	for name, c := range map[string]struct {
		history  string
		timeline uint32
		beyond   time.Time
		wrong    string
	}{
		"a time":              {"1\t0/4000000\tbefore 2026-11-30 21:52:33.123456+00\n", 1, at, ""},
		"a time elsewhere":    {"1\t0/4000000\tbefore 2026-12-01 03:22:33.123456+05:30\n", 1, at, ""},
		"a second timeline":   {"1\t0/3000000\tno recovery target specified\n\n2\t0/4000000\tbefore 2026-11-30 21:52:33.123456+00", 2, at, ""},
		"a position":          {"3\t0/4000000\tafter LSN 0/3FFFFA8\n", 3, time.Time{}, ""},
		"the end of the log":  {"4\t0/4000000\tno recovery target specified\n", 4, time.Time{}, ""},
		"a transaction":       {"1\t0/4000000\tbefore transaction 733\n", 1, time.Time{}, ""},
		"nothing":             {"", 0, time.Time{}, "no timeline"},
		"something else":      {"hello", 0, time.Time{}, "hello"},
		"no timeline of ours": {"0\t0/4000000\tbefore\n", 0, time.Time{}, `"0"`},
	} {
		timeline, beyond, err := parseStop(c.history)
		if timeline != c.timeline || !beyond.Equal(c.beyond) || (err != nil) != (c.wrong != "") || err != nil && !strings.Contains(err.Error(), c.wrong) {
			t.Errorf("%s: %d %v %v", name, timeline, beyond, err)
		}
	}
}

func FuzzParseStop(f *testing.F) {
	f.Add("1\t0/4000000\tbefore 2026-11-30 21:52:33.123456+00\n")
	f.Add("2\t0/4000000\tafter LSN 0/3FFFFA8\n")
	f.Fuzz(func(t *testing.T, history string) {
		timeline, beyond, err := parseStop(history)
		if (err == nil) == (timeline == 0) || err != nil && !beyond.IsZero() {
			t.Errorf("%q: %d %v %v", history, timeline, beyond, err)
		}
	})
}
