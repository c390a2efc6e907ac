package postgres

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/jackc/pgx/v5"
)

// Limits is what bounds the sessions of a server: by role, by database, and by who may
// connect to which.
type Limits struct {
	Probe        string   // the role that alone may enter the databases of nobody's application
	Applications []string // each has a role and a database of this name
}

// Difference is one thing that is not as it should be.
type Difference struct {
	Text   string
	repair []string // statements
}

// holding is what a server has now.
type holding struct {
	roles     map[string]int // of applications → limit; -1: none
	databases []database
}

type database struct {
	name     string
	limit    int      // -1: none
	open     int      // sessions that it has
	visitors []string // who may connect besides its owner; "" is everybody
}

// own are the databases that every server has. Only the probes' role may enter the first.
func own() []string { return []string{"postgres", "template1"} }

// differences compares what a server has with what it should have.
func (l Limits) differences(h holding) (out []Difference) {
	share := Share(len(l.Applications))
	for _, name := range l.Applications {
		if limit, known := h.roles[name]; known && limit != share {
			out = append(out, Difference{
				fmt.Sprintf("role %s may have %s sessions instead of %d", name, words(limit), share),
				[]string{fmt.Sprintf("ALTER ROLE %s CONNECTION LIMIT %d", quote(name), share)},
			})
		}
	}
	for _, d := range h.databases {
		switch want := l.other(h, d); {
		case slices.Contains(own(), d.name):
			out = append(out, l.visitors(d)...)
		case slices.Contains(l.Applications, d.name):
			if d.limit != share {
				out = append(out, limited(d, share))
			}
		case d.limit <= 0 || d.limit > want: // 0 is what versions before set beside many
			out = append(out, limited(d, want))
		}
	}
	return out
}

// others returns the databases that somebody else has made.
func (l Limits) others(h holding) (out []database) {
	for _, d := range h.databases {
		if !slices.Contains(l.Applications, d.name) && !slices.Contains(own(), d.name) {
			out = append(out, d)
		}
	}
	return out
}

// other is how many sessions a database may have that somebody else has made: its part of
// what there is for them, and never less than one, or than it has as far as there is room for
// one alone. Nobody who is at work is locked out because there are many.
func (l Limits) other(h holding, d database) int {
	return max(ForOthers/max(len(l.others(h)), 1), 1, min(d.open, ForOthers))
}

// crowded says in words that databases of others may together take what is kept free for
// probes; "": they may not.
func (l Limits) crowded(h holding) string {
	sum, all := 0, l.others(h)
	var names []string
	for _, d := range all {
		want := l.other(h, d)
		if d.limit > 0 {
			want = min(want, d.limit)
		}
		sum, names = sum+want, append(names, d.name)
	}
	if sum <= ForOthers {
		return ""
	}
	return fmt.Sprintf("%d databases that the platform did not make may have %d sessions together, and there is room for %d: %s", len(all), sum, ForOthers, strings.Join(names, ", "))
}

func limited(d database, want int) Difference {
	return Difference{
		fmt.Sprintf("database %s takes %s sessions instead of %d", d.name, words(d.limit), want),
		[]string{fmt.Sprintf("ALTER DATABASE %s CONNECTION LIMIT %d", quote(d.name), want)},
	}
}

// visitors are the differences of who may enter one of the server's own databases.
func (l Limits) visitors(d database) (out []Difference) {
	for _, who := range d.visitors {
		switch {
		case who == "":
			out = append(out, Difference{"everybody may connect to database " + d.name, []string{fmt.Sprintf("REVOKE CONNECT ON DATABASE %s FROM PUBLIC", quote(d.name))}})
		case who != l.Probe || d.name != own()[0]:
			out = append(out, Difference{fmt.Sprintf("role %s may connect to database %s", who, d.name), []string{fmt.Sprintf("REVOKE CONNECT ON DATABASE %s FROM %s", quote(d.name), quote(who))}})
		}
	}
	if d.name == own()[0] && !slices.Contains(d.visitors, l.Probe) {
		// First, so that the probes' role is never without a way in.
		out = slices.Insert(out, 0, Difference{fmt.Sprintf("role %s has no right of its own to connect to database %s", l.Probe, d.name), []string{fmt.Sprintf("GRANT CONNECT ON DATABASE %s TO %s", quote(d.name), quote(l.Probe))}})
	}
	return out
}

func words(limit int) string {
	if limit < 0 {
		return "any number of"
	}
	return fmt.Sprint(limit)
}

func quote(name string) string { return pgx.Identifier{name}.Sanitize() }

// Statements are what makes a server that nobody has bounded yet as it should be.
func (l Limits) Statements() (out []string) {
	h := holding{roles: map[string]int{}}
	for _, name := range own() {
		h.databases = append(h.databases, database{name: name, limit: -1, visitors: []string{""}})
	}
	for _, name := range l.Applications {
		h.roles[name] = -1
		h.databases = append(h.databases, database{name: name, limit: -1, visitors: []string{""}})
	}
	for _, d := range l.differences(h) {
		out = append(out, d.repair...)
	}
	return out
}

// Compare returns what is not as it should be on the server that conn is to, and in words
// whether databases of others may take what is kept free; "": they may not.
func (l Limits) Compare(ctx context.Context, conn *pgx.Conn) (found []Difference, crowded string, err error) {
	h, err := l.holding(ctx, conn)
	if err != nil {
		return nil, "", err
	}
	return l.differences(h), l.crowded(h), nil
}

func (l Limits) holding(ctx context.Context, conn *pgx.Conn) (holding, error) {
	h := holding{roles: map[string]int{}}
	rows, err := conn.Query(ctx, "SELECT rolname::text, rolconnlimit FROM pg_roles WHERE rolname = ANY($1)", l.Applications)
	if err != nil {
		return h, fmt.Errorf("read the limits of roles: %w", err)
	}
	var name string
	var limit, open int
	if _, err := pgx.ForEachRow(rows, []any{&name, &limit}, func() error { h.roles[name] = limit; return nil }); err != nil {
		return h, fmt.Errorf("read the limits of roles: %w", err)
	}
	// A database whose limit is -2 is invalid, and takes no sessions. Superusers are not counted by a limit.
	rows, err = conn.Query(ctx, `SELECT d.datname::text, d.datconnlimit,
			(SELECT count(*) FROM pg_stat_activity s LEFT JOIN pg_roles u ON u.oid = s.usesysid WHERE s.datid = d.oid AND s.backend_type = 'client backend' AND NOT coalesce(u.rolsuper, false)),
			coalesce(array_agg(CASE WHEN a.grantee = 0 THEN '' ELSE r.rolname::text END ORDER BY r.rolname) FILTER (WHERE a.grantee IS NOT NULL), '{}')
		FROM pg_database d
		LEFT JOIN LATERAL aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a ON a.privilege_type = 'CONNECT' AND a.grantee <> d.datdba
		LEFT JOIN pg_roles r ON r.oid = a.grantee
		WHERE d.datallowconn AND d.datconnlimit > -2 GROUP BY d.oid, d.datname, d.datconnlimit ORDER BY d.datname`)
	if err != nil {
		return h, fmt.Errorf("read the limits of databases: %w", err)
	}
	var visitors []string
	if _, err := pgx.ForEachRow(rows, []any{&name, &limit, &open, &visitors}, func() error {
		h.databases = append(h.databases, database{name, limit, open, slices.Clone(visitors)})
		return nil
	}); err != nil {
		return h, fmt.Errorf("read the limits of databases: %w", err)
	}
	return h, nil
}

// Apply makes a server as it should be, reads it back, and returns what was different.
func (l Limits) Apply(ctx context.Context, conn *pgx.Conn) ([]string, error) {
	found, _, err := l.Compare(ctx, conn)
	if err != nil {
		return nil, err
	}
	for _, d := range found {
		for _, statement := range d.repair {
			if _, err := conn.Exec(ctx, statement); err != nil {
				return nil, fmt.Errorf("%s: %w", statement, err)
			}
		}
	}
	left, _, err := l.Compare(ctx, conn)
	if err == nil && len(left) > 0 {
		err = fmt.Errorf("the limits were set, and still %s", strings.Join(Texts(left), "; "))
	}
	return Texts(found), err
}

// Texts says what the differences are, in words.
func Texts(all []Difference) (out []string) {
	for _, d := range all {
		out = append(out, d.Text)
	}
	return out
}
