package availability

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/evidence"
	"github.com/greenlang/fournines/internal/fact"
)

// CodeConnections is the code of the finding that a role or a database has nearly as many
// sessions as it may.
const CodeConnections = "connections-short"

// many says whether a bound is nearly reached: nine tenths of it.
func many(open, limit int) bool { return limit > 0 && open*10 >= limit*9 }

// ConnectionFinding names each role, and each database that others share, whose sessions are
// nearly as many as they may be; false when there is none.
func ConnectionFinding(p fact.Postgres, now time.Time) (evidence.Finding, bool) {
	c := p.Connections
	f := evidence.Finding{Code: CodeConnections, Severity: evidence.Warning, Subject: p.Cluster, Since: c.Short, Command: "fournines status -o wide"}
	if now.Sub(c.At) > freshConnections {
		return f, false
	}
	told := map[string]bool{} // databases of roles that are named
	for _, role := range slices.Sorted(maps.Keys(c.Roles)) {
		of := sessionsOf(c, func(s fact.PostgresSessions) bool { return s.Role == role })
		if many(open(of), c.Roles[role]) {
			short(&f, c.Member, "role", role, c.Roles[role], of)
			for _, s := range of {
				told[s.Database] = true
			}
		}
	}
	for _, database := range slices.Sorted(maps.Keys(c.Databases)) {
		of := sessionsOf(c, func(s fact.PostgresSessions) bool { return s.Database == database })
		if many(open(of), c.Databases[database]) && !told[database] {
			short(&f, c.Member, "database", database, c.Databases[database], of)
		}
	}
	f.Text += "Further ones are refused with SQLSTATE 53300, also by the edge; probes and Patroni have connections of their own."
	return f, f.Title != ""
}

// CodeCrowded is the code of the finding that databases of others may take what is kept free.
const CodeCrowded = "connections-crowded"

// CrowdedFinding says that there are more databases than there is room for; false when there are not.
func CrowdedFinding(p fact.Postgres, now time.Time) (evidence.Finding, bool) {
	c := p.Connections
	return evidence.Finding{
		Code: CodeCrowded, Severity: evidence.Warning, Subject: p.Cluster, Since: c.Crowd, Command: "fournines status -o wide",
		Title: "databases of others may take the connections of " + p.Cluster + " that are kept free",
		Text: c.Crowded + ". Each keeps at least one session, so that nobody who is at work is locked out. If all of them and the applications have as many as they may, probes can be refused. " +
			"Move databases elsewhere, or drop those that nobody uses.",
	}, c.Crowded != "" && now.Sub(c.At) <= freshConnections
}

// short adds to the finding who has nearly as many sessions as it may.
func short(f *evidence.Finding, member, what, name string, limit int, of []fact.PostgresSessions) {
	n, idle := open(of), 0
	for _, s := range of {
		idle += s.Idle
	}
	if f.Title == "" {
		f.Title = fmt.Sprintf("%s %s has %d of %d sessions of %s", what, name, n, limit, f.Subject)
	}
	column := map[string]string{"role": "usename", "database": "datname"}[what]
	f.Text += fmt.Sprintf("The %s %s has %d of the %d sessions that it may have on %s, and %d of them are idle. Most are %s. "+
		"Make the pools of these clients smaller, or end sessions that nobody uses: SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE %s = '%s' AND state = 'idle'. ",
		what, name, n, limit, member, idle, clients(of), column, strings.ReplaceAll(name, "'", "''"))
}

// named is how many clients a finding names.
const named = 3

// clients words whose sessions the most are.
func clients(of []fact.PostgresSessions) string {
	slices.SortStableFunc(of, func(a, b fact.PostgresSessions) int { return cmp.Compare(b.Open, a.Open) })
	var out []string
	for _, s := range of[:min(len(of), named)] {
		out = append(out, fmt.Sprintf("those of %q from %s (%d, %d idle)", s.Application, cmp.Or(s.Client, "the same machine"), s.Open, s.Idle))
	}
	return strings.Join(out, ", ")
}

func sessionsOf(c fact.PostgresConnections, mine func(fact.PostgresSessions) bool) (out []fact.PostgresSessions) {
	for _, s := range c.Sessions {
		if mine(s) {
			out = append(out, s)
		}
	}
	return out
}

func open(of []fact.PostgresSessions) (n int) {
	for _, s := range of {
		n += s.Open
	}
	return n
}

// connectionDetail says how many sessions the roles have that are limited; "" where nobody
// knows.
func connectionDetail(c fact.PostgresConnections, member string, now time.Time) (detail string) {
	if c.Member != member || now.Sub(c.At) > freshConnections {
		return ""
	}
	for _, role := range slices.Sorted(maps.Keys(c.Roles)) {
		n := open(sessionsOf(c, func(s fact.PostgresSessions) bool { return s.Role == role }))
		detail += fmt.Sprintf(", %s has %d of %d sessions", role, n, c.Roles[role])
	}
	return detail
}
