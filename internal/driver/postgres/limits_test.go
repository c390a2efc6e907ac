package postgres

import (
	"slices"
	"strings"
	"testing"
)

func TestShares(t *testing.T) {
	t.Parallel()
	for applications := range 4 {
		all := max(applications, 1)*Share(applications) + ForProbes + ForSuperusers + ForOthers
		if all > MaxConnections || EdgeRole(applications) >= Share(applications) || EdgeRole(applications) < 1 {
			t.Errorf("%d applications: %d of %d connections, %d of %d through the edge", applications, all, MaxConnections, EdgeRole(applications), Share(applications))
		}
	}
	if EdgeSessions+ForProbes+ForSuperusers > MaxConnections || EdgeSessions < EdgeRole(1) {
		t.Errorf("the edge opens %d", EdgeSessions)
	}
}

// What differs from the limits, and what mends it.
func TestDifferences(t *testing.T) {
	t.Parallel()
	l := Limits{Probe: "probe", Applications: []string{"app"}}
	well := func() holding {
		return holding{map[string]int{"app": 75}, []database{{"app", 75, []string{""}}, {"postgres", -1, []string{"probe"}}, {"template1", -1, nil}}}
	}
	for _, c := range []struct {
		name   string
		change func(*holding)
		want   string
	}{
		{"nothing", func(*holding) {}, ""},
		{"a role without a limit", func(h *holding) { h.roles["app"] = -1 }, `ALTER ROLE "app" CONNECTION LIMIT 75`},
		{"a role that is not there", func(h *holding) { delete(h.roles, "app") }, ""},
		{"a database with another limit", func(h *holding) { h.databases[0].limit = 90 }, `ALTER DATABASE "app" CONNECTION LIMIT 75`},
		{"a smaller one", func(h *holding) { h.databases[0].limit = 3 }, `ALTER DATABASE "app" CONNECTION LIMIT 75`},
		{"everybody enters", func(h *holding) { h.databases[1].visitors = []string{"", "probe"} }, `REVOKE CONNECT ON DATABASE "postgres" FROM PUBLIC`},
		{"the probes' role is among everybody", func(h *holding) { h.databases[1].visitors = []string{""} }, `GRANT CONNECT ON DATABASE "postgres" TO "probe"; REVOKE CONNECT ON DATABASE "postgres" FROM PUBLIC`},
		{"somebody enters", func(h *holding) { h.databases[2].visitors = []string{`b"ob`} }, `REVOKE CONNECT ON DATABASE "template1" FROM "b""ob"`},
		{"the probes' role in the other one", func(h *holding) { h.databases[2].visitors = []string{"probe"} }, `REVOKE CONNECT ON DATABASE "template1" FROM "probe"`},
		{"a database of somebody", func(h *holding) { h.databases = append(h.databases, database{"x", -1, []string{""}}) }, `ALTER DATABASE "x" CONNECTION LIMIT 8`},
		{"one that is bounded", func(h *holding) { h.databases = append(h.databases, database{"x", 2, []string{""}}) }, ""},
		{"three", func(h *holding) {
			h.databases = append(h.databases, database{"x", 2, nil}, database{"y", 8, nil}, database{"z", 3, nil})
		}, `ALTER DATABASE "y" CONNECTION LIMIT 2; ALTER DATABASE "z" CONNECTION LIMIT 2`},
	} {
		h := well()
		c.change(&h)
		var got []string
		for _, d := range l.differences(h) {
			if d.Text == "" {
				t.Errorf("%s: %v has no words", c.name, d)
			}
			got = append(got, d.repair...)
		}
		if s := strings.Join(got, "; "); s != c.want {
			t.Errorf("%s: %s, want %s", c.name, s, c.want)
		}
	}
	if all := l.Statements(); !slices.Contains(all, `ALTER ROLE "app" CONNECTION LIMIT 75`) || len(all) != 5 {
		t.Errorf("a new server: %q", all)
	}
}
