package pgbackrest

import (
	"path"
	"strconv"
	"strings"
	"time"
)

// archiveEvery bounds what is lost with a primary of which nobody receives the stream. PostgreSQL
// ends a segment after it, where anything was written.
const archiveEvery = 60 * time.Second

// Parameters are what PostgreSQL must be configured with to archive into the stanza, by the
// names of its parameters.
func (s Stanza) Parameters() map[string]string {
	return map[string]string{
		"archive_mode":            "on", // a standby does not archive: its primary does
		"archive_command":         s.command("archive-push") + ` "%p"`,
		"archive_timeout":         strconv.Itoa(int(archiveEvery.Seconds())) + "s",
		"unix_socket_directories": s.SocketDir,
	}
}

// Rules are the lines of pg_hba.conf that let pgBackRest in.
func (s Stanza) Rules() []string {
	method := "scram-sha-256"
	if s.Password == "" {
		method = "trust"
	}
	return []string{"local all " + s.User + " " + method}
}

// command is a command line for the shell that PostgreSQL runs it with.
func (s Stanza) command(verb string) string {
	return quoted(s.Program) + " --config=" + quoted(path.Join(s.Home, ConfigFile)) + " --stanza=" + s.Name + " " + verb
}

// quoted writes a word for the shell, in a parameter in which PostgreSQL reads %.
func quoted(word string) string {
	return "'" + strings.NewReplacer("'", `'\''`, "%", "%%").Replace(word) + "'"
}
