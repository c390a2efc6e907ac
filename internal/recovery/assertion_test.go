package recovery

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

var playedAt = time.Date(2026, 11, 23, 10, 0, 0, 0, time.UTC)

// proved is a test of a restore that shows everything, and what it is held to.
func proved() (Wanted, fact.RestoreTest) {
	tables := []fact.TableDigest{{Table: "greenlang.public.runs", Rows: 7, Hash: "a1"}, {Table: "greenlang.public.orders", Rows: 0, Hash: "00"}}
	w := Wanted{
		Time: playedAt, Position: 1 << 30, RPO: time.Minute, RTO: time.Hour, System: 42, Timeline: 3,
		Roles: []string{"greenlang"}, Extensions: []string{"plpgsql"}, Spaces: []string{"pg_default"}, Tables: tables, Erased: []string{"p1", "p2"}, Phases: []string{"fetch", "replay"},
	}
	t := fact.RestoreTest{
		Backup: "20261123-020000F", Chain: fact.WALChain{Backup: "20261123-020000F", Segments: 9, Last: "000000030000000000000009", Reached: true},
		System: 42, Timeline: 3, Replayed: playedAt.Add(-time.Second), Beyond: playedAt.Add(time.Second), Position: 1<<30 + 5, Writable: true, AliveFor: 11 * time.Second,
		Heartbeat: playedAt.Add(-2 * time.Second), Loss: playedAt,
		Pages: fact.Inspection{Seen: 1000}, Relations: fact.Inspection{Seen: 20}, Objects: fact.Inspection{Seen: 30},
		Roles: []string{"greenlang", "more"}, Extensions: []string{"plpgsql"}, Spaces: []string{"pg_default"}, Tables: slices.Clone(tables), Erased: 2,
		Phases: []fact.Phase{{Name: "fetch", Begun: playedAt, Ended: playedAt.Add(time.Minute)}, {Name: "replay", Begun: playedAt.Add(time.Minute), Ended: playedAt.Add(2 * time.Minute)}},
	}
	return w, t
}

func outcomes(all []Assertion) string {
	var out []string
	for _, a := range all {
		if a.Outcome != Held {
			out = append(out, a.Name+" "+string(a.Outcome))
		}
	}
	return strings.Join(out, ", ")
}

// Each fault breaks the assertion that is there for it, and no other.
func TestEveryFaultIsJudged(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault func(*Wanted, *fact.RestoreTest)
		want  string
		says  string
	}{
		"none":                         {func(*Wanted, *fact.RestoreTest) {}, "", ""},
		"it stopped before the target": {func(_ *Wanted, r *fact.RestoreTest) { r.Beyond = playedAt.Add(-time.Minute) }, "target-reached broken", "1m0s before the target"},
		"it went past the target":      {func(_ *Wanted, r *fact.RestoreTest) { r.Replayed = playedAt.Add(time.Millisecond) }, "target-reached broken", "1ms after the target"},
		"before the position":          {func(_ *Wanted, r *fact.RestoreTest) { r.Position = 1 << 29 }, "target-reached broken", "536870912 bytes"},
		"still in recovery":            {func(_ *Wanted, r *fact.RestoreTest) { r.Writable = false }, "target-reached broken", "no writes"},
		"it died after a second":       {func(_ *Wanted, r *fact.RestoreTest) { r.AliveFor = time.Second }, "target-reached broken", "for 1s"},
		"it did not say how far":       {func(_ *Wanted, r *fact.RestoreTest) { r.Beyond = time.Time{} }, "target-reached unknown", ""},
		"no target":                    {func(w *Wanted, _ *fact.RestoreTest) { w.Time, w.Position = time.Time{}, 0 }, "target-reached unknown", ""},
		"too much is lost":             {func(_ *Wanted, r *fact.RestoreTest) { r.Heartbeat = playedAt.Add(-time.Hour) }, "recovery-point broken", "1h0m0s of writes"},
		"no heartbeat":                 {func(_ *Wanted, r *fact.RestoreTest) { r.Heartbeat = time.Time{} }, "recovery-point unknown", ""},
		"a clock is wrong":             {func(_ *Wanted, r *fact.RestoreTest) { r.Heartbeat = playedAt.Add(10 * time.Minute) }, "recovery-point broken", "clocks"},
		"a page":                       {func(_ *Wanted, r *fact.RestoreTest) { r.Pages.Wrong = []string{"base/5/16384 block 3"} }, "pages-sound broken", "block 3"},
		"an index":                     {func(_ *Wanted, r *fact.RestoreTest) { r.Relations.Wrong = []string{"runs_pkey"} }, "pages-sound broken", "runs_pkey"},
		"no page was looked at":        {func(_ *Wanted, r *fact.RestoreTest) { r.Pages.Seen = 0 }, "pages-sound unknown", "no pages"},
		"an index, and no page":        {func(_ *Wanted, r *fact.RestoreTest) { r.Pages.Seen, r.Relations.Wrong = 0, []string{"x"} }, "pages-sound broken", ""},
		"a row fewer":                  {func(_ *Wanted, r *fact.RestoreTest) { r.Tables[0].Rows = 6 }, "data-equal broken", "6 rows and not 7"},
		"another row":                  {func(_ *Wanted, r *fact.RestoreTest) { r.Tables[0].Hash = "b2" }, "data-equal broken", "other rows"},
		"a table":                      {func(_ *Wanted, r *fact.RestoreTest) { r.Tables = r.Tables[1:] }, "data-equal broken", "is missing"},
		"a fingerprint of nothing":     {func(w *Wanted, r *fact.RestoreTest) { w.Tables[0].Hash, r.Tables[0].Hash = "", "" }, "data-equal broken", ""},
		"no fingerprint":               {func(w *Wanted, _ *fact.RestoreTest) { w.Tables = nil }, "data-equal unknown", ""},
		"a gap": {func(_ *Wanted, r *fact.RestoreTest) {
			r.Chain.Gaps = []fact.WALGap{{First: "000000030000000000000004", Segments: 2, Why: "it is not stored"}}
		}, "log-whole broken", "2 segments"},
		"the log ends early":        {func(_ *Wanted, r *fact.RestoreTest) { r.Chain.Reached = false }, "log-whole broken", "before the target"},
		"the log of another backup": {func(_ *Wanted, r *fact.RestoreTest) { r.Chain.Backup = "x" }, "log-whole unknown", ""},
		"another cluster":           {func(_ *Wanted, r *fact.RestoreTest) { r.System = 7 }, "same-cluster broken", "another cluster"},
		"another timeline":          {func(_ *Wanted, r *fact.RestoreTest) { r.Timeline = 2 }, "same-cluster broken", "timeline 2 and not 3"},
		"no identity":               {func(_ *Wanted, r *fact.RestoreTest) { r.System = 0 }, "same-cluster unknown", ""},
		"a role":                    {func(_ *Wanted, r *fact.RestoreTest) { r.Roles = nil }, "nothing-lacks broken", "role greenlang"},
		"an extension":              {func(_ *Wanted, r *fact.RestoreTest) { r.Extensions = nil }, "nothing-lacks broken", "extension plpgsql"},
		"a tablespace":              {func(_ *Wanted, r *fact.RestoreTest) { r.Spaces = nil }, "nothing-lacks broken", "tablespace pg_default"},
		"an erased person":          {func(_ *Wanted, r *fact.RestoreTest) { r.Kept = []string{"p1"} }, "erased-absent broken", "1 persons"},
		"one was not looked for":    {func(_ *Wanted, r *fact.RestoreTest) { r.Erased = 1 }, "erased-absent unknown", "1 of 2"},
		"too slow":                  {func(_ *Wanted, r *fact.RestoreTest) { r.Phases[1].Ended = playedAt.Add(2 * time.Hour) }, "in-time broken", "2h0m0s"},
		"a phase has not ended":     {func(_ *Wanted, r *fact.RestoreTest) { r.Phases[1].Ended = time.Time{} }, "in-time unknown", "replay"},
		"a clock went back":         {func(_ *Wanted, r *fact.RestoreTest) { r.Phases[1].Ended = playedAt }, "in-time broken", "clock"},
		"an object without a lock":  {func(_ *Wanted, r *fact.RestoreTest) { r.Objects.Wrong = []string{"backup.info"} }, "all-locked broken", "backup.info"},
		"no object was looked at":   {func(_ *Wanted, r *fact.RestoreTest) { r.Objects = fact.Inspection{} }, "all-locked unknown", ""},
		"it could not be looked at": {func(_ *Wanted, r *fact.RestoreTest) { r.Unseen = map[string]string{PagesSound: "no pg_amcheck here"} }, "pages-sound unknown", "no pg_amcheck here"},
		"not all, and some is wrong": {func(_ *Wanted, r *fact.RestoreTest) {
			r.Unseen, r.Pages.Wrong = map[string]string{PagesSound: "it was stopped"}, []string{"base/5/1"}
		}, "pages-sound broken", "base/5/1"},
		"not asked for": {func(w *Wanted, r *fact.RestoreTest) {
			w.Waived, r.Objects = map[string]string{AllLocked: "the store has no locks"}, fact.Inspection{}
		}, "all-locked waived", "no locks"},
	} {
		w, r := proved()
		c.fault(&w, &r)
		all := Judge(w, r)
		if got := outcomes(all); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
			continue
		}
		if failed := len(Failed(all)); failed != strings.Count(c.want, "broken")+strings.Count(c.want, "unknown") {
			t.Errorf("%s: %d failed", name, failed)
		}
		for _, a := range all {
			if a.Text == "" || a.Outcome != Held && !strings.Contains(a.Text, c.says) {
				t.Errorf("%s: %+v does not say %q", name, a, c.says)
			}
		}
	}
}

// A test that has seen nothing has proved nothing, whatever it is held to.
func TestOfNothingNothingIsProved(t *testing.T) {
	t.Parallel()
	w, _ := proved()
	for _, w := range []Wanted{{}, w} {
		all := Judge(w, fact.RestoreTest{})
		if len(all) != 10 {
			t.Fatalf("%d assertions", len(all))
		}
		for _, a := range all {
			if a.Outcome == Held && !(a.Name == ErasedAbsent && len(w.Erased) == 0) {
				t.Errorf("%+v", a)
			}
		}
	}
}
