package runbook

import (
	"encoding/json"
	"fmt"

	"github.com/invopop/jsonschema"
)

// The published schemas' ids; editors use them to know a file's form.
const (
	SchemaID         = "https://fournines.dev/schema/v1/runbook.json"
	ContactsSchemaID = "https://fournines.dev/schema/v1/contacts.json"
)

// Schema returns the JSON schema (draft 2020-12) of a runbook, made of the same tags that [Read]
// holds values against. What spans several fields is not in it: see [Lint].
func Schema() ([]byte, error) {
	return schemaOf(&Runbook{}, SchemaID, "fournines runbook", "What people do when something is wrong, so that a program can carry it out.")
}

// ContactsSchema returns the JSON schema of contacts.
func ContactsSchema() ([]byte, error) {
	return schemaOf(&Contacts{}, ContactsSchemaID, "fournines contacts", "Who can be called: people, rotations and escalation policies.")
}

func schemaOf(of any, id, title, about string) ([]byte, error) {
	r := jsonschema.Reflector{FieldNameTag: "yaml"}
	s := r.Reflect(of)
	s.ID, s.Title, s.Description = jsonschema.ID(id), title, about
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("make schema: %w", err)
	}
	return append(b, '\n'), nil
}
