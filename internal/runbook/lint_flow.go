package runbook

import (
	"fmt"
	"slices"
	"strings"
)

// ways refuses ways to steps that do not exist, and tells whether all do.
func (l *linter) ways() bool {
	ok := true
	to := func(path, name string) {
		if l.book.index(name) < 0 {
			l.fail(path, nearest(name, l.book.stepNames()), "there is no step %q", name)
			ok = false
		}
	}
	for i, s := range l.book.Spec.Steps {
		path := fmt.Sprintf("spec.steps[%d]", i)
		if s.Next != "" {
			to(path+".next", s.Next)
		}
		if s.Next != "" && s.IsEnd {
			l.fail(path+".isEnd", "leave one of the two out", "step %s goes on to %s, and ends the run", s.Name, s.Next)
		}
		for n, b := range s.Branches {
			to(fmt.Sprintf("%s.branches[%d].next", path, n), b.Next)
		}
		switch does, name := s.onFailure(); {
		case does == onStep:
			to(path+".onFailure", name)
		case !slices.Contains([]string{onPause, onAbort, onContinue}, does):
			l.fail(path+".onFailure", "write pause, abort, continue or step:NAME", "onFailure is %q", s.OnFailure)
			ok = false
		}
	}
	return ok
}

// flow refuses what no run gets to, what no run gets out of, and what could be destroyed
// without a yes.
func (l *linter) flow() {
	found, _ := l.book.reached(anyWay)
	ends, lost := l.book.ends(), false
	unasked, via := l.book.reached(func(from Step, w way) bool { return !from.approves() || w.failed })
	for i, s := range l.book.Spec.Steps {
		path := fmt.Sprintf("spec.steps[%d].name", i)
		if !slices.Contains(found, s.Name) {
			l.fail(path, "lead a way to it, or take it away", "no run gets to step %s", s.Name)
			continue
		}
		if !slices.Contains(ends, s.Name) && !lost {
			lost = true // those that follow go round as well
			l.fail(path, "give a step of the circle isEnd, or a branch out of it", "a run that gets to step %s goes round for ever: no end can be reached from it", s.Name)
		}
		a, _ := l.around.Actions.Find(s.Action)
		if a.Destroys && slices.Contains(unasked, s.Name) {
			l.fail(fmt.Sprintf("spec.steps[%d].action", i), "put a step with approve before it, on every way", "%s can be reached without an approval, by %s, and %s cannot simply be taken back", s.Name, strings.Join(trail(via, s.Name), " → "), a.Name)
		}
	}
}
