package staging

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/driver/pgbackrest"
)

// Plan says what is restored, where, and what is looked at.
type Plan struct {
	Dir     string            `json:"dir"`    // of this run alone; it is made, and is gone afterwards. Beside it stands DIR.lock
	Bin     string            `json:"bin"`    // directory of PostgreSQL's programs, of the version of the backup
	Backup  string            `json:"backup"` // label
	Target  pgbackrest.Target `json:"target"`
	Loss    time.Time         `json:"loss,omitzero"`     // the moment that is played: the cluster is lost then
	User    string            `json:"user"`              // a superuser of the cluster
	Digests []string          `json:"digests,omitempty"` // databases of whose tables fingerprints are made

	// PgBackRest is its path, Home the directory of its configuration, Stanza the cluster's name in
	// the repository, and Segment the bytes of a segment of the log, 16 MiB by default.
	PgBackRest string `json:"pgbackrest"`
	Home       string `json:"home"`
	Stanza     string `json:"stanza"`
	Segment    int64  `json:"segment,omitempty"`

	Alive    time.Duration `json:"alive,omitempty"`    // ns; how long the promoted server must answer, 10 s by default
	Patience time.Duration `json:"patience,omitempty"` // ns; how long a store may be away while the log is replayed, 5 min by default
	Keep     bool          `json:"keep,omitempty"`     // the directory stays, with the stopped server in it; somebody must take it away

	// Self is the command line of a process that answers [EnterVerb] and [FetchVerb].
	Self     []string `json:"-"`
	Env      []string `json:"-"` // what the programs need to start
	UID, GID int      `json:"-"` // user of the server and of pgBackRest; -1: ours
}

// The defaults of a plan.
const (
	defaultAlive    = 10 * time.Second
	defaultPatience = 5 * time.Minute
)

// administered is the database that a server is looked at from.
const administered = "postgres"

// The server's port is a name in its own directory: nobody listens on it.
const (
	port       = "5432"
	socketName = ".s.PGSQL." + port
	mostSocket = 107 // characters of a Unix socket's path on Linux
)

// engine drives pgBackRest from inside the directory, so that whoever clears that ends it.
func (p Plan) engine() pgbackrest.Engine {
	return pgbackrest.Engine{Program: p.PgBackRest, Home: p.Home, Work: p.Dir, Stanza: p.Stanza, Env: p.Env, UID: p.UID, GID: p.GID, Segment: p.Segment}
}

// check refuses a plan that cannot be carried out, and says where it is wrong.
func (p Plan) check() error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	for what, path := range map[string]string{"dir": p.Dir, "bin": p.Bin, "pgbackrest": p.PgBackRest, "home": p.Home} {
		if !filepath.IsAbs(path) || filepath.Clean(path) != path || path == "/" {
			wrong("%s %q is no absolute path in its shortest form", what, path)
		}
		if strings.ContainsAny(path, "\r\n\x00") {
			wrong("%s %q has a line break", what, path)
		}
	}
	for what, value := range map[string]string{"backup": p.Backup, "stanza": p.Stanza, "user": p.User} {
		if value == "" {
			wrong("%s is missing", what)
		}
	}
	if p.Dir == p.Home || strings.HasPrefix(p.Home, p.Dir+"/") {
		wrong("dir %q holds the home of pgBackRest: what is in dir is taken away", p.Dir)
	}
	if n := len(filepath.Join(p.Dir, socketName)); n > mostSocket {
		wrong("dir %q is too long: the server's socket would have %d characters, at most %d are possible", p.Dir, n, mostSocket)
	}
	if p.Alive < 0 || p.Patience < 0 {
		wrong("alive and patience must not be negative")
	}
	if len(p.Self) == 0 {
		wrong("nobody says which program the server fetches its log with")
	}
	if os.Getuid() == 0 && p.UID <= 0 {
		wrong("PostgreSQL does not run as root: start the run as another user")
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("plan of a restore: %w", err)
	}
	return nil
}

// data is the server's directory.
func (p Plan) data() string { return filepath.Join(p.Dir, "data") }

// own gives a path to the server's user.
func (p Plan) own(path string) error {
	if p.UID < 0 {
		return nil
	}
	return os.Chown(path, p.UID, p.GID)
}
