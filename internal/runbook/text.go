package runbook

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strings"
	"time"
)

// width is how wide the text of a runbook is: what a terminal and a page of paper hold.
const width = 78

// text is a page that is being written.
type text struct{ strings.Builder }

func (t *text) line(format string, args ...any) {
	t.WriteString(strings.TrimRight(fmt.Sprintf(format, args...), " ") + "\n")
}

// wrap writes words within the width, each line behind an indent. A blank line, and a line that
// begins with a hyphen, begin a new paragraph.
func (t *text) wrap(indent, words string) {
	line := indent
	end := func() {
		if line != indent {
			t.line("%s", line)
		}
		line = indent
	}
	for written := range strings.SplitSeq(words, "\n") {
		written = strings.TrimSpace(written)
		if written == "" || strings.HasPrefix(written, "- ") {
			end()
		}
		for word := range strings.FieldsSeq(written) {
			if line != indent && len([]rune(line))+1+len([]rune(word)) > width {
				end()
			}
			if line != indent {
				line += " "
			}
			line += word
		}
	}
	end()
}

// TextOf writes a runbook for a person who was woken: the people to call first, then what is
// done, each step with the command that does the same by hand. It needs no server.
func TextOf(r *Runbook, a Around) string {
	var t text
	t.line("%s", strings.ToUpper(r.Metadata.Name))
	t.wrap("", r.Spec.Title)
	t.line("")
	t.line("WHEN TO USE IT")
	t.wrap("  ", r.Spec.Use)
	t.line("")
	t.call(r, a)
	t.inputs(r)
	t.line("STEPS")
	for i, s := range r.Spec.Steps {
		t.step(r, i, s, a)
	}
	t.line("RUN IT")
	command := []string{"  fournines runbook run", r.Metadata.Name}
	for _, in := range r.Spec.Inputs {
		if in.Required() {
			command = append(command, "--set "+in.Name+"="+placeholder(in.Name))
		}
	}
	t.line("%s --reason '…'", strings.Join(command, " "))
	t.line("  With --practice, what reaches customers is only asked whether it could be done.")
	return t.String()
}

// call writes who is called, and when.
func (t *text) call(r *Runbook, a Around) {
	if a.Contacts == nil {
		t.line("CALL\n  nobody: there are no contacts\n")
		return
	}
	e, _ := a.Contacts.escalation(r.Spec.Escalation)
	head := "CALL (escalation " + r.Spec.Escalation
	if e.Service != "" {
		head += ", PagerDuty service " + e.Service
	}
	t.line("%s)", head)
	for _, c := range a.Contacts.Call(e, a.Now) {
		t.line("%s", "  "+CallLine(c))
	}
	t.line("")
}

// CallLine writes one person of an escalation.
func CallLine(c Called) string {
	when := "now"
	if c.After > 0 {
		when = "after " + c.After.String()
	}
	out := []string{fmt.Sprintf("%-11s %-18s", when, c.Full)}
	for _, reach := range []string{c.Phone, c.Chat, c.Email} {
		if reach != "" {
			out = append(out, reach)
		}
	}
	if !c.Until.IsZero() {
		out = append(out, fmt.Sprintf("(%s, until %s)", c.Via, c.Until.UTC().Format("Mon 15:04 MST")))
	}
	return strings.Join(out, "  ")
}

func (t *text) inputs(r *Runbook) {
	if len(r.Spec.Inputs) == 0 {
		return
	}
	t.line("INPUTS")
	for _, in := range r.Spec.Inputs {
		kind := in.Type + ", required"
		switch {
		case in.Default != "":
			kind = fmt.Sprintf("%s, by default %s", in.Type, in.Default)
		case in.Optional:
			kind = in.Type + ", optional"
		}
		if len(in.Choices) > 0 {
			kind += ": " + strings.Join(in.Choices, " or ")
		}
		t.line("  %s (%s)", in.Name, kind)
		t.wrap("      ", in.Description)
	}
	t.line("")
}

// step writes one step.
func (t *text) step(r *Runbook, i int, s Step, a Around) {
	const indent = "      "
	t.line("%3d. %s", i+1, strings.ToUpper(strings.ReplaceAll(s.Name, "_", " ")))
	t.wrap(indent, s.Title)
	if act, ok := a.Actions.Find(s.Action); ok {
		if act.Command != "" {
			t.line("%s$ %s", indent, act.command(asWritten(s), shown))
		}
		if act.Reaches {
			t.line("%s! Customers may feel it.", indent)
		}
	}
	if s.approves() {
		t.wrap(indent, fmt.Sprintf("%d of these must approve within %s, and nobody their own run: %s.", s.Approve.Need, s.Approve.Expires, t.people(s, a)))
		t.line("%s$ fournines runbook approve RUN --reason '…'", indent)
	}
	if s.byHand() {
		t.wrap(indent+"| ", s.Manual.Instructions)
		t.line("%s$ fournines runbook confirm RUN --reason '…'", indent)
	}
	for _, b := range s.Branches {
		t.line("%s→ If %s: go to %s.", indent, b.When, numbered(r, b.Next))
	}
	t.wrap(indent, t.after(r, s))
	t.line("")
}

func (*text) people(s Step, a Around) string {
	if a.Contacts == nil {
		return strings.Join(s.Approve.Of, ", ")
	}
	return strings.Join(a.Contacts.peopleOf(s.Approve.Of), ", ")
}

// after writes the way on, and what a failure does.
func (*text) after(r *Runbook, s Step) string {
	var out []string
	next := r.after(s)
	switch i := r.index(s.Name); {
	case next == "" && len(s.Branches) > 0:
		out = append(out, "Else the run is over.")
	case next == "":
		out = append(out, "Then the run is over.")
	case len(s.Branches) > 0 || i+1 >= len(r.Spec.Steps) || r.Spec.Steps[i+1].Name != next:
		out = append(out, "Else go to "+numbered(r, next)+".")
	}
	if s.Retries.Attempts > 0 {
		out = append(out, fmt.Sprintf("It is tried %d times, every %s.", s.Retries.Attempts, s.Retries.Every))
	}
	if s.Action != "" || s.byHand() || s.approves() {
		switch does, to := s.onFailure(); does {
		case onPause:
			out = append(out, "If it fails, the run waits: resume it, or abort it.")
		case onAbort:
			out = append(out, "If it fails, the run is over.")
		case onContinue:
			out = append(out, "If it fails, the run goes on.")
		case onStep:
			out = append(out, "If it fails, go to "+numbered(r, to)+".")
		}
	}
	return strings.Join(out, " ")
}

// numbered writes a step as a reader finds it.
func numbered(r *Runbook, name string) string {
	return fmt.Sprintf("%d (%s)", r.index(name)+1, strings.ReplaceAll(name, "_", " "))
}

// asWritten returns a step's arguments as they stand in the file.
func asWritten(s Step) map[string]string {
	out := map[string]string{}
	for _, k := range slices.Sorted(maps.Keys(s.With)) {
		out[k] = string(s.With[k])
	}
	return out
}

// shown writes a value of a file in a command: what is not known yet as a word in capitals.
func shown(v string) string {
	parts, err := pieces(v)
	if err != nil {
		return v
	}
	for i := 1; i < len(parts); i += 2 {
		name := strings.TrimSpace(parts[i])
		if !dotted.MatchString(name) {
			parts[i] = "…"
			continue
		}
		parts[i] = placeholder(name[strings.LastIndexByte(name, '.')+1:])
	}
	return strings.Join(parts, "")
}

var dotted = regexp.MustCompile(`^[a-z]+(\.[a-z0-9_]+)+$`)

func placeholder(name string) string { return strings.ToUpper(name) }

// Calls returns who is called for a runbook, in order.
func (l *Library) Calls(escalation string, now time.Time) []Called {
	if l.Around.Contacts == nil {
		return nil
	}
	e, ok := l.Around.Contacts.escalation(escalation)
	if !ok {
		return nil
	}
	return l.Around.Contacts.Call(e, now)
}
