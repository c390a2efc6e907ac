package runbook

import (
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/invopop/jsonschema"

	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/spec"
)

// Value is one value of an input or an argument, as text: what true, 3 and 10s mean follows
// from the type that is declared for it.
type Value string

// UnmarshalText implements encoding.TextUnmarshaler, so that a file may say true and 3 without
// quotes.
func (v *Value) UnmarshalText(b []byte) error {
	*v = Value(b)
	return nil
}

// JSONSchema describes a value to editors.
func (Value) JSONSchema() *jsonschema.Schema {
	return &jsonschema.Schema{OneOf: []*jsonschema.Schema{{Type: "string"}, {Type: "number"}, {Type: "boolean"}}}
}

// The types of inputs and arguments.
const (
	Text     = "text"
	Number   = "number"
	Boolean  = "boolean"
	Duration = "duration"
	Region   = "region"  // of the platform
	Cluster  = "cluster" // REGION/ENGINE
)

var word = regexp.MustCompile(`^[a-z][a-z0-9-]{0,62}$`)

// maxValue bounds a value, in bytes.
const maxValue = 1024

// check says why v is no value of a type.
func check(typ, v string) error {
	if len(v) > maxValue {
		return fmt.Errorf("it has %d bytes, the most is %d", len(v), maxValue)
	}
	switch typ {
	case Number:
		if _, err := strconv.ParseFloat(v, 64); err != nil {
			return fmt.Errorf("%q is no number", v)
		}
	case Boolean:
		if v != "true" && v != "false" {
			return fmt.Errorf("%q is neither true nor false", v)
		}
	case Duration:
		_, err := spec.ParseDuration(v)
		return err
	case Region:
		if !word.MatchString(v) {
			return fmt.Errorf("%q is no region; write for example us-east-1", v)
		}
	case Cluster:
		_, err := fact.Cluster(v)
		return err
	default:
		if strings.TrimSpace(v) == "" {
			return fmt.Errorf("it is blank")
		}
	}
	return nil
}

// typed returns a value as expressions see it. It has passed check.
func typed(typ, v string) any {
	switch typ {
	case Number:
		if n, err := strconv.ParseInt(v, 10, 64); err == nil {
			return n
		}
		f, _ := strconv.ParseFloat(v, 64) // it has passed check
		return f
	case Boolean:
		return v == "true"
	}
	return v
}
