package patroni

import (
	"encoding/json"
	"reflect"
	"testing"
)

// A cluster's configuration gets the parameters that bound connections, and keeps the rest.
func TestBoundsAreAddedToAConfiguration(t *testing.T) {
	t.Parallel()
	for _, config := range []string{
		`{}`,
		`{"ttl": 20, "postgresql": {"use_slots": true}}`,
		`{"ttl": 20, "postgresql": {"use_slots": true, "parameters": {"max_connections": 100, "superuser_reserved_connections": 3}}}`,
	} {
		next, changed, err := withBounds([]byte(config))
		if err != nil || !changed {
			t.Fatalf("%s: %v %v", config, changed, err)
		}
		if _, again, err := withBounds(next); again || err != nil {
			t.Errorf("%s: %s lacks something: %v", config, next, err)
		}
		var before, after map[string]any
		if err := json.Unmarshal([]byte(config), &before); err != nil {
			t.Fatal(err)
		}
		if err := json.Unmarshal(next, &after); err != nil {
			t.Fatal(err)
		}
		server, _ := after["postgresql"].(map[string]any)
		parameters, _ := server["parameters"].(map[string]any)
		if parameters["superuser_reserved_connections"] != 5.0 || parameters["authentication_timeout"] != "10s" {
			t.Errorf("%s became %s", config, next)
		}
		was, _ := before["postgresql"].(map[string]any)
		old, _ := was["parameters"].(map[string]any)
		if !reflect.DeepEqual(after["ttl"], before["ttl"]) || !reflect.DeepEqual(server["use_slots"], was["use_slots"]) || !reflect.DeepEqual(parameters["max_connections"], old["max_connections"]) {
			t.Errorf("%s became %s", config, next)
		}
	}
	if _, _, err := withBounds([]byte("{")); err == nil {
		t.Error("half a configuration")
	}
}
