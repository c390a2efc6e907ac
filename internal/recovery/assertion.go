package recovery

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/fact"
)

// Outcome is what became of one assertion.
type Outcome string

// The outcomes. What could not be looked at, or not all of it, has failed as well: only held is
// a pass, and waived is neither.
const (
	Held    Outcome = "held"
	Broken  Outcome = "broken"
	Unknown Outcome = "unknown"
	Waived  Outcome = "waived"
)

// Assertion is one thing that a restore must show before it counts as proved.
type Assertion struct {
	Name    string  `json:"name"`
	Outcome Outcome `json:"outcome"`
	Text    string  `json:"text" doc:"what was seen, or what is wrong"`
}

// The assertions, in the order in which they are told.
const (
	TargetReached = "target-reached" // and the server lives, and takes writes
	PointRecent   = "recovery-point"
	PagesSound    = "pages-sound"
	DataEqual     = "data-equal"
	LogWhole      = "log-whole"
	SameCluster   = "same-cluster"
	NothingLacks  = "nothing-lacks" // roles, extensions, tablespaces
	ErasedAbsent  = "erased-absent"
	InTime        = "in-time"
	AllLocked     = "all-locked"
)

// Assertions lists the names of all, in order.
func Assertions() []string {
	return []string{TargetReached, PointRecent, PagesSound, DataEqual, LogWhole, SameCluster, NothingLacks, ErasedAbsent, InTime, AllLocked}
}

// outlive is how long a restored server must live after it was promoted: one that stopped before a
// gap in the log answers for a second.
const outlive = 10 * time.Second

// Wanted is what a restore is held to. A name in Waived need not be shown, with why.
type Wanted struct {
	Time       time.Time // what was committed by then is there, and nothing later; zero where Position says it
	Position   int64     // bytes
	RPO, RTO   time.Duration
	System     uint64
	Timeline   uint32
	Roles      []string
	Extensions []string
	Spaces     []string
	Tables     []fact.TableDigest // as they were recorded when the backup was made, or the target chosen
	Erased     []string           // pseudonyms of persons who were erased since; they are erased again
	Phases     []string           // that must have been timed
	Waived     map[string]string
}

// Judge holds what a test of a restore has seen to what was wanted. It returns every assertion, each once,
// in order (rows 7.2.4 and 7.2.5).
func Judge(w Wanted, t fact.RestoreTest) []Assertion {
	judges := map[string]func(Wanted, fact.RestoreTest) (Outcome, string){
		TargetReached: reached, PointRecent: recent, PagesSound: soundPages, DataEqual: equal, LogWhole: whole,
		SameCluster: same, NothingLacks: lacks, ErasedAbsent: erased, InTime: inTime, AllLocked: locked,
	}
	var out []Assertion
	for _, name := range Assertions() {
		a := Assertion{Name: name}
		switch why, unseen := t.Unseen[name]; {
		case w.Waived[name] != "":
			a.Outcome, a.Text = Waived, w.Waived[name]
		default:
			a.Outcome, a.Text = judges[name](w, t)
			if unseen && a.Outcome != Broken { // what is known to be wrong stays wrong
				a.Outcome, a.Text = Unknown, "it could not be looked at: "+why
			}
		}
		out = append(out, a)
	}
	return out
}

// Failed returns the assertions that are broken or unknown; a test has passed where there are none.
func Failed(all []Assertion) (out []Assertion) {
	for _, a := range all {
		if a.Outcome == Broken || a.Outcome == Unknown {
			out = append(out, a)
		}
	}
	return out
}

func reached(w Wanted, t fact.RestoreTest) (Outcome, string) {
	switch {
	case w.Time.IsZero() && w.Position == 0:
		return Unknown, "no target was named"
	case !w.Time.IsZero() && t.Beyond.IsZero(), w.Position != 0 && t.Position == 0:
		return Unknown, "the server did not say where it stopped"
	case !w.Time.IsZero() && !t.Beyond.After(w.Time):
		return Broken, fmt.Sprintf("it left out a transaction of %s, %s before the target", t.Beyond.UTC().Format(time.RFC3339Nano), w.Time.Sub(t.Beyond))
	case !w.Time.IsZero() && t.Replayed.After(w.Time):
		return Broken, fmt.Sprintf("it replayed a transaction of %s, %s after the target", t.Replayed.UTC().Format(time.RFC3339Nano), t.Replayed.Sub(w.Time))
	case t.Position < w.Position:
		return Broken, fmt.Sprintf("it stopped %d bytes of the log before the target", w.Position-t.Position)
	case !t.Writable:
		return Broken, "the server takes no writes: it is still in recovery"
	case t.AliveFor < outlive:
		return Broken, fmt.Sprintf("the server answered for %s after its promotion, and must for %s", t.AliveFor.Round(time.Millisecond), outlive)
	}
	to := "to " + position(t.Position)
	if !w.Time.IsZero() {
		to = fmt.Sprintf("to %s, before the transaction of %s", t.Replayed.UTC().Format(time.RFC3339Nano), t.Beyond.UTC().Format(time.RFC3339Nano))
	}
	return Held, fmt.Sprintf("replayed %s, promoted, and alive %s later", to, t.AliveFor.Round(time.Second))
}

func recent(w Wanted, t fact.RestoreTest) (Outcome, string) {
	lost := t.Loss.Sub(t.Heartbeat)
	switch {
	case t.Heartbeat.IsZero() || t.Loss.IsZero() || w.RPO <= 0:
		return Unknown, "the newest heartbeat, or the moment of the loss, is not known"
	case lost < 0:
		return Broken, fmt.Sprintf("the newest heartbeat is %s after the loss: one of the clocks is wrong", -lost)
	case lost > w.RPO:
		return Broken, fmt.Sprintf("%s of writes would be lost, the objective is %s", lost.Round(time.Millisecond), w.RPO)
	}
	return Held, fmt.Sprintf("at most %s of writes would be lost", lost.Round(time.Millisecond))
}

// inspected judges an inspection of things: it says nothing where none were seen.
func inspected(i fact.Inspection, things string) (Outcome, string) {
	switch {
	case len(i.Wrong) > 0:
		return Broken, fmt.Sprintf("%d of %d %s are wrong: %s", len(i.Wrong), i.Seen, things, brief(i.Wrong))
	case i.Seen <= 0:
		return Unknown, "no " + things + " were looked at"
	}
	return Held, fmt.Sprintf("%d %s", i.Seen, things)
}

func soundPages(_ Wanted, t fact.RestoreTest) (Outcome, string) {
	pages, text1 := inspected(t.Pages, "pages")
	relations, text2 := inspected(t.Relations, "tables and indexes")
	return worse(pages, relations), text1 + "; " + text2
}

func equal(w Wanted, t fact.RestoreTest) (Outcome, string) {
	if len(w.Tables) == 0 {
		return Unknown, "no fingerprint of a table was recorded"
	}
	var wrong []string
	for _, want := range w.Tables {
		i := slices.IndexFunc(t.Tables, func(d fact.TableDigest) bool { return d.Table == want.Table })
		switch {
		case i < 0:
			wrong = append(wrong, want.Table+" is missing")
		case t.Tables[i].Rows != want.Rows:
			wrong = append(wrong, fmt.Sprintf("%s has %d rows and not %d", want.Table, t.Tables[i].Rows, want.Rows))
		case want.Hash == "" || t.Tables[i].Hash != want.Hash:
			wrong = append(wrong, want.Table+" has other rows")
		}
	}
	if len(wrong) > 0 {
		return Broken, brief(wrong)
	}
	return Held, fmt.Sprintf("%d tables are as they were recorded", len(w.Tables))
}

func whole(_ Wanted, t fact.RestoreTest) (Outcome, string) {
	c := t.Chain
	switch {
	case len(c.Gaps) > 0:
		g := c.Gaps[0]
		return Broken, fmt.Sprintf("%d segments of the log are missing from %s: %s", g.Segments, g.First, g.Why)
	case c.Backup != t.Backup || c.Segments == 0:
		return Unknown, "the log of this backup was not looked at"
	case !c.Reached:
		return Broken, "the stored log ends before the target, at " + cmp.Or(c.Last, "its beginning")
	}
	return Held, fmt.Sprintf("%d segments without a gap, up to %s", c.Segments, c.Last)
}

func same(w Wanted, t fact.RestoreTest) (Outcome, string) {
	switch {
	case w.System == 0 || t.System == 0 || w.Timeline == 0 || t.Timeline == 0:
		return Unknown, "the system identifier or the timeline is not known"
	case w.System != t.System:
		return Broken, fmt.Sprintf("it is another cluster: %d and not %d", t.System, w.System)
	case w.Timeline != t.Timeline:
		return Broken, fmt.Sprintf("it followed timeline %d and not %d: another history", t.Timeline, w.Timeline)
	}
	return Held, fmt.Sprintf("cluster %d, timeline %d", t.System, t.Timeline)
}

func lacks(w Wanted, t fact.RestoreTest) (Outcome, string) {
	if len(w.Roles) == 0 {
		return Unknown, "the roles of the cluster are not known"
	}
	var missing []string
	for _, of := range []struct {
		what       string
		want, have []string
	}{{"role", w.Roles, t.Roles}, {"extension", w.Extensions, t.Extensions}, {"tablespace", w.Spaces, t.Spaces}} {
		for _, name := range of.want {
			if !slices.Contains(of.have, name) {
				missing = append(missing, of.what+" "+name)
			}
		}
	}
	if len(missing) > 0 {
		return Broken, "missing: " + brief(missing)
	}
	return Held, fmt.Sprintf("%d roles, %d extensions, %d tablespaces", len(w.Roles), len(w.Extensions), len(w.Spaces))
}

func erased(w Wanted, t fact.RestoreTest) (Outcome, string) {
	switch {
	case len(t.Kept) > 0:
		return Broken, fmt.Sprintf("%d persons who were erased since the backup are there again", len(t.Kept))
	case t.Erased < len(w.Erased):
		return Unknown, fmt.Sprintf("only %d of %d erased persons were looked for", t.Erased, len(w.Erased))
	}
	return Held, fmt.Sprintf("%d erased persons are absent", len(w.Erased))
}

func inTime(w Wanted, t fact.RestoreTest) (Outcome, string) {
	var begun, ended time.Time
	for _, name := range w.Phases {
		i := slices.IndexFunc(t.Phases, func(p fact.Phase) bool { return p.Name == name })
		if i < 0 || t.Phases[i].Begun.IsZero() || t.Phases[i].Ended.IsZero() {
			return Unknown, "phase " + name + " was not timed"
		}
		p := t.Phases[i]
		if p.Ended.Before(p.Begun) {
			return Broken, "phase " + name + " ended before it began: the clock is wrong"
		}
		if begun.IsZero() || p.Begun.Before(begun) {
			begun = p.Begun
		}
		if p.Ended.After(ended) {
			ended = p.Ended
		}
	}
	took := ended.Sub(begun)
	switch {
	case len(w.Phases) == 0 || w.RTO <= 0:
		return Unknown, "nothing was timed, or there is no objective"
	case took > w.RTO:
		return Broken, fmt.Sprintf("it took %s, the objective is %s", took.Round(time.Millisecond), w.RTO)
	}
	return Held, fmt.Sprintf("%s of at most %s", took.Round(time.Millisecond), w.RTO)
}

func locked(_ Wanted, t fact.RestoreTest) (Outcome, string) { return inspected(t.Objects, "objects") }

// position is a position of the log as PostgreSQL writes it.
func position(bytes int64) string { return fmt.Sprintf("%X/%X", uint64(bytes)>>32, uint32(bytes)) } //nolint:gosec // the lower half

// worse returns the outcome that a reader must act on first.
func worse(a, b Outcome) Outcome {
	for _, v := range []Outcome{Broken, Unknown} {
		if a == v || b == v {
			return v
		}
	}
	return Held
}

// brief names the first few.
func brief(all []string) string {
	const most = 3
	if len(all) <= most {
		return strings.Join(all, ", ")
	}
	return fmt.Sprintf("%s and %d more", strings.Join(all[:most], ", "), len(all)-most)
}
