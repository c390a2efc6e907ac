package runbook

import (
	"cmp"
	"fmt"
	"slices"
	"time"

	"github.com/invopop/jsonschema"

	"github.com/greenlang/fournines/internal/spec"
)

// KindContacts heads the document with people and escalation policies.
const KindContacts = "Contacts"

// Contacts is the whole document.
type Contacts struct {
	APIVersion string        `json:"apiVersion" yaml:"apiVersion" jsonschema:"enum=fournines.dev/v1"`
	Kind       string        `json:"kind" yaml:"kind" jsonschema:"enum=Contacts"`
	Metadata   spec.Metadata `json:"metadata" yaml:"metadata"`
	Spec       ContactsSpec  `json:"spec" yaml:"spec"`
}

// ContactsSpec is who can be called, and in which order.
type ContactsSpec struct {
	People      []Person     `json:"people" yaml:"people"`
	Rotations   []Rotation   `json:"rotations" yaml:"rotations" jsonschema_description:"who is on call, in turn"`
	Escalations []Escalation `json:"escalations" yaml:"escalations" jsonschema_description:"who is called, and when the next one is"`
}

// Person is one person. The name is the one that they give when they ask for something, as the
// journal keeps it.
type Person struct {
	Name  string   `json:"name" yaml:"name" jsonschema_description:"as they sign in: the actor of what they ask for"`
	Full  string   `json:"full" yaml:"full" jsonschema_description:"name as one says it on the telephone"`
	Roles []string `json:"roles,omitempty" yaml:"roles,omitempty" jsonschema_description:"what they may approve for"`
	Phone string   `json:"phone,omitempty" yaml:"phone,omitempty"`
	Email string   `json:"email,omitempty" yaml:"email,omitempty"`
	Chat  string   `json:"chat,omitempty" yaml:"chat,omitempty"`
}

// Rotation is a group of people of whom one is on call.
type Rotation struct {
	Name    string        `json:"name" yaml:"name"`
	Members []string      `json:"members" yaml:"members" jsonschema_description:"people, in the order of their turns"`
	Begins  Moment        `json:"begins" yaml:"begins" jsonschema_description:"begin of the first one's first turn"`
	Every   spec.Duration `json:"every" yaml:"every" jsonschema_description:"length of a turn"`
	Away    []Absence     `json:"away,omitempty" yaml:"away,omitempty" jsonschema_description:"the next one stands in meanwhile"`
}

// Absence is a time in which a person is not on call.
type Absence struct {
	Person string `json:"person" yaml:"person"`
	From   Moment `json:"from" yaml:"from"`
	Until  Moment `json:"until" yaml:"until"`
}

// Escalation says who is called, and who next when nobody has answered.
type Escalation struct {
	Name    string  `json:"name" yaml:"name"`
	Service string  `json:"service,omitempty" yaml:"service,omitempty" jsonschema_description:"id of the service in PagerDuty"`
	Levels  []Level `json:"levels" yaml:"levels"`
}

// Level is one level of an escalation.
type Level struct {
	After     spec.Duration `json:"after" yaml:"after" jsonschema_description:"time since the first call; 0s for the first level"`
	Rotations []string      `json:"rotations,omitempty" yaml:"rotations,omitempty" jsonschema_description:"whoever is on call of these"`
	People    []string      `json:"people,omitempty" yaml:"people,omitempty"`
}

// Moment is a time in a document, with its zone, as RFC 3339 writes it.
type Moment struct{ time.Time }

// UnmarshalText implements encoding.TextUnmarshaler.
func (m *Moment) UnmarshalText(b []byte) error {
	t, err := time.Parse(time.RFC3339, string(b))
	if err != nil {
		return fmt.Errorf("%q is no moment; write for example 2026-11-30T08:00:00Z", b)
	}
	m.Time = t
	return nil
}

// JSONSchema describes a moment to editors.
func (Moment) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Format: "date-time", Examples: []any{"2026-11-30T08:00:00Z"}}
}

// Person returns the person of that name.
func (c *Contacts) Person(name string) (Person, bool) {
	i := slices.IndexFunc(c.Spec.People, func(p Person) bool { return p.Name == name })
	if i < 0 {
		return Person{}, false
	}
	return c.Spec.People[i], true
}

func (c *Contacts) escalation(name string) (Escalation, bool) {
	i := slices.IndexFunc(c.Spec.Escalations, func(e Escalation) bool { return e.Name == name })
	if i < 0 {
		return Escalation{}, false
	}
	return c.Spec.Escalations[i], true
}

func (c *Contacts) escalationNames() (out []string) {
	for _, e := range c.Spec.Escalations {
		out = append(out, e.Name)
	}
	return out
}

func (c *Contacts) rotation(name string) (Rotation, bool) {
	i := slices.IndexFunc(c.Spec.Rotations, func(r Rotation) bool { return r.Name == name })
	if i < 0 {
		return Rotation{}, false
	}
	return c.Spec.Rotations[i], true
}

// names returns the people and the roles.
func (c *Contacts) names() (out []string) {
	for _, p := range c.Spec.People {
		out = append(append(out, p.Name), p.Roles...)
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// peopleOf returns the people who are meant by names of people and roles, sorted.
func (c *Contacts) peopleOf(names []string) (out []string) {
	for _, p := range c.Spec.People {
		if slices.Contains(names, p.Name) || slices.ContainsFunc(p.Roles, func(r string) bool { return slices.Contains(names, r) }) {
			out = append(out, p.Name)
		}
	}
	slices.Sort(out)
	return out
}

// Called is one person of an escalation, as it stands at a moment.
type Called struct {
	Person
	After spec.Duration `json:"after"` // since the first call
	Until time.Time     `json:"until,omitzero"`
	Via   string        `json:"via,omitempty"` // the rotation; empty: the policy names the person
}

// Call returns who is called for an escalation that begins at a moment, in order; each person
// once, at the first level that names them.
func (c *Contacts) Call(e Escalation, now time.Time) []Called {
	var out []Called
	add := func(x Called) {
		if !slices.ContainsFunc(out, func(o Called) bool { return o.Name == x.Name }) {
			out = append(out, x)
		}
	}
	for _, l := range e.Levels {
		at := now.Add(l.After.D())
		for _, name := range l.Rotations {
			r, _ := c.rotation(name)
			if who, until, ok := r.OnCall(at); ok {
				p, _ := c.Person(who)
				add(Called{Person: p, After: l.After, Until: until, Via: name})
			}
		}
		for _, name := range l.People {
			if p, ok := c.Person(name); ok {
				add(Called{Person: p, After: l.After})
			}
		}
	}
	slices.SortStableFunc(out, func(a, b Called) int { return cmp.Compare(a.After, b.After) })
	return out
}
