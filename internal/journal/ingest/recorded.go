package ingest

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/seal"
	"github.com/greenlang/fournines/kit/audit"
)

// Recorded is the data of an application's event in the journal, beside the entry's own
// fields. The entry's time is the journal's, its operation the event's id.
type Recorded struct {
	Application string          `json:"application"`
	Tenant      string          `json:"tenant"`
	Action      string          `json:"action"`
	Occurred    time.Time       `json:"occurred"` // by the application's clock
	Data        json.RawMessage `json:"data,omitempty"`
	Person      string          `json:"person,omitempty"`   // pseudonym
	Personal    json.RawMessage `json:"personal,omitempty"` // sealed, or {"erased":TIME}
}

// Audit is the kind of entry that applications' events become.
var Audit = journal.NewKind[Recorded]("audit.recorded", "An application tells what somebody did in it.")

// EntryKinds returns the kinds of entries of the package.
func EntryKinds() []journal.Kind { return []journal.Kind{Audit.Kind} }

// Sealer seals personal data, as [seal.Sealer] does.
type Sealer interface {
	Seal(subject string, c seal.Context, plaintext []byte) ([]byte, error)
	Open(sealed []byte, c seal.Context) ([]byte, error)
	Pseudonym(subject string) string
}

// PersonalField is the path of the personal data in an entry of [Audit]; they are sealed for
// it.
func PersonalField() seal.Context { return seal.Context{Kind: Audit.Name, Path: "/personal"} }

// entry returns the entry for an event, with personal as what stands for its personal data.
func entry(application string, e *audit.Event, pseudonym string, personal json.RawMessage) (journal.Entry, error) {
	var data bytes.Buffer
	enc := json.NewEncoder(&data)
	enc.SetEscapeHTML(false) // what the application sent keeps its bytes and its size
	err := enc.Encode(Recorded{
		Application: application, Tenant: e.Tenant, Action: e.Action, Occurred: e.Time.UTC(),
		Data: e.Data, Person: pseudonym, Personal: personal,
	})
	return journal.Entry{
		Kind: Audit.Name, Subject: e.Subject, Operation: e.ID, Actor: application + ":" + e.Actor, Reason: e.Reason, Trace: e.Trace,
		Data: bytes.TrimSuffix(data.Bytes(), []byte("\n")),
	}, err
}

// sealed returns the entry for an event with its personal data sealed. Those of a person
// who was erased are left out, and the entry says so: the event itself is not lost.
func sealed(s Sealer, application string, e *audit.Event) (journal.Entry, error) {
	if e.Person == "" {
		return entry(application, e, "", nil)
	}
	var personal json.RawMessage
	if len(e.Personal) > 0 {
		plain, err := json.Marshal(e.Personal) // sorted by name
		if err != nil {
			return journal.Entry{}, err
		}
		personal, err = s.Seal(e.Person, PersonalField(), plain)
		var gone *seal.ErasedError
		switch {
		case errors.As(err, &gone):
			personal = json.RawMessage(`{"erased":"` + gone.At.UTC().Format(time.RFC3339Nano) + `"}`)
		case err != nil:
			return journal.Entry{}, err
		}
	}
	return entry(application, e, s.Pseudonym(e.Person), personal)
}

// owner tells whether the record is the event that the id belongs to.
func owner(r *journal.Record, application string, e *audit.Event) (Recorded, bool) {
	var got Recorded
	if r.Kind != Audit.Name || r.Operation != e.ID || r.Decode(&got) != nil {
		return got, false
	}
	return got, got.Application == application && got.Tenant == e.Tenant
}

// difference says in which field the event is not the one that was recorded; empty when
// it is the same. Personal data that nobody can open any more are taken for the same.
func difference(s Sealer, r *journal.Record, got Recorded, application string, e *audit.Event) (string, error) {
	pseudonym := ""
	if e.Person != "" {
		pseudonym = s.Pseudonym(e.Person)
	}
	want, err := entry(application, e, pseudonym, got.Personal)
	if err != nil {
		return "", fmt.Errorf("compare event %s: %w", e.ID, err)
	}
	for _, f := range []struct{ name, want, got string }{
		{"actor", want.Actor, r.Actor}, {"subject", want.Subject, r.Subject}, {"reason", want.Reason, r.Reason},
		{"trace", want.Trace, r.Trace}, {"action", e.Action, got.Action}, {"person", pseudonym, got.Person},
		{"time", e.Time.UTC().Format(time.RFC3339Nano), got.Occurred.UTC().Format(time.RFC3339Nano)},
	} {
		if f.want != f.got {
			return f.name, nil
		}
	}
	if !bytes.Equal(want.Data, r.Data) {
		return "data", nil
	}
	if (len(got.Personal) > 0) != (len(e.Personal) > 0) {
		return "personal", nil
	}
	if plain, err := s.Open(got.Personal, PersonalField()); len(e.Personal) > 0 && err == nil {
		if now, err := json.Marshal(e.Personal); err != nil || !bytes.Equal(plain, now) {
			return "personal", err
		}
	}
	return "", nil
}
