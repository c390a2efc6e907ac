package runbook

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/control"
	"github.com/greenlang/fournines/internal/spec"
)

// Action is something that runbooks may ask for: an operation, which Make turns into an action
// of control, or a look at the platform, which changes nothing. It has one of Make and Look.
type Action struct {
	Name string // of the kind of action of control, or of the look
	Does string // one sentence
	Args []Arg
	// Reaches says that customers may feel it. In practice mode its guard is asked, and nothing is done.
	Reaches bool
	// Destroys says that it cannot be taken back, or takes something away from customers: an
	// approval must stand before it.
	Destroys bool
	Least    time.Duration // it never takes less; 0: unknown
	Command  string        // the equal command; {ARG} is replaced, and [ … {ARG} … ] left out without it

	// Make returns what control is asked for, under the key. It looks, and changes nothing.
	Make func(ctx context.Context, a Ask) (control.Action, error)
	// Look returns what is seen, as JSON encodes it; an error says that it is not as it shall be.
	Look func(ctx context.Context, values map[string]string) (any, error)
}

// Arg is one argument of an action.
type Arg struct {
	Name     string
	Type     string // of Text, Number, …
	Does     string // what it says
	Optional bool
}

// Ask is what an action is made of.
type Ask struct {
	Key    string
	Values map[string]string // of the arguments that are given
	Actor  string
	Reason string
}

// NewAction returns the action of control that an ask is for.
func (a Ask) NewAction(kind, subject string, args any) (control.Action, error) {
	x, err := control.NewAction(a.Key, kind, subject, args)
	x.Actor, x.Reason = a.Actor, a.Reason
	return x, err
}

// Catalog is all that runbooks may ask for.
type Catalog []Action

// NewCatalog refuses actions that cannot be used: two of a name, one that does nothing.
func NewCatalog(all ...Action) (Catalog, error) {
	var names []string
	for _, a := range all {
		switch {
		case slices.Contains(names, a.Name):
			return nil, fmt.Errorf("two actions of runbooks are called %q", a.Name)
		case (a.Make == nil) == (a.Look == nil):
			return nil, fmt.Errorf("the action %q of runbooks needs one of Make and Look", a.Name)
		case a.Look != nil && (a.Destroys || a.Reaches):
			return nil, fmt.Errorf("the look %q of runbooks says that it changes something", a.Name)
		}
		names = append(names, a.Name)
	}
	return all, nil
}

// Find returns the action of that name.
func (c Catalog) Find(name string) (Action, bool) {
	i := slices.IndexFunc(c, func(a Action) bool { return a.Name == name })
	if i < 0 {
		return Action{}, false
	}
	return c[i], true
}

func (c Catalog) names() []string {
	out := make([]string, 0, len(c))
	for _, a := range c {
		out = append(out, a.Name)
	}
	slices.Sort(out)
	return out
}

func (a Action) arg(name string) (Arg, bool) {
	i := slices.IndexFunc(a.Args, func(x Arg) bool { return x.Name == name })
	if i < 0 {
		return Arg{}, false
	}
	return a.Args[i], true
}

func (a Action) argNames() []string {
	out := make([]string, 0, len(a.Args))
	for _, x := range a.Args {
		out = append(out, x.Name)
	}
	return out
}

// checkValues refuses values that the action does not take. An optional argument without a
// value is left out.
func (a Action) checkValues(values map[string]string) error {
	for _, x := range a.Args {
		v := values[x.Name]
		if v == "" {
			delete(values, x.Name)
			if x.Optional {
				continue
			}
			return fmt.Errorf("%s needs %s: %s", a.Name, x.Name, x.Does)
		}
		if err := check(x.Type, v); err != nil {
			return fmt.Errorf("%s of %s: %w", x.Name, a.Name, err)
		}
	}
	return nil
}

// command returns the equal command with the values that are given; show writes one.
func (a Action) command(values map[string]string, show func(string) string) string {
	out := a.Command
	for {
		from := strings.Index(out, "[")
		to := strings.Index(out, "]")
		if from < 0 || to < from {
			break
		}
		part := out[from+1 : to]
		for _, x := range a.Args {
			if strings.Contains(part, "{"+x.Name+"}") && values[x.Name] == "" {
				part = ""
			}
		}
		out = out[:from] + part + out[to+1:]
	}
	for _, x := range a.Args {
		out = strings.ReplaceAll(out, "{"+x.Name+"}", show(values[x.Name]))
	}
	return strings.Join(strings.Fields(out), " ")
}

// maxResult bounds what a run keeps of one step; a larger result stays with its operation.
const maxResult = 8 << 10

// resultOf encodes what a step returned.
func resultOf(v any) (json.RawMessage, error) {
	if v == nil {
		return nil, nil
	}
	b, err := json.Marshal(v)
	if err != nil {
		return nil, fmt.Errorf("encode what was seen: %w", err)
	}
	if len(b) > maxResult {
		return nil, fmt.Errorf("what was seen has %d bytes, the most is %d", len(b), maxResult)
	}
	return b, nil
}

// nearest words which name was probably meant.
func nearest(got string, all []string) string {
	if len(all) == 0 {
		return "there are none"
	}
	return spec.Suggest(got, all)
}
