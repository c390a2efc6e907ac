package patroni

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/greenlang/fournines/internal/spec"
)

// What somebody changes of the dynamic configuration is named, and what the platform itself
// changes is not.
func TestAConfigurationThatIsNotAsDeclared(t *testing.T) {
	t.Parallel()
	p, err := spec.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	m := Member{Scope: "us-east-1", Name: "a", Partner: []string{"192.0.2.1"}, Standby: true}
	declared, err := m.Declared(p.Spec.Engines.Postgres)
	if err != nil || declared["synchronous_mode"] != "quorum" {
		t.Fatalf("%v %v", declared, err)
	}
	for name, c := range map[string]struct {
		change func(map[string]any)
		want   []string
	}{
		"nothing": {func(map[string]any) {}, nil},
		"the platform's own": {func(c map[string]any) {
			c["standby_cluster"], c["slots"] = map[string]any{"host": "x"}, map[string]any{}
		}, nil},
		"something nobody declares": {func(c map[string]any) { c["check_timeline"] = true }, nil},
		"a pause":                   {func(c map[string]any) { c["pause"] = true }, []string{"pause is true, declared is false"}},
		"no synchronous standbys":   {func(c map[string]any) { c["synchronous_mode"] = false }, []string{"synchronous_mode is false, declared is quorum"}},
		"a key that is gone":        {func(c map[string]any) { delete(c, "ttl") }, []string{"ttl is not set, declared is 20"}},
		"a parameter": {func(c map[string]any) {
			c["postgresql"].(map[string]any)["parameters"].(map[string]any)["max_connections"] = 500
		}, []string{"postgresql.parameters.max_connections is 500, declared is 100"}},
		"another type where a map goes": {func(c map[string]any) { c["postgresql"] = "x" }, nil},
	} {
		b, err := json.Marshal(declared)
		if err != nil {
			t.Fatal(err)
		}
		is := map[string]any{}
		if err := json.Unmarshal(b, &is); err != nil {
			t.Fatal(err)
		}
		c.change(is)
		if b, err = json.Marshal(is); err != nil {
			t.Fatal(err)
		}
		got, err := differs(declared, b)
		if err != nil || c.want != nil && !slices.Equal(got, c.want) || c.want == nil && len(got) > 0 != (is["postgresql"] == "x") {
			t.Errorf("%s: %q %v, want %q", name, got, err, c.want)
		}
	}
}

func FuzzDiffers(f *testing.F) {
	f.Add([]byte(`{"pause":true,"postgresql":{"parameters":7}}`))
	f.Add([]byte(`null`))
	declared := map[string]any{"ttl": 20.0, "postgresql": map[string]any{"parameters": map[string]any{"a": "b"}}}
	f.Fuzz(func(t *testing.T, b []byte) {
		if out, err := differs(declared, b); err != nil && out != nil {
			t.Fatal("differences beside an error")
		}
	})
}
