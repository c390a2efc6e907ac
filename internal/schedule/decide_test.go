package schedule_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/schedule"
	"github.com/greenlang/fournines/internal/state"
)

// book is the journal and the state of a test: entries go through the real fold.
type book struct {
	t    *testing.T
	docs *state.Docs
	all  []journal.Record
}

func open(t *testing.T) *book { t.Helper(); return &book{t: t, docs: state.NewDocs()} }

func write[T any](b *book, kind journal.KindOf[T], name string, data T) {
	b.t.Helper()
	e, err := kind.Entry(name, "", data)
	if err != nil {
		b.t.Fatal(err)
	}
	e.Index, e.Actor, e.Reason = uint64(len(b.all)+1), "operator", "a test"
	r := journal.Record{Entry: e}
	b.all = append(b.all, r)
	for range 2 { // an entry that is folded again changes nothing
		if err := schedule.Fold(b.docs, r); err != nil {
			b.t.Fatal(err)
		}
	}
}

func (b *book) courses() map[string]schedule.Course {
	b.t.Helper()
	all, err := state.ListDocs[schedule.Course](b.docs, schedule.CoursePrefix)
	if err != nil {
		b.t.Fatal(err)
	}
	out := map[string]schedule.Course{}
	for _, c := range all {
		out[c.Name] = c
	}
	return out
}

// tick does what the wiring does at a moment, but for the action: it returns what began.
func (b *book) tick(all []schedule.Timed, windows []schedule.Window, now time.Time) []schedule.Due {
	b.t.Helper()
	for name, s := range schedule.Unset(all, b.courses(), now) {
		write(b, schedule.Set, name, s)
	}
	due := schedule.Decide(all, b.courses(), windows, now)
	for _, d := range due {
		write(b, schedule.Begun, d.Name, d.Run)
	}
	return due
}

func (b *book) end(name, outcome string, now time.Time) {
	b.t.Helper()
	r := b.courses()[name].Running
	write(b, schedule.Ended, name, schedule.Outcome{Key: r.Key, Planned: r.Planned, State: outcome, Error: "no space", Ended: now})
}

func timed(t *testing.T, all ...schedule.Schedule) []schedule.Timed {
	t.Helper()
	for i := range all {
		all[i].Does, all[i].Do = "Does nothing.", func(time.Time) (control.Action, error) { return control.Action{}, nil }
	}
	out, err := schedule.Read(all)
	if err != nil {
		t.Fatal(err)
	}
	return out
}

func at(text string) time.Time {
	for _, form := range []string{time.RFC3339, "2006-01-02 15:04"} {
		if v, err := time.Parse(form, text); err == nil {
			return v
		}
	}
	panic(text)
}

// A server that was away begins one run for all that it has missed, and says how many.
func TestWhatWasMissedIsCaughtUpOnce(t *testing.T) {
	t.Parallel()
	all, b := timed(t, schedule.Schedule{Name: "hourly", Cron: "0 * * * *", Zone: "UTC"}), open(t)
	if due := b.tick(all, nil, at("2026-11-23 10:30")); len(due) != 0 {
		t.Fatalf("a schedule that is new begins at once: %v", due)
	}
	due := b.tick(all, nil, at("2026-11-23 17:20"))
	if len(due) != 1 || due[0].Key != "hourly@20261123T170000Z" || due[0].Missed != 6 {
		t.Fatalf("%+v", due)
	}
	if due := b.tick(all, nil, at("2026-11-23 19:20")); len(due) != 0 {
		t.Fatalf("it runs twice at once: %v", due)
	}
	b.end("hourly", control.Succeeded, at("2026-11-23 19:30"))
	if due := b.tick(all, nil, at("2026-11-23 19:30")); len(due) != 1 || due[0].Missed != 1 || !due[0].Planned.Equal(at("2026-11-23 19:00")) {
		t.Fatalf("what was missed while it ran: %+v", due)
	}
	b.end("hourly", control.Succeeded, at("2026-11-23 19:31"))
	if due := b.tick(all, nil, at("2031-11-23 19:30")); len(due) != 1 || due[0].Missed != 999 || !due[0].Planned.Equal(at("2031-11-23 19:00")) {
		t.Fatalf("after years: %+v", due)
	}
}

// A change of the times catches nothing up that was not planned then.
func TestChangedTimesBeginAnew(t *testing.T) {
	t.Parallel()
	b := open(t)
	daily := timed(t, schedule.Schedule{Name: "daily", Cron: "0 14 * * *", Zone: "UTC"})
	b.tick(daily, nil, at("2026-11-23 12:00"))
	changed := timed(t, schedule.Schedule{Name: "daily", Cron: "0 10 * * *", Zone: "UTC"})
	if due := b.tick(changed, nil, at("2026-11-23 12:01")); len(due) != 0 {
		t.Errorf("%+v", due)
	}
	if due := b.tick(changed, nil, at("2026-11-24 10:00")); len(due) != 1 || due[0].Missed != 0 {
		t.Errorf("%+v", due)
	}
}

func TestJitterFollowsFromTheName(t *testing.T) {
	t.Parallel()
	started := map[time.Duration]int{}
	for i := range 60 {
		all := timed(t, schedule.Schedule{Name: fmt.Sprintf("s-%d", i), Cron: "0 2 * * *", Zone: "UTC", Jitter: 10 * time.Minute})
		for range 2 {
			b, planned := open(t), at("2026-11-23 02:00")
			b.tick(all, nil, planned.Add(-time.Hour))
			began, courses := planned, b.courses()
			for len(schedule.Decide(all, courses, nil, began)) == 0 {
				began = began.Add(time.Second)
			}
			if due := b.tick(all, nil, began); !due[0].Planned.Equal(planned) {
				t.Fatalf("planned for %s", due[0].Planned)
			}
			started[began.Sub(planned)]++
		}
	}
	for late, n := range started {
		if late < 0 || late >= 10*time.Minute || n%2 != 0 {
			t.Errorf("%d begin %v late", n, late)
		}
	}
	if len(started) < 40 {
		t.Errorf("60 names begin at %d different times", len(started))
	}
}

// What the clock does never begins a planned time twice, and never stops a schedule for good.
func TestClockThatJumps(t *testing.T) {
	t.Parallel()
	all := timed(t, schedule.Schedule{Name: "hourly", Cron: "0 * * * *", Zone: "UTC"})
	run := func(b *book, now string, begins string) {
		t.Helper()
		due := b.tick(all, nil, at(now))
		got := ""
		for _, d := range due {
			got = d.Planned.Format("2006-01-02 15:04")
			b.end(d.Name, control.Succeeded, at(now))
		}
		if got != begins {
			t.Errorf("at %s begins %q, want %q", now, got, begins)
		}
	}
	b := open(t)
	run(b, "2026-11-23 10:30", "")
	run(b, "2026-11-23 11:00", "2026-11-23 11:00")
	run(b, "2026-11-23 15:10", "2026-11-23 15:00") // forward by hours
	run(b, "2026-11-23 11:10", "")                 // and back again: 11:00 has begun
	run(b, "2026-11-23 12:00", "")                 // 12:00 was made up for at 15:10
	if f := schedule.Findings(all, b.courses(), nil, at("2026-11-23 12:00")); len(f) != 1 || f[0].Code != "schedule-clock" {
		t.Errorf("%+v", f)
	}
	run(b, "2026-11-23 16:00", "2026-11-23 16:00")
	run(b, "2099-01-01 00:30", "2099-01-01 00:00") // a clock without a battery
	run(b, "2026-11-23 16:10", "")
	run(b, "2026-11-23 17:00", "2026-11-23 17:00")
	run(b, "9999-12-31 23:30", "9999-12-31 23:00")
	run(b, "9999-12-31 23:59", "")
	run(b, "2026-11-23 17:10", "")
	run(b, "2026-11-23 18:05", "2026-11-23 18:00")
	if f := schedule.Findings(all, b.courses(), nil, at("2026-11-23 18:05")); len(f) != 0 {
		t.Errorf("%+v", f)
	}
}

func TestPauses(t *testing.T) {
	t.Parallel()
	all, b := timed(t, schedule.Schedule{Name: "hourly", Cron: "0 * * * *", Zone: "UTC"}), open(t)
	b.tick(all, nil, at("2026-11-01 10:30"))
	write(b, schedule.Paused, "hourly", schedule.Pausing{At: at("2026-11-01 10:40")})
	if due := b.tick(all, nil, at("2026-11-09 10:00")); len(due) != 0 {
		t.Fatalf("it is paused: %+v", due)
	}
	found := schedule.Findings(all, b.courses(), nil, at("2026-11-09 10:00"))
	if len(found) != 1 || found[0].Code != "schedule-paused" || !strings.Contains(found[0].Text, "operator has paused it at 2026-11-01T10:40:00Z: a test.") || found[0].Entries[0] != 2 {
		t.Errorf("%+v", found)
	}
	write(b, schedule.Resumed, "hourly", schedule.Resuming{At: at("2026-11-09 10:00"), Skip: true})
	if due := b.tick(all, nil, at("2026-11-09 10:30")); len(due) != 0 {
		t.Errorf("what was missed is not asked for: %+v", due)
	}
	write(b, schedule.Paused, "hourly", schedule.Pausing{At: at("2026-11-09 10:40"), Until: at("2026-11-09 13:30")})
	if due := b.tick(all, nil, at("2026-11-09 13:29")); len(due) != 0 {
		t.Errorf("%+v", due)
	}
	if due := b.tick(all, nil, at("2026-11-09 13:30")); len(due) != 1 || due[0].Missed != 2 {
		t.Errorf("the pause is over: %+v", due)
	}
}

func TestWindowsHoldBack(t *testing.T) {
	t.Parallel()
	all := timed(t, schedule.Schedule{Name: "hourly", Cron: "0 * * * *", Zone: "UTC"}, schedule.Schedule{Name: "other", Cron: "0 * * * *", Zone: "UTC"})
	w, err := schedule.ReadWindow(schedule.Window{Name: "night", Cron: "30 1 * * *", Zone: "UTC", For: 2 * time.Hour, Schedules: []string{"hourly"}})
	if err != nil {
		t.Fatal(err)
	}
	b, windows := open(t), []schedule.Window{w}
	b.tick(all, windows, at("2026-11-23 00:30"))
	for now, want := range map[string]string{"2026-11-23 01:00": "hourly other"} {
		if got := names(b.tick(all, windows, at(now))); got != want {
			t.Errorf("at %s begin %q, want %q", now, got, want)
		}
	}
	b.end("hourly", control.Succeeded, at("2026-11-23 01:01"))
	b.end("other", control.Succeeded, at("2026-11-23 01:01"))
	if got := names(b.tick(all, windows, at("2026-11-23 03:29"))); got != "other" {
		t.Errorf("in the window begin %q", got)
	}
	if due := b.tick(all, windows, at("2026-11-23 03:30")); names(due) != "hourly" || due[0].Missed != 1 {
		t.Errorf("after the window begin %+v", due)
	}
	for _, w := range []schedule.Window{{Name: "x", Cron: "0 0 31 2 *", Zone: "UTC", For: time.Hour}, {Name: "x", Cron: "0 0 * * *", Zone: "UTC"}, {Name: "x", Cron: "0 0 * * *", Zone: "UTC", For: 8 * 24 * time.Hour}} {
		if _, err := schedule.ReadWindow(w); err == nil {
			t.Errorf("%+v is a window", w)
		}
	}
}

func names(due []schedule.Due) string {
	var out []string
	for _, d := range due {
		out = append(out, d.Name)
	}
	return strings.Join(out, " ")
}

// Whatever happens, each planned time is begun once or counted as missed once, nothing runs
// twice at once, and nothing begins in a pause or a window.
func TestEveryPlannedTimeIsAccountedFor(t *testing.T) {
	t.Parallel()
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 7)) //nolint:gosec // a test's course is to be repeatable
		s := schedule.Schedule{Name: "one", Cron: []string{"0 * * * *", "*/10 * * * *", "30 2 * * *", "15 2,14 * * 1-5"}[r.IntN(4)], Zone: []string{"UTC", "Europe/Berlin", "Australia/Lord_Howe"}[r.IntN(3)], Jitter: time.Duration(r.IntN(3)) * 7 * time.Minute}
		all, b := timed(t, s), open(t)
		w, err := schedule.ReadWindow(schedule.Window{Name: "w", Cron: "0 3 * * *", Zone: "UTC", For: time.Hour})
		if err != nil {
			t.Fatal(err)
		}
		begin := at("2026-10-20 00:07").Add(time.Duration(r.IntN(100_000)) * time.Second)
		now, ends, counted := begin, time.Time{}, 0
		begun := map[time.Time]bool{}
		for range 1000 {
			now = now.Add(time.Duration(1+r.IntN(900)) * time.Second)
			if r.IntN(200) == 0 {
				now = now.Add(time.Duration(r.IntN(72)) * time.Hour) // the server is away
			}
			c := b.courses()["one"]
			switch {
			case c.Name == "":
			case c.Pause == nil && r.IntN(100) == 0:
				write(b, schedule.Paused, "one", schedule.Pausing{At: now})
			case c.Pause != nil && r.IntN(10) == 0:
				write(b, schedule.Resumed, "one", schedule.Resuming{At: now})
			case c.Running != nil && !now.Before(ends):
				b.end("one", control.Succeeded, now)
			}
			c = b.courses()["one"]
			for _, d := range b.tick(all, []schedule.Window{w}, now) {
				if c.Running != nil || c.Pause != nil || now.UTC().Hour() == 3 || begun[d.Planned] || d.Planned.After(now) {
					t.Fatalf("seed %d: %s begins at %s: %+v", seed, d.Key, now, c)
				}
				begun[d.Planned] = true
				counted += 1 + d.Missed
				ends = now.Add(time.Duration(r.IntN(90)) * time.Minute)
			}
		}
		c := b.courses()["one"]
		n := 0
		for at, some := all[0].Next(c.Since); some && !at.After(c.Planned); at, some = all[0].Next(at) {
			n++
		}
		if n != counted || n == 0 {
			t.Errorf("seed %d: %s %s planned %d times, and %d are accounted for", seed, s.Cron, s.Zone, n, counted)
		}
	}
}

// What becomes of a run follows from its operation; one that nobody knows is handed over again
// while control would know its key, and is lost after.
func TestSettle(t *testing.T) {
	t.Parallel()
	now := at("2026-11-23 12:00")
	r := schedule.Run{Key: "x@1", Planned: now.Add(-time.Hour), Begun: now.Add(-time.Hour)}
	for name, c := range map[string]struct {
		o     control.Operation
		known bool
		now   time.Time
		over  string
		again bool
	}{
		"goes on":            {control.Operation{State: control.Running}, true, now, "", false},
		"waits for a yes":    {control.Operation{State: control.Waiting}, true, now.Add(999 * time.Hour), "", false},
		"has ended":          {control.Operation{State: control.RolledBack, Error: "x"}, true, now, control.RolledBack, false},
		"was not begun":      {control.Operation{}, false, now, "", true},
		"unknown for long":   {control.Operation{}, false, now.Add(24 * time.Hour), schedule.Lost, false},
		"the clock was away": {control.Operation{}, false, now.Add(-99 * time.Hour), schedule.Lost, false},
	} {
		over, again := schedule.Settle(r, c.o, c.known, c.now)
		got := ""
		if over != nil {
			got = over.State
		}
		if got != c.over || again != c.again {
			t.Errorf("%s: %q %v", name, got, again)
		}
	}
}

func TestFindings(t *testing.T) {
	t.Parallel()
	all, b := timed(t, schedule.Schedule{Name: "hourly", Cron: "0 * * * *", Zone: "UTC", Longest: 30 * time.Minute}), open(t)
	look := func(now string) string {
		var out []string
		for _, f := range schedule.Findings(all, b.courses(), nil, at(now)) {
			if f.Text == "" || f.Title == "" || evidence.Rank(f.Severity) < 0 || f.Since.IsZero() || f.Since.After(at(now)) || f.Subject != "hourly" {
				t.Errorf("%+v", f)
			}
			out = append(out, f.Code+" "+f.Since.Format("15:04"))
		}
		return strings.Join(out, ", ")
	}
	b.tick(all, nil, at("2026-11-23 09:30"))
	for _, c := range []struct{ now, want string }{{"2026-11-23 10:04", ""}, {"2026-11-23 10:05", "schedule-overdue 10:05"}} {
		if got := look(c.now); got != c.want {
			t.Errorf("at %s: %q, want %q", c.now, got, c.want)
		}
	}
	b.tick(all, nil, at("2026-11-23 10:06"))
	for _, c := range []struct{ now, want string }{{"2026-11-23 10:30", ""}, {"2026-11-23 10:37", "schedule-overdue 10:36"}} {
		if got := look(c.now); got != c.want {
			t.Errorf("while it runs at %s: %q, want %q", c.now, got, c.want)
		}
	}
	all = timed(t, schedule.Schedule{Name: "hourly", Cron: "0 * * * *", Zone: "UTC"})
	if got := look("2026-11-23 11:05"); got != "schedule-overdue 11:05" {
		t.Errorf("the next one waits: %q", got)
	}
	b.end("hourly", control.Failed, at("2026-11-23 10:50"))
	for _, now := range []string{"2026-11-23 11:00", "2026-11-23 12:00"} {
		if got := look(now); got != "" {
			t.Errorf("one failure or two: %q", got)
		}
		b.tick(all, nil, at(now))
		b.end("hourly", schedule.Lost, at(now))
	}
	if got := look("2026-11-23 12:01"); got != "schedule-failing 10:50" {
		t.Errorf("three failures: %q", got)
	}
	b.tick(all, nil, at("2026-11-23 13:00"))
	b.end("hourly", control.Succeeded, at("2026-11-23 13:01"))
	if got := look("2026-11-23 13:02"); got != "" {
		t.Errorf("it went well again: %q", got)
	}
}

func TestSchedulesThatAreWrongStopNoOther(t *testing.T) {
	t.Parallel()
	do := func(time.Time) (control.Action, error) { return control.Action{}, nil }
	good := schedule.Schedule{Name: "good", Does: "x", Cron: "0 2 * * *", Zone: "UTC", Do: do}
	wrong := map[string]schedule.Schedule{
		"a name has":     {Name: "Back up", Does: "x", Cron: "0 2 * * *", Zone: "UTC", Do: do},
		"have this name": good,
		"does not exist": {Name: "zone", Does: "x", Cron: "0 2 * * *", Zone: "Mars", Do: do},
		"never comes":    {Name: "never", Does: "x", Cron: "0 2 31 2 *", Zone: "UTC", Do: do},
		"no action":      {Name: "idle", Does: "x", Cron: "0 2 * * *", Zone: "UTC"},
		"jitter":         {Name: "early", Does: "x", Cron: "0 2 * * *", Zone: "UTC", Do: do, Jitter: -1},
	}
	all := []schedule.Schedule{good}
	for says := range maps.Keys(wrong) {
		all = append(all, wrong[says])
	}
	timed, err := schedule.Read(all)
	if len(timed) != 1 || err == nil {
		t.Fatalf("%v %v", timed, err)
	}
	for says := range wrong {
		if !strings.Contains(err.Error(), says) {
			t.Errorf("%q is not in %v", says, err)
		}
	}
}
