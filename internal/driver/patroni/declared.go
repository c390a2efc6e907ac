package patroni

import (
	"encoding/json"
	"fmt"
	"maps"
	"slices"

	"github.com/goccy/go-yaml"

	"github.com/greenlang/fournines/internal/spec"
)

// Declared returns the dynamic configuration that the cluster shall have, without what the
// platform itself changes: whom it follows, and its slots.
func (m Member) Declared(p spec.Postgres) (map[string]any, error) {
	b, err := yaml.Marshal(m.dcs(p))
	if err == nil {
		b, err = yaml.YAMLToJSON(b)
	}
	var out map[string]any
	if err == nil {
		err = json.Unmarshal(b, &out)
	}
	if err != nil {
		return nil, fmt.Errorf("render the configuration of %s: %w", m.Scope, err)
	}
	delete(out, "slots")
	delete(out, "standby_cluster")
	out["pause"] = false
	return out, nil
}

// differs says in words where a configuration is not as declared, key by key. Keys that are
// not declared are anybody's.
func differs(declared map[string]any, config []byte) ([]string, error) {
	var is map[string]any
	if err := json.Unmarshal(config, &is); err != nil {
		return nil, err
	}
	return compare("", declared, is), nil
}

func compare(path string, want, is map[string]any) (out []string) {
	for _, key := range slices.Sorted(maps.Keys(want)) {
		if inner, ok := want[key].(map[string]any); ok {
			other, _ := is[key].(map[string]any) // of another type: all of it is missing
			out = append(out, compare(path+key+".", inner, other)...)
			continue
		}
		there, ok := is[key]
		if !ok && key == "pause" {
			continue // absent is false
		}
		if w, i := fmt.Sprint(want[key]), fmt.Sprint(there); !ok || w != i {
			if !ok {
				i = "not set"
			}
			out = append(out, fmt.Sprintf("%s%s is %s, declared is %s", path, key, i, w))
		}
	}
	return out
}
