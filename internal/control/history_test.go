package control_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

var epoch = time.Unix(1e9, 0).UTC()

// past returns the entries of n operations, one each hour; every hundredth never ends.
func past(t *testing.T, n int) []journal.Record {
	t.Helper()
	var out []journal.Record
	add := func(at time.Time, kind, key string, data any) {
		b, err := json.Marshal(data)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, journal.Record{Entry: journal.Entry{Index: uint64(len(out)), Time: at, Kind: kind, Subject: "s", Operation: key, Data: b}})
	}
	for i := range n {
		key, at := fmt.Sprintf("op-%d", i), epoch.Add(time.Duration(i)*time.Hour)
		add(at, "operation.requested", key, map[string]any{"key": key, "kind": "k", "subject": fmt.Sprintf("s%d", i%7), "steps": []string{"a"}})
		add(at, "step.begun", key, map[string]string{"step": "a", "state": control.StepRunning})
		add(at, "step.ended", key, map[string]any{"step": "a", "state": control.StepDone, "result": i})
		if i%100 != 0 {
			add(at.Add(time.Second), "operation.ended", key, map[string]string{"state": control.Succeeded})
		}
	}
	return out
}

func fold(t *testing.T, d *state.Docs, entries []journal.Record) []control.Operation {
	t.Helper()
	for _, r := range entries {
		if err := control.Fold(d, r); err != nil {
			t.Fatal(err)
		}
	}
	all, err := state.ListDocs[control.Operation](d, control.Prefix)
	if err != nil {
		t.Fatal(err)
	}
	return all
}

// What is left depends on the entries alone: folding them again gives the same, and so does
// folding a part again onto documents that are ahead of it, as after a crash.
func TestFinishedOperationsLeaveTheStateForGood(t *testing.T) {
	t.Parallel()
	entries := past(t, 3000)
	d := state.NewDocs()
	once := fold(t, d, entries)
	if again := fold(t, state.NewDocs(), entries); !reflect.DeepEqual(once, again) {
		t.Fatal("the same entries gave other documents")
	}
	for _, n := range []int{1, 10, 1000, len(entries)} {
		if again := fold(t, d, entries[len(entries)-n:]); !reflect.DeepEqual(once, again) {
			t.Fatalf("the newest %d entries, folded again, changed the documents: %d and %d", n, len(once), len(again))
		}
	}
	finished, unfinished := 0, 0
	for _, o := range once {
		if o.Finished() {
			finished++
		} else {
			unfinished++
		}
	}
	if unfinished != 30 || finished != 1000 {
		t.Fatalf("%d finished and %d unfinished operations are left", finished, unfinished)
	}
	// One that left is what it was, from its entries.
	o, found, err := control.Replay("op-7", entries)
	if err != nil || !found || o.State != control.Succeeded || string(o.Steps[0].Result) != "7" || o.First != 27 || o.Ended != epoch.Add(7*time.Hour+time.Second) {
		t.Fatalf("%+v %v %v", o, found, err)
	}
}

// stored is a Store with documents of an earlier version.
type stored struct {
	mu   sync.Mutex
	docs map[string]json.RawMessage
	at   state.Position
}

func (s *stored) Load(context.Context) (map[string]json.RawMessage, state.Position, error) {
	return maps.Clone(s.docs), s.at, nil
}

func (s *stored) Save(_ context.Context, docs map[string]json.RawMessage, at state.Position) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	for k, v := range docs {
		if s.docs[k] = v; v == nil {
			delete(s.docs, k)
		}
	}
	s.at = at
	return nil
}

// An earlier version kept every operation. Its state opens, shrinks entry by entry, and what
// was asked for within the window is still known.
func TestAStateThatKeptAllShrinks(t *testing.T) {
	t.Parallel()
	const all = 100_000
	s := &stored{docs: make(map[string]json.RawMessage, all)}
	now := time.Now().UTC().Truncate(time.Second)
	for i := range all {
		ended := now.Add(-time.Duration(all-i) * 5 * time.Minute)
		key := fmt.Sprintf("op-%d", i)
		b, err := json.Marshal(control.Operation{
			Action: control.Action{Key: key, Kind: "k", Subject: "x", Actor: "a"}, State: control.Succeeded, Begun: ended, Ended: ended,
			Steps: []control.Trace{{Name: "a", State: control.StepDone, Begun: ended, Ended: ended}}, First: uint64(4 * i), Last: uint64(4*i + 3), //nolint:gosec // small
		})
		if err != nil {
			t.Fatal(err)
		}
		s.docs[control.Prefix+key] = b
	}
	c, p, _ := startOn(t, s, control.Kind{Name: "k", Steps: []control.Step{step("s", func() (any, error) { return nil, errors.New("acted") })}})
	left := func() int {
		ops, err := control.Before(p, 0, 0)
		if err != nil {
			t.Fatal(err)
		}
		return len(ops)
	}
	before := left()
	for range 10 {
		if _, err := p.Append(t.Context(), journal.Entry{Kind: "other"}); err != nil {
			t.Fatal(err)
		}
	}
	if after := left(); before > all || after >= before || before-after > 200 {
		t.Fatalf("%d operations became %d by ten entries", before, after)
	}
	if o, err := c.Submit(t.Context(), control.Action{Key: fmt.Sprintf("op-%d", all-1), Kind: "k", Subject: "x"}); err != nil || o.State != control.Succeeded {
		t.Fatalf("the newest one's key is not known: %+v %v", o, err)
	}
	for left() > 1000 {
		entries := make([]journal.Entry, 1000)
		for i := range entries {
			entries[i].Kind = "other"
		}
		if _, err := p.Append(t.Context(), entries...); err != nil {
			t.Fatal(err)
		}
	}
}

// While it cannot be told what was asked for already, nothing begins.
func TestNothingBeginsOnAStateThatCannotBeRead(t *testing.T) {
	t.Parallel()
	acted := false
	kind := control.Kind{Name: "k", Steps: []control.Step{step("s", func() (any, error) { acted = true; return nil, nil })}}
	c, _, j := startOn(t, &stored{docs: map[string]json.RawMessage{}}, kind)
	_ = finish(t, c, control.Action{Key: "1", Kind: "k", Subject: "x"})
	acted = false

	s := &stored{docs: map[string]json.RawMessage{control.Prefix + "1": []byte("{")}, at: state.Position{Applied: j.Head().Size}}
	p, err := state.Open(t.Context(), j, s, slog.New(slog.DiscardHandler), control.Fold)
	if err != nil {
		t.Fatal(err)
	}
	_, err = control.Start(t.Context(), control.Config{State: p, Kinds: []control.Kind{kind}, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err == nil || !strings.Contains(err.Error(), "operation/1") {
		t.Fatalf("it began: %v", err)
	}
	c.State = p
	if o, err := c.Submit(t.Context(), control.Action{Key: "1", Kind: "k", Subject: "x"}); err == nil || acted {
		t.Fatalf("%+v %v, acted %v", o, err, acted)
	}
}

func startOn(t *testing.T, s state.Store, kinds ...control.Kind) (*control.Control, *state.Projection, *journal.Journal) {
	t.Helper()
	j, err := journal.Open(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	p, err := state.Open(ctx, j, s, slog.New(slog.DiscardHandler), control.Fold)
	if err != nil {
		t.Fatal(err)
	}
	c, err := control.Start(ctx, control.Config{State: p, Kinds: kinds, Now: time.Now, Log: slog.New(slog.DiscardHandler)})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); c.Close(); p.Close(); _ = j.Close() })
	return c, p, j
}

func TestUnsettledUntilOneSucceeds(t *testing.T) {
	t.Parallel()
	do := func(r *control.Run) error {
		if strings.HasPrefix(r.Action.Key, "bad") {
			return errors.New("no")
		}
		return nil
	}
	kind := func(name string, settles ...string) control.Kind {
		return control.Kind{Name: name, Settles: settles, Steps: []control.Step{{Name: "a", Do: func(_ context.Context, r *control.Run) (any, error) { return nil, do(r) }}}}
	}
	c, _, _ := startOn(t, empty{}, kind("k"), kind("l"), kind("m", "k"))
	run := func(key, kind, subject string) {
		t.Helper()
		a, err := control.NewAction(key, kind, subject, nil)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := c.Submit(t.Context(), a); err != nil {
			t.Fatal(err)
		}
		if _, err := c.Wait(t.Context(), key); err != nil {
			t.Fatal(err)
		}
	}
	for _, x := range []struct{ key, kind, subject, want string }{
		{"good1", "k", "s", ""},
		{"bad1", "k", "s", "bad1"},
		{"bad2", "k", "s", "bad2"},
		{"bad3", "k", "t", "bad3 bad2"},
		{"good2", "l", "s", "bad3 bad2"}, // another kind
		{"good3", "k", "s", "bad3"},
		{"good4", "m", "t", ""}, // one that settles it
		{"bad5", "m", "t", "bad5"},
		{"good5", "k", "t", "bad5"}, // but not the other way
		{"good6", "m", "t", ""},
		{"bad4", "k", "s", "bad4"},
	} {
		run(x.key, x.kind, x.subject)
		all, err := c.Unsettled()
		if err != nil {
			t.Fatal(err)
		}
		var got []string
		for _, o := range all {
			got = append(got, o.Key)
		}
		if s := strings.Join(got, " "); s != x.want {
			t.Errorf("after %s: %q, want %q", x.key, s, x.want)
		}
	}
}
