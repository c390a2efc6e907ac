package runbook

import (
	"fmt"
	"slices"
	"time"

	"github.com/greenlang/fournines/internal/spec"
)

// LintContacts returns everything that contacts must not have, beyond what their form says. That
// nobody is on call, now or within four weeks, is an error: it is found out at night otherwise.
func LintContacts(c *Contacts, now time.Time) []spec.Problem {
	l := &contactsLinter{c: c, now: now}
	for i, p := range c.Spec.People {
		l.person(fmt.Sprintf("spec.people[%d]", i), p)
	}
	for i, r := range c.Spec.Rotations {
		l.rotation(fmt.Sprintf("spec.rotations[%d]", i), r)
	}
	if len(c.Spec.Escalations) == 0 {
		l.fail("spec.escalations", "a runbook names one", "there is no escalation policy")
	}
	for i, e := range c.Spec.Escalations {
		l.escalation(fmt.Sprintf("spec.escalations[%d]", i), e)
	}
	return l.out
}

type contactsLinter struct {
	c                           *Contacts
	now                         time.Time
	out                         []spec.Problem
	people, rotations, policies []string // that were seen
}

func (l *contactsLinter) fail(path, hint, format string, args ...any) {
	l.out = append(l.out, spec.Problem{Path: path, Text: fmt.Sprintf(format, args...), Hint: hint})
}

// once refuses a name that is none, and one that is given twice.
func (l *contactsLinter) once(path, what, name string, seen *[]string) {
	if !named.MatchString(name) || len(name) > maxName {
		l.fail(path+".name", "write small letters, digits and hyphens", "the %s is called %q", what, name)
	}
	if slices.Contains(*seen, name) {
		l.fail(path+".name", "give it a name of its own", "two are called %q", name)
	}
	*seen = append(*seen, name)
}

func (l *contactsLinter) person(path string, p Person) {
	l.once(path, "person", p.Name, &l.people)
	if p.Phone == "" && p.Email == "" && p.Chat == "" {
		l.fail(path, "add phone, email or chat", "%s cannot be reached", p.Name)
	}
	for i, r := range p.Roles {
		if _, person := l.c.Person(r); person {
			l.fail(fmt.Sprintf("%s.roles[%d]", path, i), "call the role otherwise", "the role %q has a person's name", r)
		}
	}
}

func (l *contactsLinter) rotation(path string, r Rotation) {
	l.once(path, "rotation", r.Name, &l.rotations)
	for i, m := range r.Members {
		l.known(fmt.Sprintf("%s.members[%d]", path, i), m)
	}
	if r.Every < spec.Duration(time.Hour) {
		l.fail(path+".every", "a turn is an hour at least", "a turn of %s is %s", r.Name, r.Every)
		return
	}
	for i, a := range r.Away {
		at := fmt.Sprintf("%s.away[%d]", path, i)
		if !slices.Contains(r.Members, a.Person) {
			l.fail(at+".person", nearest(a.Person, r.Members), "%s has no member %q", r.Name, a.Person)
		}
		if !a.Until.After(a.From.Time) {
			l.fail(at+".until", "write the later moment into until", "%s is back before they leave", a.Person)
		}
	}
	if at, gap := r.gap(l.now); gap {
		l.fail(path+".members", "add a member, or shorten an absence", "nobody of %s is on call at %s", r.Name, at.UTC().Format(time.RFC3339))
	}
}

func (l *contactsLinter) known(path, person string) {
	if _, ok := l.c.Person(person); !ok {
		var all []string
		for _, p := range l.c.Spec.People {
			all = append(all, p.Name)
		}
		l.fail(path, nearest(person, all), "there is no person %q", person)
	}
}

func (l *contactsLinter) escalation(path string, e Escalation) {
	l.once(path, "escalation policy", e.Name, &l.policies)
	if len(e.Levels) == 0 {
		l.fail(path+".levels", "add a level with a rotation or a person", "nobody is called for %s", e.Name)
	}
	last := spec.Duration(-1)
	for i, v := range e.Levels {
		at := fmt.Sprintf("%s.levels[%d]", path, i)
		if len(v.Rotations)+len(v.People) == 0 {
			l.fail(at, "add a rotation or a person", "level %d of %s has no contact", i+1, e.Name)
		}
		if i == 0 && v.After != 0 {
			l.fail(at+".after", "write 0s", "the first level of %s waits for %s", e.Name, v.After)
		}
		if v.After <= last {
			l.fail(at+".after", "let each level come later", "level %d of %s comes no later than the one before", i+1, e.Name)
		}
		last = v.After
		for n, name := range v.Rotations {
			if _, ok := l.c.rotation(name); !ok {
				var all []string
				for _, r := range l.c.Spec.Rotations {
					all = append(all, r.Name)
				}
				l.fail(fmt.Sprintf("%s.rotations[%d]", at, n), nearest(name, all), "there is no rotation %q", name)
			}
		}
		for n, name := range v.People {
			l.known(fmt.Sprintf("%s.people[%d]", at, n), name)
		}
	}
}
