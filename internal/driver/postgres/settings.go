package postgres

import (
	"context"
	"fmt"
	"maps"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
)

// durable are the settings without which an acknowledged write may be lost. Nobody has to declare
// them: on is what every server begins with.
func durable() []string { return []string{"fsync", "full_page_writes", "synchronous_commit"} }

// steered are the settings that Patroni changes while it works, and that its file may leave out.
func steered() []string {
	return []string{"synchronous_standby_names", "primary_conninfo", "primary_slot_name"}
}

// setting is one line of a server's configuration files, as the server reads it.
type setting struct {
	file, name, value string // file is a base name
}

const (
	patroniFile = "postgresql.conf"      // Patroni writes it, and puts it right whenever it starts
	systemFile  = "postgresql.auto.conf" // ALTER SYSTEM writes it, and what it says wins
)

// settings is what decides how a server runs.
type settings struct {
	lines []setting         // in the order in which they count, the last one most
	now   map[string]string // of durable: what counts in a session of the superuser
	roles map[string]string // "role app" or "database app" → the settings of their own, separated by newlines; a standby repeats nobody's
}

// Settings says in words how the server at address is set otherwise than Patroni sets it and the
// declaration wants: by ALTER SYSTEM, whether it counts already or not, by hand, or for a role or a database alone.
// declared are parameters as Patroni's configuration gives them.
func (a Admin) Settings(ctx context.Context, address string, silence time.Duration, declared map[string]any) (differs []string, err error) {
	err = a.with(ctx, address, silence, func(conn *pgx.Conn) error {
		is := settings{now: map[string]string{}, roles: map[string]string{}}
		if is.lines, err = lines(ctx, conn); err != nil {
			return err
		}
		for query, into := range map[string]map[string]string{
			"SELECT name, setting FROM pg_settings WHERE name IN ('" + strings.Join(durable(), "', '") + "')": is.now,
			`SELECT CASE WHEN s.setrole <> 0 THEN 'role ' || coalesce(r.rolname::text, s.setrole::text) ELSE '' END ||
				CASE WHEN s.setrole <> 0 AND s.setdatabase <> 0 THEN ' in ' ELSE '' END ||
				CASE WHEN s.setdatabase <> 0 THEN 'database ' || coalesce(d.datname::text, s.setdatabase::text) ELSE '' END, array_to_string(s.setconfig, E'\n')
				FROM pg_db_role_setting s LEFT JOIN pg_roles r ON r.oid = s.setrole LEFT JOIN pg_database d ON d.oid = s.setdatabase
				WHERE NOT pg_is_in_recovery()`: is.roles,
		} {
			rows, err := conn.Query(ctx, query)
			if err != nil {
				return err
			}
			var name, value string
			if _, err := pgx.ForEachRow(rows, []any{&name, &value}, func() error { into[name] = value; return nil }); err != nil {
				return err
			}
		}
		differs = is.differ(declared)
		return nil
	})
	return differs, err
}

func lines(ctx context.Context, conn *pgx.Conn) (out []setting, err error) {
	rows, err := conn.Query(ctx, "SELECT coalesce(sourcefile, ''), coalesce(name, ''), coalesce(setting, '') FROM pg_file_settings ORDER BY seqno")
	if err != nil {
		return nil, err
	}
	var l setting
	_, err = pgx.ForEachRow(rows, []any{&l.file, &l.name, &l.value}, func() error {
		l.file, l.name = filepath.Base(l.file), strings.ToLower(l.name)
		out = append(out, l)
		return nil
	})
	return out, err
}

// differ compares them with what Patroni's file and the declaration say.
func (s settings) differ(declared map[string]any) (out []string) {
	patroni, last := map[string]string{}, map[string]setting{}
	for _, l := range s.lines {
		if last[l.name] = l; l.file == patroniFile {
			patroni[l.name] = l.value
		}
	}
	told := map[string]bool{}
	for _, name := range slices.Sorted(maps.Keys(last)) {
		l := last[name]
		want, set := patroni[name]
		switch {
		case l.file == systemFile && l.value != want && (set || guarded(name)):
			told[name] = true
			text := fmt.Sprintf("ALTER SYSTEM has set %s to %s", name, shown(name, l.value))
			if set {
				text += ", and Patroni to " + shown(name, want)
			}
			out = append(out, text+": take it back with ALTER SYSTEM RESET "+name+" and SELECT pg_reload_conf()")
		case l.file == patroniFile && declared[name] != nil && l.value != fmt.Sprint(declared[name]):
			told[name] = true
			out = append(out, fmt.Sprintf("%s is %s in %s, declared is %v", name, shown(name, l.value), patroniFile, declared[name]))
		}
	}
	for _, name := range durable() {
		if v, known := s.now[name]; known && !safe(v) && !told[name] {
			out = append(out, fmt.Sprintf("%s is %s and loses what was acknowledged in a crash: SELECT pg_reload_conf() where no file says so, or restart it", name, v))
		}
	}
	for _, who := range slices.Sorted(maps.Keys(s.roles)) {
		for one := range strings.SplitSeq(s.roles[who], "\n") {
			name, value, _ := strings.Cut(one, "=")
			if strings.EqualFold(name, "default_transaction_read_only") && on(value) {
				out = append(out, fmt.Sprintf("%s is %s for %s, so that it writes nothing: take it back with ALTER ROLE or ALTER DATABASE, RESET %s", name, value, who, name))
			}
			if slices.Contains(durable(), strings.ToLower(name)) && !safe(value) {
				out = append(out, fmt.Sprintf("%s is %s for %s and loses what was acknowledged in a crash: take it back with ALTER ROLE or ALTER DATABASE, RESET %s", name, value, who, name))
			}
		}
	}
	return out
}

func guarded(name string) bool {
	return slices.Contains(durable(), name) || slices.Contains(steered(), name) ||
		slices.ContainsFunc([]string{"archive_", "recovery_", "restore_command", "hot_standby", "default_transaction_", "session_preload_libraries"}, func(p string) bool { return strings.HasPrefix(name, p) })
}

// safe tells whether a durable setting holds what was acknowledged.
func safe(value string) bool { return on(value) || strings.EqualFold(value, "remote_apply") }

// on tells whether a switch is on, as PostgreSQL reads it.
func on(value string) bool {
	return slices.Contains([]string{"on", "true", "yes", "1"}, strings.ToLower(value))
}

// shown is a value as people may read it: a connection string may hold a password.
func shown(name, value string) string {
	const most = 80
	switch {
	case name == "primary_conninfo":
		return "something"
	case value == "":
		return "nothing"
	case len(value) > most:
		return strings.ToValidUTF8(value[:most], "") + "…"
	}
	return value
}
