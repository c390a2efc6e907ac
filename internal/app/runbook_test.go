package app

import (
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/runbook"
)

// The runbooks that are shipped are usable with what the wings can do, and every action that they
// may ask for is carried out by a kind of control, and stands in one of them.
func TestShippedRunbooks(t *testing.T) {
	t.Parallel()
	actions, err := runbook.NewCatalog(RunbookActions()...)
	if err != nil {
		t.Fatal(err)
	}
	l, err := runbook.Open("", actions, time.Now())
	if err != nil {
		t.Fatal(err)
	}
	if n := len(l.Names()); n < 8 {
		t.Errorf("%d runbooks are shipped", n)
	}
	asked := map[string]bool{}
	for _, name := range l.Names() {
		r, _ := l.Runbook(name)
		for _, s := range r.Spec.Steps {
			asked[s.Action] = true
		}
		text := runbook.TextOf(r, l.Around)
		if !strings.Contains(text, "CALL") || !strings.Contains(text, "+1 555") {
			t.Errorf("%s says nobody to call:\n%s", name, text)
		}
		for line := range strings.Lines(text) {
			if len([]rune(line)) > 120 {
				t.Errorf("%s has a line of %d characters: %s", name, len([]rune(line)), line)
			}
		}
	}
	for _, a := range actions {
		if !asked[a.Name] {
			t.Errorf("no shipped runbook asks for %s", a.Name)
		}
		if a.Does == "" || a.Command == "" {
			t.Errorf("%s says neither what it does nor the equal command", a.Name)
		}
	}
}
