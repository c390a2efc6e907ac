package spec

import (
	"encoding/json"
	"fmt"

	"github.com/invopop/jsonschema"
)

// SchemaID identifies the published schema; editors use it to know the file's form.
const SchemaID = "https://fournines.dev/schema/v1/platform.json"

// Schema returns the JSON schema (draft 2020-12) of a platform file. It is made of the
// same tags that [Parse] holds values against. What spans several fields is not in it:
// see [Validate].
func Schema() ([]byte, error) {
	r := jsonschema.Reflector{FieldNameTag: "yaml"}
	s := r.Reflect(&Platform{})
	s.ID, s.Title = SchemaID, "fournines platform"
	s.Description = "What a platform shall be: its regions, engines, policies and targets."
	b, err := json.MarshalIndent(s, "", "  ")
	if err != nil {
		return nil, fmt.Errorf("make schema: %w", err)
	}
	return append(b, '\n'), nil
}

// JSONSchema describes a duration to editors.
func (Duration) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{Type: "string", Pattern: durationPattern, Examples: []any{"10s", "1500ms", "1h", "30d"}}
}

// JSONSchema describes a share to editors: text such as 99.99%, or a plain number.
func (Ratio) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{
		OneOf: []*jsonschema.Schema{
			{Type: "string", Pattern: ratioPattern},
			{Type: "number", Minimum: "0", Maximum: "1"},
		},
		Examples: []any{"99.99%", 0.9999},
	}
}
