package patroni

import (
	"strings"
	"testing"

	"github.com/greenlang/fournines/internal/spec"
)

// What a member needs to archive is its own, and not the cluster's: each has a path of its own.
func TestAMemberThatArchives(t *testing.T) {
	t.Parallel()
	p, err := spec.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	m := Member{Scope: "us-east-1", Name: "a"}
	quiet, err := m.Config(p.Spec.Engines.Postgres)
	if err != nil || !strings.Contains(quiet, `unix_socket_directories: ""`) || strings.Contains(quiet, "archive") {
		t.Fatalf("%v: %s", err, quiet)
	}
	m.Archive = Archive{Parameters: map[string]string{"archive_mode": "on", "unix_socket_directories": "{home}"}, Rules: []string{"local all postgres scram-sha-256"}}
	config, err := m.Config(p.Spec.Engines.Postgres)
	_, own, _ := strings.Cut(config, "\npostgresql:")
	for _, line := range []string{`archive_mode: "on"`, `unix_socket_directories: "{home}"`, "- local all postgres scram-sha-256"} {
		if err != nil || !strings.Contains(own, line) {
			t.Errorf("it has no %s: %v\n%s", line, err, config)
		}
	}
	declared, err := m.Declared(p.Spec.Engines.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	if parameters, _ := declared["postgresql"].(map[string]any)["parameters"].(map[string]any); parameters["archive_mode"] != nil {
		t.Errorf("the cluster's configuration has the member's own: %v", parameters)
	}
}
