package runbook

import (
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/control"
)

// View is what a decision about a run rests on.
type View struct {
	Run       Run
	Operation *control.Operation // of the step that is under way; nil: none is known
}

// Verb is what a run does next.
type Verb string

// What a run may do next.
const (
	Wait   Verb = "wait"   // until something changes, or until Until
	Begin  Verb = "begin"  // record the intent of a step
	Submit Verb = "submit" // ask control for the step's operation
	Try    Verb = "try"    // ask the operation's guard, and do nothing
	Look   Verb = "look"   // look at the platform
	End    Verb = "end"    // record the outcome of a step
	Pause  Verb = "pause"  // wait for a person
	Finish Verb = "finish" // record the end of the run
)

// Decision says what a run does next, and why.
type Decision struct {
	Do      Verb
	Step    Step      // of begin, submit, try, look, end
	Attempt int       // of begin
	Until   time.Time // of wait; zero: nothing happens by itself
	For     string    // of wait: what it waits for, in words
	Outcome Outcome   // of end
	State   string    // of finish
	Why     string    // of pause, finish
}

// Outcome is how a step has ended, and the way on.
type Outcome struct{ stepEnded }

// maxAttempts bounds how often a run does one step, so that a circle comes to a person.
const maxAttempts = 100

// Next decides what a run does next. It is pure.
func Next(v View, now time.Time) Decision {
	r := &v.Run
	p, underWay := r.underWay()
	switch {
	case r.Over():
		return Decision{Do: Wait}
	case underWay && (r.Abort == nil || operating(v)):
		return v.goOn(p, now)
	case r.Abort != nil:
		return Decision{Do: Finish, State: Aborted, Why: strings.TrimSuffix("by "+who(r.Abort.Actor)+": "+r.Abort.Note, ": ")}
	case r.State == Paused:
		return Decision{Do: Wait, For: "a person: " + r.Why}
	case r.At == "" && r.Why != "":
		return Decision{Do: Finish, State: Failed, Why: r.Why}
	case r.At == "":
		return Decision{Do: Finish, State: Succeeded}
	}
	return r.start(now)
}

// operating tells whether an operation of the run is under way, or its outcome not recorded.
func operating(v View) bool { return v.Operation != nil }

// start begins the step where the run stands.
func (r *Run) start(now time.Time) Decision {
	s, ok := r.Document.Step(r.At)
	if !ok { // it has been linted
		return Decision{Do: Finish, State: Failed, Why: fmt.Sprintf("there is no step %q", r.At)}
	}
	attempt := 1
	if p, ok := r.Progress(r.At); ok {
		attempt = p.Attempt + 1
		if now.Before(p.Again) {
			return Decision{Do: Wait, Until: p.Again, For: fmt.Sprintf("the next try of %s: %s", s.Name, p.Error)}
		}
	}
	if attempt > maxAttempts {
		return Decision{Do: Finish, State: Failed, Why: fmt.Sprintf("step %s was done %d times: the run goes round in a circle", s.Name, maxAttempts)}
	}
	return Decision{Do: Begin, Step: s, Attempt: attempt}
}

// goOn decides about the step that is under way.
func (v View) goOn(p *Progress, now time.Time) Decision {
	r := &v.Run
	s, _ := r.Document.Step(p.Step)
	late := !now.Before(p.Until)
	fail := func(state, format string, args ...any) Decision {
		return r.end(s, p, state, nil, fmt.Sprintf(format, args...), now)
	}
	switch {
	case p.Trouble != "":
		return fail(Failed, "%s", p.Trouble)
	case s.approves():
		return r.asked(s, p, now)
	case s.byHand():
		return r.byHand(s, p, now)
	case s.Action == "":
		return r.end(s, p, Succeeded, nil, "", now)
	case p.Looks:
		return Decision{Do: Look, Step: s}
	case p.Guarded:
		return Decision{Do: Try, Step: s}
	case v.Operation == nil && now.Sub(p.Begun) > control.Window:
		return fail(Failed, "nobody knows any more whether its operation was done: see `fournines journal list --operation %s`", OperationKey(r.ID, p.Step, p.Attempt))
	case v.Operation == nil && r.State == Running:
		return Decision{Do: Submit, Step: s}
	case v.Operation == nil:
		return Decision{Do: Wait, For: "a person: " + r.Why}
	case v.Operation.Finished():
		return r.operated(s, p, *v.Operation, now)
	case r.State == Running && r.Abort == nil && late:
		return Decision{Do: Pause, Step: s, Why: fmt.Sprintf("step %s takes longer than %s, and its operation %s goes on", s.Name, s.within(false), v.Operation.Key)}
	case r.State == Running && r.Abort == nil:
		return Decision{Do: Wait, Until: p.Until, For: "operation " + v.Operation.Key}
	}
	return Decision{Do: Wait, For: "the end of operation " + v.Operation.Key}
}

func (r *Run) asked(s Step, p *Progress, now time.Time) Decision {
	have := fmt.Sprintf("%d of %d approvals", len(p.Approvals), s.Approve.Need)
	switch {
	case p.Denial != nil:
		return r.end(s, p, Denied, nil, fmt.Sprintf("denied by %s: %s", who(p.Denial.Actor), p.Denial.Note), now)
	case len(p.Approvals) >= s.Approve.Need:
		var by []string
		for _, a := range p.Approvals {
			by = append(by, who(a.Actor))
		}
		return r.end(s, p, Succeeded, map[string]any{"by": by}, "", now)
	case !now.Before(p.Until):
		return r.end(s, p, Expired, nil, fmt.Sprintf("it has %s, and expired after %s", have, s.Approve.Expires), now)
	}
	return Decision{Do: Wait, Until: p.Until, For: fmt.Sprintf("approval: it has %s, by %s", have, strings.Join(r.Approvers[s.Name], ", "))}
}

func (r *Run) byHand(s Step, p *Progress, now time.Time) Decision {
	switch c := p.Confirmed; {
	case c != nil && c.Failed:
		return r.end(s, p, Failed, map[string]any{"by": who(c.Actor), "note": c.Note}, "it could not be done: "+c.Note, now)
	case c != nil:
		return r.end(s, p, Succeeded, map[string]any{"by": who(c.Actor), "note": c.Note}, "", now)
	case !now.Before(p.Until):
		return r.end(s, p, Expired, nil, "nobody has confirmed it within "+s.within(false).String(), now)
	}
	return Decision{Do: Wait, Until: p.Until, For: "a person who does it, and confirms"}
}

// operated ends a step whose operation has ended.
func (r *Run) operated(s Step, p *Progress, o control.Operation, now time.Time) Decision {
	if o.State != control.Succeeded {
		return r.end(s, p, Failed, nil, fmt.Sprintf("operation %s is %s: %s", o.Key, o.State, o.Error), now)
	}
	results := map[string]json.RawMessage{}
	for _, t := range o.Steps {
		if len(t.Result) > 0 {
			results[t.Name] = t.Result
		}
	}
	return r.end(s, p, Succeeded, results, "", now)
}

// end decides the way on from a step that is over.
func (r *Run) end(s Step, p *Progress, state string, result any, failure string, now time.Time) Decision {
	b, err := resultOf(result)
	if err != nil { // it stays with the operation
		b = json.RawMessage(`{}`)
	}
	x := stepEnded{Step: s.Name, Attempt: p.Attempt, State: state, Result: b, Error: failure, Then: thenGo}
	if state != Succeeded {
		does, to := s.onFailure()
		switch {
		case state == Failed && p.Tries < s.tries() && !s.byHand():
			x.Then, x.Again = thenRetry, now.Add(s.Retries.Every.D())
			return Decision{Do: End, Step: s, Outcome: Outcome{x}}
		case state == Denied && s.OnFailure == "", does == onAbort:
			x.Then, x.Error = thenAbort, s.Name+": "+failure
			return Decision{Do: End, Step: s, Outcome: Outcome{x}}
		case does == onPause:
			x.Then = thenPause
			return Decision{Do: End, Step: s, Outcome: Outcome{x}}
		case does == onStep:
			x.Next = to
			return Decision{Do: End, Step: s, Outcome: Outcome{x}}
		}
	}
	r.branch(s, *p, &x)
	return Decision{Do: End, Step: s, Outcome: Outcome{x}}
}

// branch chooses the step that follows. Where it cannot be told, the run fails: the step is
// done, and must not be done again.
func (r *Run) branch(s Step, p Progress, x *stepEnded) {
	over := r.scope()
	p.State, p.Result, p.Error = x.State, x.Result, x.Error
	over.steps[s.Name] = p.seen()
	for _, b := range s.Branches {
		yes, err := holds(b.When, over)
		if err != nil {
			x.Then, x.Error = thenAbort, fmt.Sprintf("%s: nobody can tell where to go on: %s", s.Name, err)
			return
		}
		if yes {
			x.Next, x.Branch = b.Next, b.When
			return
		}
	}
	x.Next = r.Document.after(s)
}
