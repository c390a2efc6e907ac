package consoletest

import (
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/api"
)

// Verb is a form, what it asks for, and where it leads.
type Verb struct {
	Name, Address string
	Form          url.Values
	Asked, Leads  string
}

// Verbs sends forms: each asks for one thing and leads to where it can be watched, and a refusal
// is shown in its words.
func Verbs(t *testing.T, verbs []Verb) {
	t.Helper()
	for _, c := range verbs {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			f := New()
			answer := Post(f, c.Address, c.Form)
			if answer.Code != http.StatusSeeOther || answer.Header().Get("Location") != c.Leads {
				t.Errorf("answered %d to %q, want 303 to %q", answer.Code, answer.Header().Get("Location"), c.Leads)
			}
			if !slices.Equal(f.Asked, []string{c.Asked}) {
				t.Errorf("asked %q, want %q", f.Asked, c.Asked)
			}

			f = New()
			f.Refuse = fmt.Errorf("a drill runs already: %w", api.ErrRefused)
			answer = Post(f, c.Address, c.Form)
			if answer.Code != http.StatusConflict || !strings.Contains(answer.Body.String(), "A drill runs already") {
				t.Errorf("a refusal answered %d without its words:\n%s", answer.Code, answer.Body)
			}
		})
	}
}

// Wrong is a form that must not reach an action, and the words that say why.
type Wrong struct {
	Name, Address string
	Form          url.Values
	Status        int
	Words         string
}

// Wrongs sends forms that ask nothing.
func Wrongs(t *testing.T, forms []Wrong) {
	t.Helper()
	for _, c := range forms {
		t.Run(c.Name, func(t *testing.T) {
			t.Parallel()
			f := New()
			answer := Post(f, c.Address, c.Form)
			if answer.Code != c.Status || !strings.Contains(answer.Body.String(), c.Words) {
				t.Errorf("answered %d, want %d with %q:\n%s", answer.Code, c.Status, c.Words, answer.Body)
			}
			if len(f.Asked) != 0 {
				t.Errorf("asked %q of the actions", f.Asked)
			}
		})
	}
}
