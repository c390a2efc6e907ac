package runbook

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/spec"
)

// Around is what a runbook is judged with.
type Around struct {
	Actions  Catalog
	Contacts *Contacts
	Now      time.Time // people are on call at a time
}

var (
	named  = regexp.MustCompile(`^[a-z][a-z0-9]*(-[a-z0-9]+)*$`)
	symbol = regexp.MustCompile(`^[a-z][a-z0-9_]*$`)
)

// Bounds of a runbook: a run is one entry of the journal, and a name part of an operation's key.
const (
	maxName     = 48
	maxSymbol   = 32
	maxSteps    = 100
	maxDocument = 32 << 10 // bytes, as JSON
)

// linter gathers what is wrong with one runbook.
type linter struct {
	book   *Runbook
	around Around
	out    []spec.Problem
	before map[string][]string // see Runbook.before
}

func (l *linter) fail(path, hint, format string, args ...any) {
	l.out = append(l.out, spec.Problem{Path: path, Text: fmt.Sprintf(format, args...), Hint: hint})
}

// Lint returns everything that a runbook must not have, beyond what its form says: what would
// go wrong in a run is found before a run. It is pure.
func Lint(r *Runbook, a Around) []spec.Problem {
	l := &linter{book: r, around: a}
	l.names()
	l.people()
	l.inputs()
	if len(r.Spec.Steps) == 0 {
		l.fail("spec.steps", "write what is to be done", "there is no step")
		return l.out
	}
	if !l.ways() { // where a way leads nowhere, nothing is known of what comes after
		return l.out
	}
	l.before = r.before()
	for i, s := range r.Spec.Steps {
		l.step(fmt.Sprintf("spec.steps[%d]", i), s)
	}
	l.flow()
	return l.out
}

func (l *linter) names() {
	r := l.book
	if !named.MatchString(r.Metadata.Name) || len(r.Metadata.Name) > maxName {
		l.fail("metadata.name", fmt.Sprintf("write small letters, digits and hyphens, %d at most, for example postgres-switchover", maxName), "metadata.name is %q", r.Metadata.Name)
	}
	if len(r.Spec.Steps) > maxSteps {
		l.fail("spec.steps", "split the runbook", "it has %d steps, the most is %d", len(r.Spec.Steps), maxSteps)
	}
	for _, x := range []struct{ path, text string }{{"spec.title", r.Spec.Title}, {"spec.use", r.Spec.Use}} {
		if strings.TrimSpace(x.text) == "" {
			l.fail(x.path, "whoever is woken at night reads this first", "%s is blank", x.path)
		}
	}
	l.unique("spec.inputs", "input", r.inputNames())
	l.unique("spec.steps", "step", r.stepNames())
}

// unique refuses names that expressions cannot say, and names given twice.
func (l *linter) unique(path, what string, names []string) {
	for i, name := range names {
		at := fmt.Sprintf("%s[%d].name", path, i)
		if !symbol.MatchString(name) || len(name) > maxSymbol {
			l.fail(at, fmt.Sprintf("write small letters, digits and _, %d at most", maxSymbol), "the %s is called %q", what, name)
		}
		if first := slices.Index(names, name); first < i {
			l.fail(at, "give it a name of its own", "%s %d and %s %d are both called %q", what, first+1, what, i+1, name)
		}
	}
}

// people refuses a policy that nobody answers.
func (l *linter) people() {
	c := l.around.Contacts
	if c == nil {
		l.fail("spec.escalation", "add a document of kind Contacts", "there are no contacts, so that nobody could be called")
		return
	}
	e, ok := c.escalation(l.book.Spec.Escalation)
	if !ok {
		l.fail("spec.escalation", nearest(l.book.Spec.Escalation, c.escalationNames()), "there is no escalation policy %q", l.book.Spec.Escalation)
		return
	}
	if len(c.Call(e, l.around.Now)) == 0 {
		l.fail("spec.escalation", "add a level with a rotation or a person", "nobody is on call for %s", e.Name)
	}
}

func (l *linter) inputs() {
	for i, in := range l.book.Spec.Inputs {
		path := fmt.Sprintf("spec.inputs[%d]", i)
		if in.Default != "" {
			if err := check(in.Type, string(in.Default)); err != nil {
				l.fail(path+".default", "", "the default of %s: %s", in.Name, err)
			} else if len(in.Choices) > 0 && !slices.Contains(in.Choices, string(in.Default)) {
				l.fail(path+".default", nearest(string(in.Default), in.Choices), "the default of %s is none of its choices", in.Name)
			}
			if in.Optional {
				l.fail(path+".optional", "leave optional out", "%s has a default, and is optional besides", in.Name)
			}
		}
		for n, c := range in.Choices {
			if err := check(in.Type, c); err != nil {
				l.fail(fmt.Sprintf("%s.choices[%d]", path, n), "", "a choice of %s: %s", in.Name, err)
			}
		}
	}
}

// step judges one step by itself, and what it refers to.
func (l *linter) step(path string, s Step) {
	if strings.TrimSpace(s.Title) == "" {
		l.fail(path+".title", "say what the step does, for a person", "the title of %s is blank", s.Name)
	}
	does := 0
	for _, is := range []bool{s.Action != "", s.approves(), s.byHand()} {
		if is {
			does++
		}
	}
	switch {
	case does > 1:
		l.fail(path, "split it", "step %s does several things: a step has one of action, approve and manual", s.Name)
	case does == 0 && len(s.Branches) == 0:
		l.fail(path, "give it one of action, approve, manual and branches", "step %s does nothing", s.Name)
	case does == 0 && (s.Timeout > 0 || s.Retries.Attempts > 0 || s.OnFailure != ""):
		l.fail(path, "leave timeout, retries and onFailure out", "step %s only decides where to go on, which takes no time", s.Name)
	}
	if does == 0 && s.IsEnd {
		l.fail(path+".isEnd", "leave one of the two out", "step %s goes on by branches, and ends the run", s.Name)
	}
	l.action(path, s)
	l.approval(path, s)
	for i, b := range s.Branches {
		l.expression(fmt.Sprintf("%s.branches[%d].when", path, i), s, b.When, true, true)
	}
}

func (l *linter) action(path string, s Step) {
	if s.Action == "" {
		if len(s.With) > 0 {
			l.fail(path+".with", "add an action, or leave with out", "step %s has arguments, and no action that takes them", s.Name)
		}
		return
	}
	a, ok := l.around.Actions.Find(s.Action)
	if !ok {
		l.fail(path+".action", nearest(s.Action, l.around.Actions.names()), "there is no action %q", s.Action)
		return
	}
	if t := s.Timeout.D(); t > 0 && t < a.Least {
		l.fail(path+".timeout", fmt.Sprintf("give it %s at least", spec.Duration(a.Least)), "%s never takes less than %s, so that no run can meet %s", a.Name, spec.Duration(a.Least), s.Timeout)
	}
	for _, name := range slices.Sorted(maps.Keys(s.With)) {
		at := path + ".with." + name
		arg, ok := a.arg(name)
		if !ok {
			l.fail(at, nearest(name, a.argNames()), "%s takes no %q", a.Name, name)
			continue
		}
		l.value(at, s, arg, string(s.With[name]))
	}
	for _, arg := range a.Args {
		if _, given := s.With[arg.Name]; !given && !arg.Optional {
			l.fail(path+".action", arg.Name+": "+arg.Does, "%s needs %s", a.Name, arg.Name)
		}
	}
}

// value judges an argument.
func (l *linter) value(path string, s Step, arg Arg, text string) {
	parts, err := pieces(text)
	if err != nil {
		l.fail(path, "close it, for example ${inputs.region}", "%s: %s", quoted(text), err)
		return
	}
	if len(parts) == 1 {
		if err := check(arg.Type, text); err != nil {
			l.fail(path, "", "%s: %s", arg.Name, err)
		}
		return
	}
	for i := 1; i < len(parts); i += 2 {
		l.expression(path, s, parts[i], false, false)
	}
}

func (l *linter) approval(path string, s Step) {
	if !s.approves() {
		return
	}
	if s.Timeout > 0 {
		l.fail(path+".timeout", "set approve.expires", "an approval has no timeout: it expires")
	}
	if s.Retries.Attempts > 0 {
		l.fail(path+".retries", "leave retries out", "an approval is not retried: people are asked once")
	}
	if s.Approve.Expires < spec.Duration(time.Minute) {
		l.fail(path+".approve.expires", "people need a minute at least", "the approval expires after %s", s.Approve.Expires)
	}
	if len(s.Approve.Of) == 0 {
		l.fail(path+".approve.of", "name people or roles of the contacts", "nobody may approve")
		return
	}
	if l.around.Contacts == nil {
		return
	}
	known := l.around.Contacts.names()
	for i, name := range s.Approve.Of {
		if !slices.Contains(known, name) {
			l.fail(fmt.Sprintf("%s.approve.of[%d]", path, i), nearest(name, known), "the contacts have no person and no role %q", name)
			return
		}
	}
	people := l.around.Contacts.peopleOf(s.Approve.Of)
	if s.Approve.Need >= len(people) { // one of them may have begun the run
		l.fail(path+".approve.need", fmt.Sprintf("need %d, or name more people", max(1, len(people)-1)), "%d of %d must approve (%s), and a run that one of them began could never go on, because nobody approves their own", s.Approve.Need, len(people), strings.Join(people, ", "))
	}
}

// expression judges what an expression refers to. own says that it is evaluated after its step.
func (l *linter) expression(path string, s Step, text string, truth, own bool) {
	x, err := compile(text, truth)
	if err != nil {
		l.fail(path, "the language is CEL, for example inputs.mode == 'graceful'", "%s", err)
		return
	}
	for _, name := range x.inputs {
		if !slices.Contains(l.book.inputNames(), name) {
			l.fail(path, nearest(name, l.book.inputNames()), "%s refers to input %q, which does not exist", quoted(text), name)
		}
	}
	for _, name := range slices.Concat(x.steps, x.guarded) {
		if why, hint := l.reference(s, x, name, own); why != "" {
			l.fail(path, hint, "%s refers to step %q, %s", quoted(text), name, why)
		}
	}
}

// reference says why a step may not refer to another one; empty: it may.
func (l *linter) reference(s Step, x *expression, name string, own bool) (why, hint string) {
	switch {
	case l.book.index(name) < 0:
		return "which does not exist", nearest(name, l.book.stepNames())
	case name == s.Name && own:
		return "", ""
	case name == s.Name, !l.book.mayPrecede(name, s.Name):
		return "which comes later", "refer to what has happened before"
	case slices.Contains(l.before[s.Name], name), slices.Contains(x.guarded, name):
		return "", ""
	}
	return "and a run may get here without it", fmt.Sprintf("ask first: has(steps.%s) && …", name)
}
