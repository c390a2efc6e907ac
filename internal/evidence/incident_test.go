package evidence

import (
	"encoding/json"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// book folds entries as the projection does.
type book struct {
	*state.Docs
	t    *testing.T
	next uint64
}

func newBook(t *testing.T) *book { return &book{state.NewDocs(), t, 0} }

func (b *book) add(kind, subject string, at time.Time, data any) uint64 {
	b.t.Helper()
	raw, err := json.Marshal(data)
	if err != nil {
		b.t.Fatal(err)
	}
	r := journal.Record{Entry: journal.Entry{Index: b.next, Time: at, Kind: kind, Subject: subject, Data: raw}}
	for range 2 { // an entry may be folded twice after a crash
		for _, f := range []state.Fold{Fold, FoldDays, FoldIncidents} {
			if err := f(b.Docs, r); err != nil {
				b.t.Fatal(err)
			}
		}
	}
	b.next++
	return r.Index
}

// count adds ten seconds that end at the given second, of which those failed in cell 0.
func (b *book) count(until int, failed ...int) uint64 {
	c := Count{Region: "r", From: uint64(until - 9), To: uint64(until), At: start.Add(time.Duration(until) * time.Second), Cells: 12}
	cell := Cell{Cell: 0, Requests: 100, Failed: uint64(5 * len(failed))}
	for _, s := range failed {
		cell.Bad += 0.5
		c.Bad = append(c.Bad, BadSecond{start.Add(time.Duration(s) * time.Second), []Cell{{Cell: 0, Requests: 10, Failed: 5}, {Cell: 1, Requests: 100, Failed: 1}}})
	}
	c.Rows = []Cell{cell}
	return b.add(Counted.Name, "r/edge", c.At, c)
}

func (b *book) incident(id string) Incident {
	b.t.Helper()
	var i Incident
	if found, err := b.Get(IncidentPrefix+id, &i); err != nil || !found {
		b.t.Fatalf("no incident %s: %v", id, err)
	}
	return i
}

func TestAnIncidentIsWhatTheEdgeSawAndWhoAnsweredIt(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.count(10)
	fault := b.add("fault.set", "f1", start.Add(10*time.Second), map[string]any{"target": "r/a/postgres", "begun": start.Add(10 * time.Second), "until": start.Add(100 * time.Second)})
	b.add("operation.requested", "f1", start.Add(10*time.Second), map[string]any{"kind": "fault.inject", "actor": "token:root"})
	answer := b.add("operation.requested", "r/postgres", start.Add(12500*time.Millisecond), map[string]any{"kind": "postgres.failover", "actor": "system:availability"})
	first := b.count(20, 12, 13)
	second := b.count(30, 24)
	b.count(40)
	i := b.incident("r/" + "1767225611")
	if !i.Began.Equal(start.Add(11*time.Second)) || !i.Recovered.Equal(start.Add(24*time.Second)) || i.Duration() != 13*time.Second {
		t.Fatalf("%+v", i)
	}
	if !i.Detected.Equal(start.Add(12500*time.Millisecond)) || i.Practice != "f1" || i.Failed != 15 || i.Cells[0] != 1.5 || len(i.Cells) != 1 || i.Blast() != 1.0/12 {
		t.Fatalf("%+v", i)
	}
	for _, want := range []uint64{fault, answer, first, second} {
		found := false
		for _, e := range i.Entries {
			found = found || e == want
		}
		if !found || len(i.Entries) != 4 {
			t.Fatalf("entry %d is not behind it: %v", want, i.Entries)
		}
	}
}

// The cause is the fault that was active then, and not that of the drill before, whose lease
// would have lasted on.
func TestTheCauseIsTheFaultThatWasActiveThen(t *testing.T) {
	t.Parallel()
	at := func(s int) time.Time { return start.Add(time.Duration(s) * time.Second) }
	set := func(b *book, id, target string, from, until int) {
		b.add("fault.set", id, at(from), map[string]any{"target": target, "begun": at(from), "until": at(until)})
	}
	b := newBook(t)
	set(b, "first", "r", 10, 490)
	b.count(20, 12, 13)
	b.add("fault.ended", "first", at(40), nil)
	set(b, "second", "r/a/postgres", 80, 110)
	b.count(90, 82, 83)
	b.count(170, 165) // of nobody's making: the lease of the first would have lasted
	if i := b.incident("r/1767225611"); i.Practice != "first" {
		t.Errorf("%+v", i)
	}
	if i := b.incident("r/1767225681"); i.Practice != "second" {
		t.Errorf("%+v", i)
	}
	if i := b.incident("r/1767225764"); i.Practice != "" {
		t.Errorf("%+v", i)
	}
	both := newBook(t) // neither is over, and the newer one began before the incident
	set(both, "long", "other:r", 10, 490)
	set(both, "short", "r/a", 80, 110)
	set(both, "late", "r/b", 84, 110)
	both.count(90, 82, 83, 86)
	if i := both.incident("r/1767225681"); i.Practice != "short" {
		t.Errorf("%+v", i)
	}
}

func TestAMinuteOfGoodTimeEndsAnIncident(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.count(10, 5)
	for s := 20; s <= 60; s += 10 {
		b.count(s)
	}
	b.count(70, 65) // 60 s after: the same
	b.count(150, 126, 127)
	if i := b.incident("r/1767225604"); i.Duration() != 61*time.Second || i.Practice != "" || !i.Detected.IsZero() {
		t.Fatalf("%+v", i)
	}
	if i := b.incident("r/1767225725"); i.Duration() != 2*time.Second {
		t.Fatalf("%+v", i)
	}
}

// An edge that was cut off from the server tells of two minutes at once.
func TestOneCountMayHoldTwoIncidents(t *testing.T) {
	t.Parallel()
	b := newBook(t)
	b.count(200, 90, 190)
	if i := b.incident("r/1767225689"); i.Duration() != time.Second {
		t.Fatalf("%+v", i)
	}
	if i := b.incident("r/1767225789"); i.Duration() != time.Second {
		t.Fatalf("%+v", i)
	}
}

// What fails after another fault of ours, when all had been well in between, is another incident:
// two drills in one minute do not make one outage of a minute. Without a fault, or without
// good time in between, it is the same.
func TestAnotherFaultIsAnotherIncident(t *testing.T) {
	t.Parallel()
	for name, c := range map[string]struct {
		fault     int // second
		fails     int
		incidents int
	}{
		"a fault in between":         {20, 25, 2},
		"nothing in between":         {0, 25, 1},
		"no good time in between":    {15, 16, 1},
		"the fault comes afterwards": {28, 25, 1},
		"the fault was there before": {11, 25, 1},
		"a minute later, as ever":    {0, 75, 2},
	} {
		b := newBook(t)
		fault := func(id string, at int) {
			b.add("fault.set", id, start.Add(time.Duration(at)*time.Second), map[string]any{"target": "r/a/postgres", "begun": start.Add(time.Duration(at) * time.Second), "until": start.Add(time.Duration(at+50) * time.Second)})
		}
		fault("f1", 10)
		b.count(20, 12, 13)
		if c.fault > 0 {
			fault("f2", c.fault)
		}
		b.count(30)
		b.count(c.fails+5, c.fails)
		if n := len(b.Keys(IncidentPrefix)); n != c.incidents {
			t.Errorf("%s: %d incidents, want %d", name, n, c.incidents)
		}
	}
}
