package postgres

import (
	"slices"
	"strings"
	"testing"
)

// What wins over Patroni's file is told, and what nobody declares is anybody's.
func TestSettingsThatDiffer(t *testing.T) {
	t.Parallel()
	declared := map[string]any{"max_connections": 100, "wal_keep_size": "128MB"}
	whole := []setting{
		{"postgresql.base.conf", "wal_keep_size", "0"}, {patroniFile, "max_connections", "100"}, {patroniFile, "wal_keep_size", "128MB"},
		{patroniFile, "archive_command", "push"}, {patroniFile, "synchronous_standby_names", "ANY 1 (b,c)"}, {patroniFile, "primary_conninfo", "host=x"},
	}
	for name, c := range map[string]struct {
		lines []setting
		now   map[string]string
		roles map[string]string
		want  []string
	}{
		"as Patroni sets it":              {now: map[string]string{"fsync": "on", "synchronous_commit": "on"}},
		"nobody declares it":              {lines: []setting{{systemFile, "work_mem", "1GB"}}, roles: map[string]string{"role app": "work_mem=1GB\nTimeZone=CET"}},
		"the same value":                  {lines: []setting{{systemFile, "wal_keep_size", "128MB"}}},
		"a stronger promise":              {now: map[string]string{"synchronous_commit": "remote_apply"}},
		"less of the log":                 {lines: []setting{{systemFile, "wal_keep_size", "0"}}, want: []string{"ALTER SYSTEM has set wal_keep_size to 0, and Patroni to 128MB: take it back with ALTER SYSTEM RESET wal_keep_size and SELECT pg_reload_conf()"}},
		"an archiver that stores nothing": {lines: []setting{{systemFile, "archive_command", "/bin/true"}}, want: []string{"ALTER SYSTEM has set archive_command to /bin/true, and Patroni to push"}},
		"no synchronous standbys":         {lines: []setting{{systemFile, "synchronous_standby_names", ""}}, want: []string{"ALTER SYSTEM has set synchronous_standby_names to nothing, and Patroni to ANY 1 (b,c)"}},
		"a password":                      {lines: []setting{{systemFile, "primary_conninfo", "password=secret"}}, want: []string{"ALTER SYSTEM has set primary_conninfo to something, and Patroni to something"}},
		"before it counts":                {lines: []setting{{systemFile, "fsync", "off"}}, now: map[string]string{"fsync": "on"}, want: []string{"ALTER SYSTEM has set fsync to off: take it back"}},
		"told once":                       {lines: []setting{{systemFile, "fsync", "off"}}, now: map[string]string{"fsync": "off"}, want: []string{"ALTER SYSTEM has set fsync to off: take it back"}},
		"on the command line":             {now: map[string]string{"full_page_writes": "off"}, want: []string{"full_page_writes is off and loses"}},
		"by hand":                         {lines: []setting{{patroniFile, "max_connections", "500"}}, want: []string{"max_connections is 500 in postgresql.conf, declared is 100"}},
		"a standby that lags on purpose":  {lines: []setting{{systemFile, "recovery_min_apply_delay", "10min"}}, want: []string{"ALTER SYSTEM has set recovery_min_apply_delay to 10min: take"}},
		"a role that writes nothing":      {roles: map[string]string{"role app": "default_transaction_read_only=on"}, want: []string{"default_transaction_read_only is on for role app, so that it writes nothing"}},
		"for a role":                      {roles: map[string]string{"role app": "synchronous_commit=off"}, want: []string{"synchronous_commit is off for role app and loses"}},
	} {
		got := settings{append(slices.Clone(whole), c.lines...), c.now, c.roles}.differ(declared)
		if !slices.EqualFunc(got, c.want, strings.HasPrefix) {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
		if strings.Contains(strings.Join(got, ""), "secret") {
			t.Errorf("%s tells a password: %q", name, got)
		}
	}
}
