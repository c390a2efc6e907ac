package runbook

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/spec"
)

var form = spec.Form{
	Kind: Kind, Thing: "a runbook", File: "runbook",
	Shown: "`fournines runbook show postgres-switchover --source` prints one", Size: "a shipped runbook takes 4 KiB",
}

var contactsForm = spec.Form{
	Kind: KindContacts, Thing: "people and escalation policies", File: "file of contacts",
	Shown: "`fournines runbook contacts` prints an example with every field", Size: "the shipped example takes 2 KiB",
}

// Read reads and lints a runbook; name appears in errors, which are [spec.Errors].
func Read(name string, b []byte, a Around) (*Runbook, error) {
	var r Runbook
	err := form.Read(name, b, &r, func() []spec.Problem {
		out := Lint(&r, a)
		if text, err := json.Marshal(r); err == nil && len(text) > maxDocument {
			out = append(out, spec.Problem{Path: "spec.steps", Text: fmt.Sprintf("the runbook has %d KiB, the most is %d", len(text)>>10, maxDocument>>10), Hint: "split it"})
		}
		return out
	})
	if err != nil {
		return nil, err
	}
	return &r, nil
}

// ReadContacts reads and lints contacts; name appears in errors, which are [spec.Errors].
func ReadContacts(name string, b []byte, now time.Time) (*Contacts, error) {
	var c Contacts
	if err := contactsForm.Read(name, b, &c, func() []spec.Problem { return LintContacts(&c, now) }); err != nil {
		return nil, err
	}
	return &c, nil
}
