package patroni

import (
	"fmt"
	"maps"
	"path/filepath"
	"strings"

	"github.com/goccy/go-yaml"

	"github.com/greenlang/fournines/internal/driver/postgres"
	"github.com/greenlang/fournines/internal/spec"
)

// Member is one PostgreSQL server under its own Patroni.
type Member struct {
	Scope   string   // cluster name in etcd
	Name    string   // member name in etcd
	Address string   // IP address
	Etcd    []string // client endpoints, host:port, the nearest first
	Network string   // CIDR from which clients and replicas come
	BinDir  string   // PostgreSQL's programs
	Secrets Secrets
	Grants  []Database
	Partner []string // addresses of the partner region's members; empty: it has none here
	Standby bool     // begins as a standby cluster of the partner
	Archive Archive
}

// Archive is what the member needs to store its write-ahead log elsewhere; the zero value stores none.
type Archive struct {
	Parameters map[string]string // of PostgreSQL, by name
	Rules      []string          // lines of pg_hba.conf
}

// parameters are those of PostgreSQL that belong to the member alone.
func (a Archive) parameters() map[string]string {
	out := map[string]string{"unix_socket_directories": ""}
	maps.Copy(out, a.Parameters)
	return out
}

// Secrets are the passwords that Patroni itself needs.
type Secrets struct {
	Superuser, Replication, REST, Probe string
}

// Database is made at bootstrap, with a role of the same name that owns it.
type Database struct{ Name, Password string }

// The ports of a member, the engines' standard ones.
const (
	PostgresPort = spec.PostgresPort
	RESTPort     = spec.PatroniPort
)

// RESTUser may call Patroni's unsafe verbs.
const RESTUser = "fournines"

// Config renders the member's configuration, in which {home} stands for its directory.
func (m Member) Config(p spec.Postgres) (string, error) {
	hba := []string{
		"host replication replicator " + m.Network + " scram-sha-256",
		"host all all " + m.Network + " scram-sha-256", //nolint:dupword // databases and users
	}
	hba = append(hba, m.Archive.Rules...)
	rest := fmt.Sprintf("%s:%d", m.Address, RESTPort)
	doc := yaml.MapSlice{
		{Key: "scope", Value: m.Scope},
		{Key: "name", Value: m.Name},
		{Key: "restapi", Value: yaml.MapSlice{
			{Key: "listen", Value: rest}, {Key: "connect_address", Value: rest},
			{Key: "authentication", Value: map[string]string{"username": RESTUser, "password": m.Secrets.REST}},
		}},
		// Its own zone's etcd first: a member asks another zone only when its own is away,
		// so the loss of a zone does not leave it waiting for a dead connection.
		{Key: "etcd3", Value: map[string]any{"hosts": m.Etcd, "use_proxies": true}},
		{Key: "bootstrap", Value: yaml.MapSlice{
			{Key: "dcs", Value: m.dcs(p)},
			{Key: "initdb", Value: initdb(p)},
			{Key: "post_bootstrap", Value: "/bin/sh {home}/bootstrap.sh"},
		}},
		{Key: "postgresql", Value: yaml.MapSlice{
			{Key: "listen", Value: fmt.Sprintf("%s:%d", m.Address, PostgresPort)},
			{Key: "connect_address", Value: fmt.Sprintf("%s:%d", m.Address, PostgresPort)},
			{Key: "data_dir", Value: "{home}/data"},
			{Key: "bin_dir", Value: m.BinDir},
			{Key: "pgpass", Value: "{home}/pgpass"},
			{Key: "authentication", Value: map[string]any{
				"superuser":   map[string]string{"username": SuperUser, "password": m.Secrets.Superuser},
				"replication": map[string]string{"username": "replicator", "password": m.Secrets.Replication},
			}},
			{Key: "pg_hba", Value: hba},
			{Key: "parameters", Value: m.Archive.parameters()},
			{Key: "basebackup", Value: []any{map[string]string{"checkpoint": "fast"}}},
		}},
		{Key: "tags", Value: map[string]bool{"nofailover": false, "noloadbalance": false, "clonefrom": false}},
	}
	b, err := yaml.Marshal(doc)
	if err != nil {
		return "", fmt.Errorf("render patroni configuration of %s: %w", m.Name, err)
	}
	return string(b), nil
}

func (m Member) dcs(p spec.Postgres) yaml.MapSlice {
	dcs := yaml.MapSlice{
		{Key: "ttl", Value: int(p.TTL.D().Seconds())},
		{Key: "loop_wait", Value: int(p.LoopWait.D().Seconds())},
		{Key: "retry_timeout", Value: int(p.RetryTimeout.D().Seconds())},
		{Key: "primary_start_timeout", Value: int(p.PrimaryStartTimeout.D().Seconds())},
		{Key: "maximum_lag_on_failover", Value: spec.MaximumLag},
		{Key: "failsafe_mode", Value: p.Failsafe},
	}
	switch p.Synchronous {
	case "quorum":
		dcs = append(dcs, yaml.MapItem{Key: "synchronous_mode", Value: "quorum"}, yaml.MapItem{Key: "synchronous_node_count", Value: 1})
	case "strict":
		dcs = append(dcs, yaml.MapItem{Key: "synchronous_mode", Value: true}, yaml.MapItem{Key: "synchronous_mode_strict", Value: true})
	case "on":
		dcs = append(dcs, yaml.MapItem{Key: "synchronous_mode", Value: true})
	}
	if len(m.Partner) > 0 {
		dcs = append(dcs, yaml.MapItem{Key: "slots", Value: map[string]any{PartnerSlot: partnerSlot()}})
	}
	if m.Standby {
		dcs = append(dcs, yaml.MapItem{Key: "standby_cluster", Value: standbyCluster(m.Partner)})
	}
	parameters := map[string]any{ //nolint:gosec // password_encryption is no password
		"shared_buffers":               "32MB",
		"max_connections":              postgres.MaxConnections,
		"max_wal_senders":              10,
		"max_replication_slots":        10,
		"wal_keep_size":                "128MB",
		"max_slot_wal_keep_size":       "1GB", // a replica that stays away must not fill the primary's disk
		"hot_standby":                  "on",
		"wal_log_hints":                "on",
		"wal_sender_timeout":           "5s",
		"wal_receiver_timeout":         "5s",
		"wal_receiver_status_interval": "1s",
		"wal_retrieve_retry_interval":  "500ms",
		"tcp_keepalives_idle":          5,
		"tcp_keepalives_interval":      2,
		"tcp_keepalives_count":         3,
		"tcp_user_timeout":             5000, // milliseconds
		"password_encryption":          "scram-sha-256",
		"timezone":                     "GMT",
		"log_timezone":                 "GMT",
	}
	maps.Copy(parameters, bounds())
	return append(dcs, yaml.MapItem{Key: "postgresql", Value: yaml.MapSlice{
		{Key: "use_pg_rewind", Value: true},
		{Key: "use_slots", Value: true},
		{Key: "parameters", Value: parameters},
	}})
}

// bounds are the parameters that keep connections free for those who must have one.
func bounds() map[string]any {
	return map[string]any{
		"superuser_reserved_connections": postgres.ForSuperusers,
		"authentication_timeout":         fmt.Sprintf("%ds", int(postgres.AuthenticationTimeout.Seconds())),
	}
}

func initdb(p spec.Postgres) []any {
	out := []any{map[string]string{"encoding": "UTF8"}, map[string]string{"locale": "C.UTF-8"}}
	if p.Checksums {
		out = append(out, "data-checksums")
	}
	return out
}

// Bootstrap renders the script that runs once, on the first primary, with a
// superuser's connection string as its argument, and the SQL it feeds.
func (m Member) Bootstrap() (script, sql string) {
	script = fmt.Sprintf("set -eu\nexec %s -v ON_ERROR_STOP=1 -q -d \"$1\" -f '{home}/bootstrap.sql'\n", filepath.Join(m.BinDir, "psql"))
	var b strings.Builder
	fmt.Fprintf(&b, "CREATE ROLE %s LOGIN PASSWORD %s;\n", ProbeUser, literal(m.Secrets.Probe))
	fmt.Fprintf(&b, "CREATE SCHEMA fournines AUTHORIZATION %s;\nSET ROLE %s;\n", ProbeUser, ProbeUser)
	b.WriteString("CREATE TABLE fournines.heartbeat (observer text PRIMARY KEY, at timestamptz NOT NULL) WITH (fillfactor = 50);\nRESET ROLE;\n")
	for _, d := range m.Grants {
		fmt.Fprintf(&b, "CREATE ROLE %s LOGIN PASSWORD %s;\nCREATE DATABASE %s OWNER %s;\n", d.Name, literal(d.Password), d.Name, d.Name)
	}
	for _, statement := range m.Limits().Statements() {
		b.WriteString(statement + ";\n")
	}
	return script, b.String()
}

// Limits are what bounds the sessions of the member's server.
func (m Member) Limits() postgres.Limits {
	l := postgres.Limits{Probe: ProbeUser}
	for _, d := range m.Grants {
		l.Applications = append(l.Applications, d.Name)
	}
	return l
}

// SuperUser is PostgreSQL's superuser, whom Patroni works as.
const SuperUser = "postgres"

// ProbeUser is the role that write probes use.
const ProbeUser = "fournines_probe"

func literal(s string) string { return "'" + strings.ReplaceAll(s, "'", "''") + "'" }
