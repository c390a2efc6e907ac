package spec_test

import (
	"encoding/json"
	"fmt"
	"maps"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/cockroachdb/datadriven"
	"github.com/goccy/go-yaml"

	"github.com/greenlang/fournines/internal/spec"
)

// TestSchemaGolden: editors rely on the schema, so that every change to it is seen.
// `go test -rewrite` accepts it.
func TestSchemaGolden(t *testing.T) {
	t.Parallel()
	datadriven.RunTest(t, "testdata/schema.txt", func(t *testing.T, d *datadriven.TestData) string {
		b, err := spec.Schema()
		if err != nil {
			t.Fatal(err)
		}
		return string(b)
	})
}

// TestSchemaAgreesWithParse holds documents against the schema and against Parse: what
// the schema refuses Parse refuses too, and GreenLang's file passes both.
func TestSchemaAgreesWithParse(t *testing.T) {
	t.Parallel()
	schema := loadSchema(t)
	if bad := schema.check(document(t, string(spec.BuiltInYAML()))); len(bad) > 0 {
		t.Errorf("GreenLang's own platform file: %v", bad)
	}
	for _, edit := range []string{
		"fall: 5 => fal: 5", "fall: 5 => fall: 0", "fall: 5 => fall: five", "interval: 10s => interval: ten",
		"interval: 10s => interval: 10", "jitter: 10% => jitter: 10 percent", "jitter: 10% => jitter: 1.5", "mode: automatic => mode: auto",
		"primaries: 1 => primaries: 2", "kind: Platform => kind: Deployment", "fournines.dev/v1 => fournines.dev/v2",
		`\n    fall: 5 =>`, "failsafe: true => failsafe: 1", "number: 6, => number: 201,", "count: 12 => - count",
		"  name: greenlang =>   name: {a: b}", "serves: Asia DR,          zones: [a, b, c] => serves: Asia DR,          zones: [1, 2, 3]",
	} {
		text := edited(t, edit)
		if _, err := spec.Parse("f.yaml", []byte(text)); err == nil {
			t.Errorf("%s: Parse takes it", edit)
		}
		if bad := schema.check(document(t, text)); len(bad) == 0 {
			t.Errorf("%s: the schema takes it", edit)
		}
	}
	for _, edit := range []string{"jitter: 10% => jitter: 0.1", "rto: 1h => rto: 1h30m", `\n    reprobe: 1s =>`, `name: greenlang => name: greenlang\n  labels: {tier: gold}`} {
		text := edited(t, edit)
		if _, err := spec.Parse("f.yaml", []byte(text)); err != nil {
			t.Errorf("%s: %v", edit, err)
		}
		if bad := schema.check(document(t, text)); len(bad) > 0 {
			t.Errorf("%s: the schema refuses it: %v", edit, bad)
		}
	}
}

// TestEveryFieldHasATypeInTheSchema: a field without a type would take anything.
func TestEveryFieldHasATypeInTheSchema(t *testing.T) {
	t.Parallel()
	s := loadSchema(t)
	for name, def := range s.defs {
		for key, p := range def.Properties {
			if p.Ref == "" && p.Type == "" && len(p.OneOf) == 0 {
				t.Errorf("%s.%s has no type", name, key)
			}
		}
	}
}

func document(t *testing.T, text string) any {
	t.Helper()
	b, err := yaml.YAMLToJSON([]byte(text))
	if err != nil {
		t.Fatal(err)
	}
	var v any
	if err := json.Unmarshal(b, &v); err != nil {
		t.Fatal(err)
	}
	return v
}

// node is the part of JSON schema that ours uses; unknown keywords fail the test.
type node struct {
	Schema, ID, Ref, Title, Description, Type, Pattern string
	Defs, Properties                                   map[string]*node
	AdditionalProperties                               any
	Required                                           []string
	Enum, Examples                                     []any
	Items                                              *node
	OneOf                                              []*node
	Minimum, Maximum                                   *float64
}

type schema struct {
	root *node
	defs map[string]*node
}

func loadSchema(t *testing.T) schema {
	t.Helper()
	b, err := os.ReadFile("testdata/schema.txt")
	if err != nil {
		t.Fatal(err)
	}
	text := string(b[strings.Index(string(b), "{"):])
	text = regexp.MustCompile(`"\$(schema|id|ref|defs)":`).ReplaceAllString(text, `"$1":`)
	d := json.NewDecoder(strings.NewReader(text))
	d.DisallowUnknownFields()
	var root node
	if err := d.Decode(&root); err != nil {
		t.Fatal(err)
	}
	return schema{&root, root.Defs}
}

func (s schema) check(v any) []string { return s.at("", s.root, v) }

func (s schema) at(path string, n *node, v any) (bad []string) {
	if n.Ref != "" {
		return s.at(path, s.defs[strings.TrimPrefix(n.Ref, "#/$defs/")], v)
	}
	fail := func(format string, args ...any) { bad = append(bad, path+" "+fmt.Sprintf(format, args...)) }
	if len(n.OneOf) > 0 {
		fits := 0
		for _, o := range n.OneOf {
			if len(s.at(path, o, v)) == 0 {
				fits++
			}
		}
		if fits != 1 {
			fail("fits %d of its forms", fits)
		}
	}
	if n.Type != "" && !slices.Contains(typesOf(v), n.Type) {
		fail("is no %s", n.Type)
		return bad
	}
	if len(n.Enum) > 0 && !slices.Contains(n.Enum, v) {
		fail("is none of %v", n.Enum)
	}
	switch x := v.(type) {
	case string:
		if n.Pattern != "" && !regexp.MustCompile(n.Pattern).MatchString(x) {
			fail("%q does not match %s", x, n.Pattern)
		}
	case float64:
		if (n.Minimum != nil && x < *n.Minimum) || (n.Maximum != nil && x > *n.Maximum) {
			fail("%g is out of bounds", x)
		}
	case []any:
		for i, item := range x {
			bad = append(bad, s.at(fmt.Sprintf("%s[%d]", path, i), n.Items, item)...)
		}
	case map[string]any:
		bad = append(bad, s.object(path, n, x)...)
	}
	return bad
}

func (s schema) object(path string, n *node, x map[string]any) (bad []string) {
	for _, key := range n.Required {
		if _, ok := x[key]; !ok {
			bad = append(bad, path+" lacks "+key)
		}
	}
	for _, key := range slices.Sorted(maps.Keys(x)) {
		if p, ok := n.Properties[key]; ok {
			bad = append(bad, s.at(path+"."+key, p, x[key])...)
		} else if n.AdditionalProperties == false {
			bad = append(bad, path+" has unknown "+key)
		}
	}
	return bad
}

func typesOf(v any) []string {
	switch x := v.(type) {
	case map[string]any:
		return []string{"object"}
	case []any:
		return []string{"array"}
	case string:
		return []string{"string"}
	case bool:
		return []string{"boolean"}
	case float64:
		if x == float64(int64(x)) {
			return []string{"number", "integer"}
		}
		return []string{"number"}
	}
	return []string{"null"}
}
