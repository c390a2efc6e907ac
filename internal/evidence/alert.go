package evidence

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// Alert is one trouble that people are told of.
type Alert struct {
	Key      string    `json:"key" doc:"the same for all alerts about one trouble"`
	State    string    `json:"state" doc:"firing or resolved"`
	Severity string    `json:"severity" doc:"critical, warning or info"`
	Title    string    `json:"title"`
	Summary  string    `json:"summary,omitempty"`
	Source   string    `json:"source" doc:"what is affected"`
	Command  string    `json:"command,omitempty" doc:"shows more or mends it"`
	Practice bool      `json:"practice,omitempty" doc:"a fault or a drill of ours was under way when it fired"`
	Since    time.Time `json:"since" doc:"when it was first seen"`
	At       time.Time `json:"at" doc:"when it came into its state"`
	Entries  []uint64  `json:"entries,omitempty" doc:"journal indexes that prove it"`
	Entry    uint64    `json:"entry" doc:"journal index of its state"`
}

// The states of an alert.
const (
	Firing   = "firing"
	Resolved = "resolved"
)

// AlertPrefix begins the keys of alerts in the state.
const AlertPrefix = "alert/"

// Delivery is one attempt to tell people, with all its tries.
type Delivery struct {
	Key      string `json:"key"`
	State    string `json:"state"`
	Alert    uint64 `json:"alert,omitempty" doc:"journal index of the alert; absent for a test"`
	Notifier string `json:"notifier"`
	Error    string `json:"error,omitempty"`
}

// The kinds of entries about alerts.
var (
	AlertFired    = journal.NewKind[Alert]("alert.fired", "A trouble lasts, and people are told of it.")
	AlertResolved = journal.NewKind[Alert]("alert.resolved", "A trouble that people were told of is over.")
	Delivered     = journal.NewKind[Delivery]("alert.delivered", "A notifier has accepted an alert.")
	Undelivered   = journal.NewKind[Delivery]("alert.undelivered", "A notifier did not take an alert; it is tried again.")
)

// How long a trouble must last before it fires, and how long it must be gone before it is
// resolved: one that comes and goes is one alert.
const (
	lasting         = 30 * time.Second
	lastingCritical = 10 * time.Second
	gone            = time.Minute
	// leftOver is how long after practice what it caused may last before people are told again:
	// then it is real.
	leftOver = 2 * time.Minute
)

// forget is how long a resolved alert is kept.
const forget = 24 * time.Hour

// Watch is what is remembered from one decision about alerts to the next, by key. After a
// restart it is empty, so that current troubles count as first seen at that moment.
type Watch struct {
	seen map[string]time.Time // when a trouble that has not fired was first seen
	last map[string]time.Time // when a trouble that fires was seen last
	real map[string]time.Time // since when one that fired in practice goes on without
}

// DecideAlerts returns the alerts that change: those that begin to fire, became worse, outlast
// the practice that they began in, or are resolved. standing are the alerts that fire by the journal, wanted those for what is
// wrong now.
func DecideAlerts(w Watch, standing, wanted []Alert, now time.Time) (Watch, []Alert) {
	next := Watch{map[string]time.Time{}, map[string]time.Time{}, map[string]time.Time{}}
	fires := map[string]Alert{}
	for _, a := range standing {
		if a.State == Firing {
			fires[a.Key] = a
			next.last[a.Key] = now
			if t, ok := w.last[a.Key]; ok {
				next.last[a.Key] = t
			}
		}
	}
	var out []Alert
	for _, a := range wanted {
		a.State, a.At = Firing, now
		old, known := fires[a.Key]
		if known {
			next.last[a.Key] = now
			if old.Practice && !a.Practice {
				if next.real[a.Key] = w.real[a.Key]; next.real[a.Key].IsZero() {
					next.real[a.Key] = now
				}
			}
			if since, ok := next.real[a.Key]; Rank(a.Severity) > Rank(old.Severity) || ok && now.Sub(since) >= leftOver {
				a.Since = old.Since
				out = append(out, a)
			}
			continue
		}
		since, ok := w.seen[a.Key]
		if !ok {
			since = now
		}
		if now.Sub(since) < map[bool]time.Duration{false: lasting, true: lastingCritical}[a.Severity == Critical] {
			next.seen[a.Key] = since
			continue
		}
		a.Since = since
		out = append(out, a)
	}
	for _, key := range slices.Sorted(maps.Keys(fires)) {
		if now.Sub(next.last[key]) >= gone {
			a := fires[key]
			a.State, a.At = Resolved, now
			out = append(out, a)
		}
	}
	return next, out
}

// AlertEntry returns the entry for an alert that changes.
func AlertEntry(a Alert) (journal.Entry, error) {
	if a.State == Resolved {
		return AlertResolved.Entry(a.Source, "", a)
	}
	return AlertFired.Entry(a.Source, "", a)
}

// FoldAlerts keeps what fires, and what was resolved within the last day. It is a state.Fold.
func FoldAlerts(d *state.Docs, r journal.Record) error {
	if r.Kind != AlertFired.Name && r.Kind != AlertResolved.Name {
		return nil
	}
	var a, old Alert
	if err := r.Decode(&a); err != nil {
		return err
	}
	known, err := d.Get(AlertPrefix+a.Key, &old)
	if err != nil || (known && r.Index <= old.Entry) {
		return err
	}
	a.Entry = r.Index
	if err := d.Put(AlertPrefix+a.Key, a); err != nil {
		return err
	}
	return forgetAlerts(d, a.At)
}

func forgetAlerts(d *state.Docs, now time.Time) error {
	for _, key := range d.Keys(AlertPrefix) {
		var a Alert
		if _, err := d.Get(key, &a); err != nil {
			return err
		}
		if a.State == Resolved && now.Sub(a.At) > forget {
			d.Delete(key)
		}
	}
	return nil
}

// BurnAlerts returns the alerts of the error budget: the worst rule that fires.
func BurnAlerts(burns []Burn) []Alert {
	for _, b := range burns {
		if !b.Firing {
			continue
		}
		return []Alert{{
			Key: "error-budget-burn", Severity: b.Severity, Practice: b.Practice, Source: "platform", Command: "fournines evidence burn", Entries: tail(b.Entries, maxAlertEntries),
			Title: "the error budget is spent " + times(b.LongRate) + " times too fast",
			Summary: strings.Join([]string{
				"Over " + hours(b.Long) + " the budget burns at " + times(b.LongRate) + " times the speed that spends it exactly, and at " + times(b.ShortRate) + " times over the last " + hours(b.Short) + ".",
				"The bound is " + times(b.Rate) + ". See which incidents spend it, stop what is risky, and mend the cause."}, " "),
		}}
	}
	return nil
}

// maxAlertEntries bounds the entries that an alert names; the newest ones count.
const maxAlertEntries = 20

func tail(v []uint64, n int) []uint64 { return v[max(0, len(v)-n):] }
