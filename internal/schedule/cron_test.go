package schedule_test

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/schedule"
)

// pattern is an expression as the oracle reads it: for each field, which values it has. It
// shares nothing with the code under test, neither the parser nor the arithmetic of zones.
type pattern struct {
	minute, hour, dom, month, dow map[int]bool
	either                        bool // a day matches one of its two fields
}

func read(expression string) pattern {
	f := strings.Fields(expression)
	p := pattern{values(f[0], 0, 59), values(f[1], 0, 23), values(f[2], 1, 31), values(f[3], 1, 12), values(f[4], 0, 7), false}
	p.dow[0] = p.dow[0] || p.dow[7]
	p.either = !strings.HasPrefix(f[2], "*") && !strings.HasPrefix(f[4], "*")
	return p
}

func values(field string, lowest, highest int) map[int]bool {
	names := strings.NewReplacer("JAN", "1", "FEB", "2", "MAR", "3", "OCT", "10", "DEC", "12", "SUN", "0", "MON", "1", "FRI", "5")
	out := map[int]bool{}
	for part := range strings.SplitSeq(names.Replace(strings.ToUpper(field)), ",") {
		span, every, stepped := strings.Cut(part, "/")
		from, to, ranged := strings.Cut(span, "-")
		a, b, step := lowest, highest, 1
		if span != "*" {
			a, _ = strconv.Atoi(from)
			if b = a; ranged {
				b, _ = strconv.Atoi(to)
			} else if stepped {
				b = highest
			}
		}
		if stepped {
			step, _ = strconv.Atoi(every)
		}
		for v := a; v <= b; v += step {
			out[v] = true
		}
	}
	return out
}

func (p pattern) has(w time.Time) bool {
	day := p.dom[w.Day()] && p.dow[int(w.Weekday())]
	if p.either {
		day = p.dom[w.Day()] || p.dow[int(w.Weekday())]
	}
	return p.minute[w.Minute()] && p.hour[w.Hour()] && day && p.month[int(w.Month())]
}

const minutely = "2006-01-02 15:04"

// tick is one minute of real time: what the wall clock shows, whether it shows it again, and
// what it skipped just before.
type tick struct {
	at      time.Time
	wall    time.Time
	again   bool
	skipped []time.Time
}

// watch looks at a zone's wall clock once a minute.
func watch(t *testing.T, zone string, from time.Time, days int) []tick {
	t.Helper()
	loc, err := time.LoadLocation(zone)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[time.Time]bool{}
	var out []tick
	const before = 2 * 24 * 60 // for what was shown already
	last := time.Time{}
	for m := -before; m <= days*24*60; m++ {
		at := from.Add(time.Duration(m) * time.Minute)
		wall, err := time.Parse(minutely, at.In(loc).Format(minutely))
		if err != nil {
			t.Fatal(err)
		}
		k := tick{at: at, wall: wall, again: seen[wall]}
		for w := last.Add(time.Minute); !last.IsZero() && w.Before(wall); w = w.Add(time.Minute) {
			if !seen[w] {
				k.skipped = append(k.skipped, w)
			}
		}
		seen[wall], last = true, wall
		if m > 0 {
			out = append(out, k)
		}
	}
	return out
}

// planned is the oracle: it goes from minute to minute.
func planned(expression string, ticks []tick) (out []time.Time) {
	p := read(expression)
	every := len(p.hour) == 24
	for _, k := range ticks {
		hit := p.has(k.wall)
		if !every {
			hit = hit && !k.again || slices.ContainsFunc(k.skipped, p.has)
		}
		if hit {
			out = append(out, k.at)
		}
	}
	return out
}

// Over each kind of change that zones have had, what is planned equals what a person would
// plan who watches the wall clock minute by minute.
func TestTimesAgainstAWallClock(t *testing.T) {
	t.Parallel()
	expressions := []string{
		"0 2 * * *", "30 2 * * *", "15 2 * * *", "45 1 * * *", "30 1 * * *", "0 0 * * *", "30 0 * * *", "0 1 * * *", "0 3 * * *", "59 23 * * *", "* 2 * * *",
		"0 * * * *", "30 * * * *", "15 * * * *", "*/15 * * * *", "*/7 * * * *", "0 */2 * * *", "*/20 1-3 * * *", "0,30 0-4 * * *", "0 0,12 * * *", "5-10/2 1-23/2 * * *",
		"0 2 * * 0", "0 2 * * 7", "0 2 * * SUN", "0 2 29-31 MAR,OCT *", "0 0 1 * *", "7 2 31 * *", "30 0 31 12 *", "0 0 29 2 *", "0 0 29 FEB fri", "0 1 */2 * 1", "0 4 13 * 5",
	}
	n := 0
	for _, c := range []struct {
		zone, from string
		days       int
	}{
		{"UTC", "2028-02-27", 4}, {"UTC", "2027-02-27", 3}, {"UTC", "2026-12-30", 4}, {"UTC", "2100-02-27", 3}, // a leap day, none, a year's end, none in 2100
		{"Europe/Berlin", "2026-03-28", 3}, {"Europe/Berlin", "2026-10-24", 3},
		{"America/New_York", "2026-03-07", 3}, {"America/New_York", "2026-10-31", 3},
		{"Australia/Lord_Howe", "2026-04-03", 3}, {"Australia/Lord_Howe", "2026-10-02", 3}, // by half an hour
		{"America/Santiago", "2026-04-03", 3}, {"America/Santiago", "2026-09-05", 3}, // at midnight
		{"Africa/Cairo", "2026-04-22", 4}, {"Africa/Cairo", "2026-10-28", 4},
		{"Antarctica/Troll", "2026-03-28", 3}, {"Antarctica/Troll", "2026-10-24", 3}, // by two hours
		{"Africa/Casablanca", "2026-02-13", 4}, {"Africa/Casablanca", "2026-03-20", 4}, // back for Ramadan
		{"Pacific/Apia", "2011-12-28", 5},                                        // a day that was not
		{"Asia/Pyongyang", "2018-05-03", 3}, {"Asia/Pyongyang", "2015-08-13", 3}, // the zone itself moved by half an hour
		{"Asia/Kathmandu", "2026-03-28", 2},
	} {
		from, err := time.Parse(time.DateOnly, c.from)
		if err != nil {
			t.Fatal(err)
		}
		ticks := watch(t, c.zone, from, c.days)
		until := ticks[len(ticks)-1].at
		for _, e := range expressions {
			x, err := schedule.Parse(e, c.zone)
			if err != nil {
				t.Fatal(err)
			}
			var got []time.Time
			for at, some := x.Next(from); some && !at.After(until); at, some = x.Next(at) {
				got = append(got, at)
			}
			if want := planned(e, ticks); !slices.EqualFunc(got, want, time.Time.Equal) {
				t.Errorf("%s %q from %s: %d times, want %d\n got %v\nwant %v", c.zone, e, c.from, len(got), len(want), got, want)
			}
			n++
			// From any moment the next time is the same as from the one before it.
			for i, want := 0, planned(e, ticks); i < len(ticks) && len(want) > 0; i += 97 {
				at, _ := x.Next(ticks[i].at.Add(17 * time.Second))
				for len(want) > 0 && !want[0].After(ticks[i].at.Add(17*time.Second)) {
					want = want[1:]
				}
				if len(want) > 0 && !at.Equal(want[0]) {
					t.Errorf("%s %q after %s: %s, want %s", c.zone, e, ticks[i].at, at, want[0])
				}
			}
		}
	}
	t.Logf("%d expressions over changes of zones are equal", n)
}

// Rare days come, however far they are, and what is after the year 9999 does not.
func TestRareTimes(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ expression, after, want string }{
		{"0 0 29 2 *", "2096-03-01T00:00:00Z", "2104-02-29T00:00:00Z"},
		{"0 0 29 2 *", "2026-03-01T00:00:00Z", "2028-02-29T00:00:00Z"},
		{"0 0 31 4,6,12 *", "2026-01-01T00:00:00Z", "2026-12-31T00:00:00Z"},
		{"59 23 31 12 *", "9999-12-31T23:58:59Z", "9999-12-31T23:59:00Z"},
		{"0 2 * * *", "9999-12-31T02:00:00Z", ""},
		{"0 2 * * *", "1970-01-01T02:00:00.5Z", "1970-01-02T02:00:00Z"},
	} {
		x, err := schedule.Parse(c.expression, "UTC")
		if err != nil {
			t.Fatal(err)
		}
		after, err := time.Parse(time.RFC3339Nano, c.after)
		if err != nil {
			t.Fatal(err)
		}
		at, some := x.Next(after)
		if got := at.Format(time.RFC3339); some != (c.want != "") || some && got != c.want {
			t.Errorf("%q after %s: %s %v, want %s", c.expression, c.after, got, some, c.want)
		}
		if n := len(x.Upcoming(after, 5)); some && c.after < "9999" && n != 5 {
			t.Errorf("%q after %s: %d times are next", c.expression, c.after, n)
		}
	}
	if _, some := (schedule.Times{}).Next(time.Now()); some {
		t.Error("nothing plans something")
	}
}

func TestWhatIsNoTimeIsRefused(t *testing.T) {
	t.Parallel()
	for _, c := range []struct{ expression, zone, says string }{
		{"0 2 * * *", "Mars/Olympus", `time zone "Mars/Olympus" does not exist`},
		{"0 2 * * *", "", "write a name of the IANA database"},
		{"0 2 * * *", "Local", "does not exist"},
		{"0 2 * * *", "../../etc/passwd", "does not exist"},
		{"0 2 31 2 *", "UTC", "it never comes"},
		{"0 2 30,31 FEB *", "UTC", "it never comes"},
		{"0 2 31 4,6,9,11 *", "UTC", "it never comes"},
		{"0 2 * *", "UTC", "it has 4 fields; write five fields"},
		{"0 0 2 * * *", "UTC", "it has 6 fields"},
		{"", "UTC", "it has 0 fields"},
		{"@daily", "UTC", "it has 1 fields"},
		{"TZ=UTC 0 2 * *", "UTC", "the character '='"},
		{"0 2 ? * *", "UTC", "the character '?'"},
		{"60 2 * * *", "UTC", "60"}, {"0 24 * * *", "UTC", "24"}, {"0 2 0 * *", "UTC", "0"}, {"0 2 * 13 *", "UTC", "13"}, {"0 2 * * 8", "UTC", "8"},
		{"*/0 2 * * *", "UTC", "step"}, {"x 2 * * *", "UTC", "x"}, {"1-2-3 2 * * *", "UTC", "1-2-3"}, {"-1 2 * * *", "UTC", "-1"},
		{"H 2 * * *", "UTC", "H"}, {"0 2 L * *", "UTC", "L"}, {"0 2 15W * *", "UTC", "15W"},
		{strings.Repeat("1,", 100) + "1 2 * * *", "UTC", "at most 128"},
	} {
		if _, err := schedule.Parse(c.expression, c.zone); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%q in %q: %v, want %q", c.expression, c.zone, err, c.says)
		}
	}
}

// Whatever is typed is an error or plans times that go forward.
func FuzzParse(f *testing.F) {
	for _, s := range []string{"0 2 * * *", "*/15 1-3,7 29 2 MON", "0 0 31 2 *", "59-1 22-2 * NOV-FEB FRI-MON", "0 0 * * 7", "* * * * *", "L W # * *", "1/1 2/3 4/5 6/7 1/2"} {
		f.Add(s, "Europe/Berlin", int64(1_774_746_000))
		f.Add(s, "Australia/Lord_Howe", int64(1_775_314_800))
	}
	f.Fuzz(func(t *testing.T, expression, zone string, unix int64) {
		x, err := schedule.Parse(expression, zone)
		if err != nil {
			return
		}
		at := time.Unix(unix%200_000_000_000, 0).UTC()
		for range 20 {
			next, some := x.Next(at)
			if !some {
				if at.Year() < 9990 {
					t.Fatalf("%q in %q: nothing after %s", expression, zone, at)
				}
				return
			}
			if !next.After(at) || next.Location() != time.UTC {
				t.Fatalf("%q in %q: %s after %s", expression, zone, next, at)
			}
			if _, err := next.MarshalJSON(); err != nil {
				t.Fatal(err)
			}
			at = next
		}
	})
}

func BenchmarkNext(b *testing.B) {
	for _, e := range []string{"0 2 * * *", "0 * * * *", "0 0 29 2 *"} {
		x, err := schedule.Parse(e, "Europe/Berlin")
		if err != nil {
			b.Fatal(err)
		}
		b.Run(fmt.Sprintf("%q", e), func(b *testing.B) {
			at := time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)
			for b.Loop() {
				x.Next(at)
			}
		})
	}
}
