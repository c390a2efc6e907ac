package evidence

import (
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// people plays the server: it decides each second, folds what changed, and counts.
type people struct {
	t     *testing.T
	docs  *state.Docs
	watch Watch
	now   time.Time
	index uint64
	told  []string
}

func (p *people) pass(d time.Duration, wanted ...Alert) {
	p.t.Helper()
	for end := p.now.Add(d); p.now.Before(end); p.now = p.now.Add(time.Second) {
		var standing []Alert
		for _, k := range p.docs.Keys(AlertPrefix) {
			var a Alert
			if _, err := p.docs.Get(k, &a); err != nil {
				p.t.Fatal(err)
			}
			standing = append(standing, a)
		}
		var changes []Alert
		p.watch, changes = DecideAlerts(p.watch, standing, wanted, p.now)
		for _, a := range changes {
			e, err := AlertEntry(a)
			if err != nil {
				p.t.Fatal(err)
			}
			e.Index, p.index = p.index, p.index+1
			if err := FoldAlerts(p.docs, journal.Record{Entry: e}); err != nil {
				p.t.Fatal(err)
			}
			p.told = append(p.told, a.Key+" "+a.State+" "+a.Severity)
		}
	}
}

func (p *people) want(told ...string) {
	p.t.Helper()
	if len(told) != len(p.told) {
		p.t.Fatalf("told %q, want %q", p.told, told)
	}
	for i := range told {
		if told[i] != p.told[i] {
			p.t.Fatalf("told %q, want %q", p.told, told)
		}
	}
	p.told = nil
}

func TestAlertsFireOnceAndResolveOnce(t *testing.T) {
	t.Parallel()
	p := &people{t: t, docs: state.NewDocs(), now: time.Unix(1e9, 0).UTC()}
	warn := Alert{Key: "a", Severity: "warning", Source: "x"}
	worse := Alert{Key: "a", Severity: "critical", Source: "x"}
	other := Alert{Key: "b", Severity: "critical", Source: "y"}

	p.pass(20*time.Second, warn) // too short
	p.pass(10 * time.Second)
	p.pass(29*time.Second, warn)
	p.want()
	p.pass(2*time.Second, warn)
	p.want("a firing warning")
	p.pass(11*time.Second, warn, other) // a critical one waits less
	p.want("b firing critical")
	p.pass(50*time.Second, warn) // b is gone, not for long
	p.want()
	p.pass(5*time.Second, warn, other)
	p.want()
	p.pass(2*time.Minute, worse)
	p.want("a firing critical", "b resolved critical")
	p.pass(5*time.Second, warn) // better, and still wrong
	p.want()
	p.watch = Watch{} // a restart while it fires: told no second time
	p.pass(2*time.Minute, warn)
	p.want()
	p.watch = Watch{} // and one after which it is gone
	p.pass(59 * time.Second)
	p.want()
	p.pass(3 * time.Second)
	p.want("a resolved critical")
	p.now = p.now.Add(25 * time.Hour)
	p.pass(11*time.Second, other)
	if keys := p.docs.Keys(AlertPrefix); len(keys) != 1 || keys[0] != "alert/b" {
		t.Fatalf("kept %v", keys)
	}
}

func TestTheWorstBurnFires(t *testing.T) {
	t.Parallel()
	rules := BurnRules()
	if got := BurnAlerts([]Burn{{BurnRule: rules[0]}, {BurnRule: rules[1]}}); got != nil {
		t.Fatalf("%+v", got)
	}
	entries := make([]uint64, 100)
	entries[99] = 7
	got := BurnAlerts([]Burn{{BurnRule: rules[0]}, {BurnRule: rules[1], Firing: true, LongRate: 8.21, ShortRate: 9, Entries: entries}, {BurnRule: rules[2], Firing: true}})
	if len(got) != 1 || got[0].Severity != "critical" || len(got[0].Entries) != maxAlertEntries || got[0].Entries[maxAlertEntries-1] != 7 {
		t.Fatalf("%+v", got)
	}
	if want := "Over 6h the budget burns at 8.2 times the speed that spends it exactly, and at 9.0 times over the last 30m. The bound is 6.0. See which incidents spend it, stop what is risky, and mend the cause."; got[0].Summary != want {
		t.Fatal(got[0].Summary)
	}
}
