package postgres

import (
	"fmt"
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
		return holding{map[string]int{"app": 75}, []database{{"app", 75, 0, []string{""}}, {"postgres", -1, 0, []string{"probe"}}, {"template1", -1, 0, nil}}}
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
		{"a database of somebody", func(h *holding) { h.databases = append(h.databases, database{"x", -1, 0, []string{""}}) }, `ALTER DATABASE "x" CONNECTION LIMIT 8`},
		{"one that is bounded", func(h *holding) { h.databases = append(h.databases, database{"x", 2, 0, []string{""}}) }, ""},
		{"three", func(h *holding) {
			h.databases = append(h.databases, database{"x", 2, 0, nil}, database{"y", 8, 0, nil}, database{"z", 3, 0, nil})
		}, `ALTER DATABASE "y" CONNECTION LIMIT 2; ALTER DATABASE "z" CONNECTION LIMIT 2`},
		{"one that is at work", func(h *holding) {
			h.databases = append(h.databases, database{"x", -1, 5, nil}, database{"y", -1, 1, nil})
		}, `ALTER DATABASE "x" CONNECTION LIMIT 5; ALTER DATABASE "y" CONNECTION LIMIT 4`},
		{"one that nobody may enter, as versions before left it", func(h *holding) { h.databases = append(h.databases, database{"x", 0, 0, nil}) }, `ALTER DATABASE "x" CONNECTION LIMIT 8`},
		{"nine", func(h *holding) {
			for i := range 9 {
				h.databases = append(h.databases, database{fmt.Sprint(i), 1, 0, nil})
			}
			h.databases[3].limit, h.databases[3].open = -1, 3
			h.databases[4].limit = -1
		}, `ALTER DATABASE "0" CONNECTION LIMIT 3; ALTER DATABASE "1" CONNECTION LIMIT 1`},
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

// However many databases there are, each takes sessions, and where they may take what is kept
// free, that is said.
func TestManyDatabases(t *testing.T) {
	t.Parallel()
	l := Limits{Probe: "probe", Applications: []string{"app"}}
	h := holding{}
	for n := range 40 {
		sum := 0
		for _, d := range h.databases {
			if l.other(h, d) < 1 {
				t.Fatalf("%d databases: one takes no sessions", n)
			}
			sum += l.other(h, d)
		}
		if said := l.crowded(h); (said != "") != (sum > ForOthers) {
			t.Errorf("%d databases may have %d sessions: %q", n, sum, said)
		}
		h.databases = append(h.databases, database{fmt.Sprint("d", n), -1, 0, nil})
	}
}
