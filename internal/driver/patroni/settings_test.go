package patroni_test

import (
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/greenlang/fournines/internal/driver/patroni"
	"github.com/greenlang/fournines/internal/driver/postgres"
	"github.com/greenlang/fournines/internal/spec"
)

// otherwise sets the server otherwise than Patroni does, in each way that there is, and back: each
// is told as long as it lasts, and nothing else.
func otherwise(t *testing.T, c *cluster, admin postgres.Admin, exec func(string)) {
	t.Helper()
	platform, err := spec.BuiltIn()
	if err != nil {
		t.Fatal(err)
	}
	declared, err := patroni.Member{Scope: "east"}.Declared(platform.Spec.Engines.Postgres)
	if err != nil {
		t.Fatal(err)
	}
	server, _ := declared["postgresql"].(map[string]any)
	parameters, _ := server["parameters"].(map[string]any)
	told := func(name string, want ...string) {
		t.Helper()
		got, err := admin.Settings(t.Context(), c.address[name], 10*time.Second, parameters)
		if err != nil || !slices.EqualFunc(got, want, strings.HasPrefix) {
			t.Errorf("%s: %q %v, want %q", name, got, err, want)
		}
	}
	leader := c.read().Leader
	for _, m := range c.members {
		told(m)
	}
	exec("ALTER SYSTEM SET wal_keep_size = '0'")
	exec("ALTER SYSTEM SET synchronous_commit = 'local'")
	exec("ALTER SYSTEM SET work_mem = '8MB'") // nobody declares it
	exec("ALTER ROLE app IN DATABASE app SET synchronous_commit = off")
	system := []string{"ALTER SYSTEM has set synchronous_commit to local", "ALTER SYSTEM has set wal_keep_size to 0"}
	role := "synchronous_commit is off for role app in database app"
	told(leader, append(system, role)...) // before it counts
	exec("SELECT pg_reload_conf()")
	told(leader, append(system, role)...)
	for _, m := range c.members {
		if m != leader {
			told(m) // what ALTER SYSTEM says is of one server
		}
	}
	exec("ALTER SYSTEM RESET ALL")
	exec("SELECT pg_reload_conf()")
	exec("ALTER ROLE app IN DATABASE app RESET synchronous_commit")
	told(leader)
}
