package recovery_test

import (
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/recovery"
)

// repository is a simulated one: what is decided is carried out in it, approvals given.
type repository struct {
	t       *testing.T
	fulls   []recovery.Full
	history map[string][]recovery.Full // all that there ever were, by day, the oldest first
	first   time.Time                  // the first good full
	wal     time.Time                  // from when on the whole archive is kept
}

func (r *repository) add(stopped time.Time, failed bool) {
	f := recovery.Full{Label: stopped.Format("20060102-150405F"), Stopped: stopped, Failed: failed}
	day := stopped.Format(time.DateOnly)
	if slices.ContainsFunc(r.history[day], func(x recovery.Full) bool { return x.Label == f.Label }) {
		return // one label for each second
	}
	if !failed && r.first.IsZero() {
		r.first = stopped
	}
	r.fulls, r.history[day] = append(r.fulls, f), append(r.history[day], f)
	slices.SortFunc(r.history[day], func(a, b recovery.Full) int { return a.Stopped.Compare(b.Stopped) })
}

// keep decides, carries out, and returns the labels that stay by what keeps them.
func (r *repository) keep(now time.Time, shuffle *rand.Rand) map[string]string {
	r.t.Helper()
	shuffle.Shuffle(len(r.fulls), func(i, k int) { r.fulls[i], r.fulls[k] = r.fulls[k], r.fulls[i] })
	all, err := recovery.Keep(recovery.Listing{Known: true, Fulls: r.fulls}, recovery.Specified(), recovery.RestoreWindow, now)
	if err != nil {
		r.t.Fatal(err)
	}
	out := map[string]string{}
	var left []recovery.Full
	for _, v := range all {
		if len(v.Reasons) == 0 {
			r.t.Fatalf("%s has no reason", v.Label)
		}
		if !v.Keep {
			if v.Locked.After(now) || slices.Contains(v.Promoted, recovery.Monthly) != (v.Approvals == 2) {
				r.t.Fatalf("expires at %s: %+v", now, v)
			}
			continue
		}
		f := v.Full
		f.Promoted = append(slices.Clone(f.Promoted), v.Promote...)
		if v.Lock.After(f.Locked) {
			f.Locked = v.Lock
		} else if !v.Lock.IsZero() {
			r.t.Fatalf("the lock of %s would end sooner: %s", f.Label, v.Lock)
		}
		for _, t := range v.Tiers {
			out[v.Label] += string(t) + " "
		}
		if len(v.Tiers) == 0 {
			out[v.Label] = "extra "
		}
		left = append(left, f)
	}
	r.fulls = left
	r.archive(slices.DeleteFunc(all, func(v recovery.Verdict) bool { return !v.Keep }), now)
	return out
}

// archive drops what the fulls that are left need no more, as pgBackRest does with a number of fulls.
func (r *repository) archive(left []recovery.Verdict, now time.Time) {
	r.t.Helper()
	n := recovery.WindowFulls(left, recovery.RestoreWindow, now)
	if n < 1 && len(left) > 0 || n > len(left) {
		r.t.Fatalf("%d of %d fulls keep their archive", n, len(left))
	}
	if from := left[len(left)-n].Stopped; from.After(r.wal) {
		r.wal = from
	}
	if reach := r.reach(); !r.first.IsZero() && now.Sub(r.first) > recovery.RestoreWindow && now.Sub(reach) < recovery.RestoreWindow {
		r.t.Fatalf("at %s a restore reaches back to %s alone: %v", now, reach, now.Sub(reach))
	}
}

// reach is the first moment that a restore reaches without a gap until now: the first good full
// that the whole archive follows.
func (r *repository) reach() time.Time {
	first := time.Time{}
	for _, f := range r.fulls {
		if !f.Failed && !f.Stopped.Before(r.wal) && (first.IsZero() || f.Stopped.Before(first)) {
			first = f.Stopped
		}
	}
	return first
}

// oracle walks back from today, one day at a time, through all fulls that there ever were, and
// writes down each day, week and month that it meets. It knows nothing of what has expired.
func oracle(history map[string][]recovery.Full, calendar [][]string, now time.Time) map[string]string {
	type shelf struct {
		name  string
		room  int
		order []string
		holds map[string]string // period → label of its first full so far
	}
	shelves := []*shelf{{name: "daily", room: 30}, {name: "weekly", room: 12}, {name: "monthly", room: 84}}
	extras := map[string][]string{} // day → labels
	for _, s := range shelves {
		s.holds = map[string]string{}
	}
	for _, periods := range slices.Backward(calendar) {
		date := periods[0]
		first := ""
		for _, f := range history[date] {
			if f.Failed || f.Stopped.After(now) {
				continue
			}
			if first == "" {
				first = f.Label
			} else {
				extras[date] = append(extras[date], f.Label)
			}
		}
		if first == "" {
			continue
		}
		for i, s := range shelves {
			if _, met := s.holds[periods[i]]; !met {
				s.order = append(s.order, periods[i])
			}
			s.holds[periods[i]] = first
		}
	}
	out := map[string]string{}
	for i, s := range shelves {
		for _, period := range s.order[:min(len(s.order), s.room)] {
			out[s.holds[period]] += s.name + " "
			if i == 0 {
				for _, label := range extras[period] {
					out[label] = "extra "
				}
			}
		}
	}
	return out
}

// The keep set equals the oracle's on every day, whatever goes wrong: also on each of 2,557 days
// with a full each day, and for a year after them. Then 119 to 122 fulls stay: as many as Mondays and
// firsts of months do not lie among the 30 newest days, or on one another.
func TestKeepSetAgainstAnOracle(t *testing.T) {
	t.Parallel()
	for _, c := range []struct {
		name  string
		years int
		day   func(r *rand.Rand, day time.Time, add func(time.Time, bool))
	}{
		{"a full each day", 8, func(_ *rand.Rand, day time.Time, add func(time.Time, bool)) { add(day.Add(130*time.Minute), false) }},
		{"missing days", 3, func(r *rand.Rand, day time.Time, add func(time.Time, bool)) {
			if r.IntN(4) > 0 {
				add(day.Add(130*time.Minute), false)
			}
		}},
		{"months without", 4, func(_ *rand.Rand, day time.Time, add func(time.Time, bool)) {
			if day.Month()%4 != 2 && day.Day() != 1 {
				add(day.Add(130*time.Minute), false)
			}
		}},
		{"failures, and fulls by hand", 3, func(r *rand.Rand, day time.Time, add func(time.Time, bool)) {
			add(day.Add(130*time.Minute), r.IntN(3) == 0)
			for range r.IntN(3) {
				add(day.Add(time.Duration(4*3600+r.IntN(19*3600))*time.Second), r.IntN(5) == 0)
			}
		}},
		{"two each day, at its ends", 2, func(_ *rand.Rand, day time.Time, add func(time.Time, bool)) {
			add(day, false)
			add(day.Add(24*time.Hour-time.Nanosecond).Truncate(time.Second), false)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel()
			r := rand.New(rand.NewPCG(1, 2)) //nolint:gosec // a test's course is to be repeatable
			repo := &repository{t: t, history: map[string][]recovery.Full{}}
			begin := time.Date(2026, 11, 23, 0, 0, 0, 0, time.UTC)
			days, sizes, calendar := 0, map[int]int{}, [][]string{}
			for day := begin; day.Before(begin.AddDate(c.years, 0, 0)); day = day.AddDate(0, 0, 1) {
				c.day(r, day, repo.add)
				y, w := day.ISOWeek()
				date := day.Format(time.DateOnly)
				calendar = append(calendar, []string{date, fmt.Sprintf("%d-W%02d", y, w), date[:7]})
				if len(repo.fulls) == 0 {
					continue
				}
				now := day.Add(24 * time.Hour)
				got, want := repo.keep(now, r), oracle(repo.history, calendar, now)
				if !maps.Equal(got, want) {
					t.Fatalf("on %s\n%s", day.Format(time.DateOnly), difference(got, want))
				}
				if days++; days > 2557 {
					sizes[len(got)]++
				}
			}
			t.Logf("equal on %d days; sizes in steady state: %v", days, sizes)
			for size := range sizes {
				if size < 119 || size > 122 {
					t.Errorf("%d fulls stay", size)
				}
			}
		})
	}
}

func difference(got, want map[string]string) string {
	var b strings.Builder
	for _, label := range slices.Sorted(maps.Keys(got)) {
		if got[label] != want[label] {
			fmt.Fprintf(&b, "%s is kept as %q, want %q\n", label, got[label], want[label])
		}
	}
	for label := range want {
		if _, kept := got[label]; !kept {
			fmt.Fprintf(&b, "%s expired, want %q\n", label, want[label])
		}
	}
	return b.String()
}

func utc(text string) time.Time {
	at, err := time.Parse("2006-01-02 15:04", text)
	if err != nil {
		panic(err)
	}
	return at
}

func decide(t *testing.T, now string, fulls ...recovery.Full) map[string]recovery.Verdict {
	t.Helper()
	all, err := recovery.Keep(recovery.Listing{Known: true, Fulls: fulls}, recovery.Specified(), recovery.RestoreWindow, utc(now))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string]recovery.Verdict{}
	for _, v := range all {
		out[v.Label] = v
	}
	return out
}

// What is not known well decides nothing.
func TestNothingExpiresOnAListThatIsUnknown(t *testing.T) {
	t.Parallel()
	at := utc("2026-11-23 02:10")
	for name, l := range map[string]recovery.Listing{
		"unknown":  {},
		"not read": {Fulls: []recovery.Full{{Label: "a", Stopped: at}}},
		"twice":    {Known: true, Fulls: []recovery.Full{{Label: "a", Stopped: at}, {Label: "a", Stopped: at}}},
		"no label": {Known: true, Fulls: []recovery.Full{{Stopped: at}}},
		"no time":  {Known: true, Fulls: []recovery.Full{{Label: "a"}}},
	} {
		if all, err := recovery.Keep(l, recovery.Specified(), recovery.RestoreWindow, at); !errors.Is(err, recovery.ErrListing) || all != nil {
			t.Errorf("%s: %v %v", name, all, err)
		}
	}
	if all, err := recovery.Keep(recovery.Listing{Known: true}, recovery.Specified(), recovery.RestoreWindow, at); err != nil || len(all) != 0 {
		t.Errorf("none: %v %v", all, err)
	}
}

// A full is locked for each place that it is given, until so many later periods have begun.
func TestPromotionsAndLocks(t *testing.T) {
	t.Parallel()
	got := decide(t, "2027-02-04 03:00",
		recovery.Full{Label: "mon", Stopped: utc("2027-02-01 02:10")}, // a Monday, and the first of the month
		recovery.Full{Label: "tue", Stopped: utc("2027-02-02 02:10"), Promoted: []recovery.Tier{recovery.Daily}, Locked: utc("2027-03-04 00:00")},
		recovery.Full{Label: "wed", Stopped: utc("2027-02-03 02:10"), Locked: utc("2027-02-20 00:00")},
		recovery.Full{Label: "hand", Stopped: utc("2027-02-03 15:00")},
	)
	for label, want := range map[string]struct {
		promote string
		lock    string
	}{
		"mon":  {"[daily weekly monthly]", "2034-02-01"},
		"tue":  {"[]", "0001-01-01"},
		"wed":  {"[daily]", "2027-03-05"},
		"hand": {"[]", "2027-03-05"},
	} {
		v := got[label]
		if p, l := fmt.Sprint(v.Promote), v.Lock.Format(time.DateOnly); p != want.promote || l != want.lock || !v.Keep {
			t.Errorf("%s: promote %s, lock until %s, %v", label, p, l, v.Reasons)
		}
	}
	if v := decide(t, "2027-02-08 03:00", recovery.Full{Label: "week", Stopped: utc("2027-02-09 01:00").AddDate(0, 0, -1)})["week"]; v.Lock.Format(time.DateOnly) != "2034-02-01" || len(v.Tiers) != 3 {
		t.Errorf("%+v", v)
	}
}

// Who stops the backups does not only have to wait until the newest full can be deleted.
func TestTheNewestGoodFullStays(t *testing.T) {
	t.Parallel()
	old := recovery.Full{Label: "old", Stopped: utc("2016-11-21 02:10"), Locked: utc("2023-11-01 00:00"), Promoted: recovery.Tiers()}
	got := decide(t, "2026-11-23 03:00", old, recovery.Full{Label: "bad", Stopped: utc("2026-11-23 02:10"), Failed: true})
	if v := got["old"]; !v.Keep || !v.Lock.Equal(utc("2026-12-07 03:00")) || !strings.Contains(strings.Join(v.Reasons, "; "), "the newest good full") {
		t.Errorf("%+v", v)
	}
	if v := got["bad"]; v.Keep || v.Approvals != 0 || !strings.Contains(v.Reasons[0], "it failed") {
		t.Errorf("%+v", v)
	}
	for label, v := range decide(t, "2026-11-23 03:00", recovery.Full{Label: "bad", Stopped: utc("2026-11-22 02:10"), Failed: true}, recovery.Full{Label: "worse", Stopped: utc("2016-11-22 02:10"), Failed: true}) {
		if !v.Keep {
			t.Errorf("%s expires, and there is nothing else", label)
		}
	}
}

// A clock that was ahead takes no place from what is true, and expires nothing by itself.
func TestClockThatWasAhead(t *testing.T) {
	t.Parallel()
	var fulls []recovery.Full
	for i := range 30 {
		fulls = append(fulls, recovery.Full{Label: fmt.Sprint(i), Stopped: utc("2026-11-01 02:10").AddDate(0, 0, i)})
	}
	ahead := recovery.Full{Label: "ahead", Stopped: utc("2099-01-01 02:10")}
	for label, v := range decide(t, "2026-11-30 12:00", append(fulls, ahead)...) {
		if !v.Keep || label == "ahead" && (len(v.Tiers) > 0 || !v.Lock.IsZero()) {
			t.Errorf("%s: %+v", label, v)
		}
	}
	for label, v := range decide(t, "2099-01-01 12:00", fulls...) {
		if !v.Keep {
			t.Errorf("%s expires because of the clock alone: %v", label, v.Reasons)
		}
	}
}

// A backup that turns out bad loses its place to the next good one of the period that is left,
// and what was promoted once is not promoted again for an earlier one that turns up.
func TestPlacesAreGivenOnce(t *testing.T) {
	t.Parallel()
	monday := recovery.Full{Label: "monday", Stopped: utc("2026-11-02 02:10"), Promoted: []recovery.Tier{recovery.Daily, recovery.Weekly, recovery.Monthly}}
	tuesday := recovery.Full{Label: "tuesday", Stopped: utc("2026-11-03 02:10"), Promoted: []recovery.Tier{recovery.Daily}}
	sunday := recovery.Full{Label: "sunday", Stopped: utc("2026-11-01 02:10")}
	got := decide(t, "2026-11-04 03:00", monday, tuesday, sunday)
	if tiers := fmt.Sprint(got["monday"].Tiers, got["sunday"].Tiers); tiers != "[daily weekly monthly] [daily weekly]" {
		t.Errorf("%s", tiers)
	}
	monday.Failed = true
	got = decide(t, "2026-11-04 03:00", monday, tuesday)
	if v := got["tuesday"]; fmt.Sprint(v.Promote) != "[weekly monthly]" || v.Lock.Format(time.DateOnly) != "2033-11-01" {
		t.Errorf("%+v", v)
	}
	if v := got["monday"]; v.Keep || v.Approvals != 2 || !strings.Contains(v.Reasons[0], "it was daily, weekly, monthly") {
		t.Errorf("%+v", v)
	}
	monday.Locked = utc("2033-11-01 00:00")
	if v := decide(t, "2026-11-04 03:00", monday, tuesday)["monday"]; !v.Keep || !strings.Contains(v.Reasons[0], "it is locked until 2033-11-01") {
		t.Errorf("%+v", v)
	}
}

// Each full made by hand moves the beginning of the newest N fulls, and the window stays.
func TestWindowFulls(t *testing.T) {
	t.Parallel()
	now := utc("2026-11-30 12:00")
	var fulls []recovery.Full
	for i := range 60 {
		fulls = append(fulls, recovery.Full{Label: fmt.Sprint(i), Stopped: utc("2026-11-30 02:10").AddDate(0, 0, -i)})
	}
	count := func(fulls []recovery.Full) int {
		all, err := recovery.Keep(recovery.Listing{Known: true, Fulls: fulls}, recovery.Specified(), recovery.RestoreWindow, now)
		if err != nil {
			t.Fatal(err)
		}
		return recovery.WindowFulls(all, recovery.RestoreWindow, now)
	}
	if n := count(nil); n != 0 {
		t.Errorf("none: %d", n)
	}
	if n := count(fulls[:10]); n != 10 {
		t.Errorf("while the window is not full: %d", n)
	}
	if n := count(fulls); n != 36 { // Monday, 26 October
		t.Errorf("a full each day: %d", n)
	}
	if n := count(append(slices.Clone(fulls), recovery.Full{Label: "hand", Stopped: now}, recovery.Full{Label: "bad", Stopped: now, Failed: true})); n != 38 {
		t.Errorf("with two more: %d", n)
	}
}
