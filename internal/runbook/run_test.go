package runbook

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/cockroachdb/datadriven"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
	"github.com/greenlang/fournines/internal/state/statetest"
)

// TestRuns runs testdata/runs: what a run does next, a line for each decision. `go` takes it on
// until it waits; `pass for=` lets time go by; `op` ends an operation; people approve, deny,
// confirm, fail, resume and abort; `guard` and `see` say how the platform answers.
func TestRuns(t *testing.T) {
	t.Parallel()
	datadriven.Walk(t, "testdata/runs", func(t *testing.T, path string) {
		var p *play
		datadriven.RunTest(t, path, func(t *testing.T, d *datadriven.TestData) string {
			if d.Cmd == "runbook" {
				p = newPlay(t, edited(t, "testdata/sample.yaml", d.Input))
				return ""
			}
			return p.command(t, d)
		})
	})
}

// play is a run in slow motion: a real journal, and a platform that answers as it is told.
type play struct {
	engine *Engine
	now    time.Time
	ops    map[string]*control.Operation
	asked  []string
	guard  string // why a guard refuses; empty: it lets pass
	seen   string // JSON of what is seen; beginning with !: why it is not as it shall be
}

func newPlay(t *testing.T, text string) *play {
	t.Helper()
	p := &play{now: noon, ops: map[string]*control.Operation{}, seen: `{"full": true}`}
	a := sampleAround(t)
	a.Actions = sampleActions(func(string) (any, error) {
		if why, bad := strings.CutPrefix(p.seen, "!"); bad {
			return nil, errors.New(why)
		}
		var v any
		return v, json.Unmarshal([]byte(p.seen), &v)
	})
	sample, err := Read("sample.yaml", []byte(text), a)
	if err != nil {
		t.Fatal(err)
	}
	lib := &Library{Around: a, books: []book{{Runbook: sample, Origin: Origin{Name: "sample"}}}}
	ctx, cancel := context.WithCancel(context.Background())
	j, err := journal.Options{Now: func() time.Time { return p.now }, Kinds: EntryKinds()}.Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	s, err := state.Open(ctx, j, statetest.Shelf{}, slog.New(slog.DiscardHandler), Fold)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { cancel(); s.Close(); _ = j.Close() })
	p.engine = &Engine{State: s, Operations: p, Library: func() (*Library, error) { return lib, nil }, Now: func() time.Time { return p.now }, Log: slog.New(slog.DiscardHandler)}
	return p
}

func (p *play) Submit(ctx context.Context, a control.Action) (control.Operation, error) {
	if o, ok := p.ops[a.Key]; ok {
		return *o, nil
	}
	if p.guard == "busy" {
		return control.Operation{}, fmt.Errorf("%s: %w", a.Subject, control.ErrBusy)
	}
	o := &control.Operation{Action: a, State: control.Running, Begun: p.now, Steps: []control.Trace{}}
	if p.guard != "" {
		o.State, o.Error = control.Refused, p.guard
	}
	if state.Dry(ctx) != nil {
		if p.guard != "" {
			return *o, nil
		}
		return control.Operation{}, state.ErrDry
	}
	p.ops[a.Key], p.asked = o, append(p.asked, a.Key)
	return *o, nil
}

func (p *play) Operation(key string) (control.Operation, error) {
	o, ok := p.ops[key]
	if !ok {
		return control.Operation{}, control.ErrUnknown
	}
	return *o, nil
}

func (p *play) command(t *testing.T, d *datadriven.TestData) string {
	t.Helper()
	arg := func(name string) string {
		for _, a := range d.CmdArgs {
			if a.Key == name {
				return strings.Join(a.Vals, " ")
			}
		}
		return ""
	}
	w := Wish{Actor: "token:" + arg("by"), Reason: d.Input}
	say := func(_ Run, err error) string {
		if err != nil {
			return err.Error() + "\n"
		}
		return p.goOn(t)
	}
	ctx := t.Context()
	switch d.Cmd {
	case "start":
		inputs := map[string]string{}
		for kv := range strings.FieldsSeq(arg("set")) {
			k, v, _ := strings.Cut(kv, ":")
			inputs[k] = v
		}
		name := arg("name")
		if name == "" {
			name = "sample"
		}
		id := arg("id")
		if id == "" {
			id = "run"
		}
		return say(p.engine.Start(ctx, Request{Wish: w, ID: id, Runbook: name, Inputs: inputs, Practice: d.HasArg("practice")}))
	case "pass":
		by, err := time.ParseDuration(arg("for"))
		if err != nil {
			t.Fatal(err)
		}
		p.now = p.now.Add(by)
	case "guard":
		p.guard = d.Input
		return ""
	case "see":
		p.seen = d.Input
		return ""
	case "forget": // the operation has left control's state
		delete(p.ops, p.asked[len(p.asked)-1])
	case "op":
		o := p.ops[p.asked[len(p.asked)-1]]
		o.State, o.Error, o.Ended = arg("state"), d.Input, p.now
		o.Steps = append(o.Steps, control.Trace{Name: "do", Result: json.RawMessage(`{"was": 4}`)})
	case "approve":
		return say(p.engine.Approve(ctx, "run", w))
	case "deny":
		return say(p.engine.Deny(ctx, "run", w))
	case "confirm", "fail":
		return say(p.engine.Confirm(ctx, "run", w, d.Cmd == "fail"))
	case "resume":
		return say(p.engine.Resume(ctx, "run", w))
	case "abort":
		return say(p.engine.Abort(ctx, "run", w))
	case "asked":
		return strings.Join(p.asked, "\n") + "\n"
	default:
		t.Fatalf("%s: unknown command %s", d.Pos, d.Cmd)
	}
	return p.goOn(t)
}

// goOn takes the run on until it waits, and prints what was decided.
func (p *play) goOn(t *testing.T) string {
	t.Helper()
	var b strings.Builder
	for range 200 {
		v, err := p.engine.View("run")
		if err != nil {
			t.Fatal(err)
		}
		d := Next(v, p.now)
		if v.Run.Over() {
			fmt.Fprintf(&b, "the run is %s%s\n", v.Run.State, because(v.Run.Why))
			return b.String()
		}
		if d.Do == Wait {
			fmt.Fprintf(&b, "%s: wait for %s", v.Run.State, d.For)
			if !d.Until.IsZero() {
				fmt.Fprintf(&b, ", %s at most", d.Until.Sub(p.now))
			}
			b.WriteString("\n")
			return b.String()
		}
		if err := p.engine.do(t.Context(), v.Run, d); err != nil {
			t.Fatal(err)
		}
		b.WriteString(p.said(t, d))
	}
	t.Fatal("the run never waits")
	return ""
}

// said describes what a decision has left in the run.
func (p *play) said(t *testing.T, d Decision) string {
	t.Helper()
	r, _, err := Find(p.engine.State, "run")
	if err != nil {
		t.Fatal(err)
	}
	s, _ := r.Progress(d.Step.Name)
	switch d.Do {
	case Begin:
		return fmt.Sprintf("begin %s %d%s%s\n", s.Step, s.Attempt, values(s.Values), because(s.Trouble))
	case Finish, Pause:
		return fmt.Sprintf("%s%s\n", d.Do, because(d.Why))
	}
	if s.State == Running {
		return fmt.Sprintf("%s %s %d\n", d.Do, s.Step, s.Attempt)
	}
	on := r.At
	if on == "" {
		on = "the end"
	}
	return fmt.Sprintf("%s %s %d: %s%s, on to %s\n", d.Do, s.Step, s.Attempt, s.State, because(s.Error), on)
}

func values(v map[string]string) string {
	var out []string
	for k, x := range v {
		out = append(out, " "+k+"="+x)
	}
	slices.Sort(out)
	return strings.Join(out, "")
}

func because(why string) string {
	if why == "" {
		return ""
	}
	return " (" + why + ")"
}
