package pgbackrest

import (
	"errors"
	"fmt"
	"net"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// Stanza is one PostgreSQL cluster as pgBackRest sees it, and where its backups go.
type Stanza struct {
	Name       string // in the repository
	Program    string // pgBackRest's path
	Home       string // directory of everything that this driver writes; "{home}" for a node to fill in
	Data       string // PostgreSQL's data directory
	SocketDir  string // of the server's Unix socket: pgBackRest knows no other way to a server of its own host
	Port       int
	User       string // a superuser
	Password   string // empty: the server trusts the socket
	Repository Repository
	Processes  int           // that copy at once, 2 by default
	Archiving  time.Duration // longest wait until a segment is stored, 60 s by default
}

// Repository is where backups are stored: a bucket of any S3, over TLS.
type Repository struct {
	Endpoint   string // HOST:PORT
	Bucket     string
	Path       string // that everything is below, /… ; several stanzas may share it
	Region     string // us-east-1 by default
	AccessKey  string
	SecretKey  string
	CAFile     string        // PEM of the endpoint's authority; empty: the system's
	Passphrase string        // encrypts everything (AES-256); whoever loses it has lost the backups
	Patience   time.Duration // longest wait for an answer, 30 s by default; each request is tried about four times
}

// The defaults of a stanza.
const (
	defaultProcesses = 2
	defaultArchiving = 60 * time.Second
	defaultPatience  = 30 * time.Second
	defaultRegion    = "us-east-1"
)

// mostSocket is how long the name of a Unix socket may be on Linux.
const mostSocket = 107

// minPassphrase is how long a passphrase is at least: nothing else keeps a copied bucket closed.
const minPassphrase = 20

// names are stanzas, buckets, regions and users as pgBackRest, S3 and PostgreSQL all take them.
var names = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]*$`)

// check refuses what pgBackRest would read as something else, and says where it is wrong.
func (s Stanza) check() error {
	r := s.Repository
	var errs []error
	wrong := func(what, value, why string) {
		errs = append(errs, fmt.Errorf("%s %q %s", what, value, why))
	}
	for what, value := range map[string]string{"name": s.Name, "user": s.User, "bucket": r.Bucket, "region": or(r.Region, defaultRegion)} {
		if !names.MatchString(value) {
			wrong(what, value, "must be letters, digits, '.', '_' and '-', and begin with a letter or digit")
		}
	}
	for what, value := range map[string]string{"home": s.Home, "data directory": s.Data, "socket directory": s.SocketDir, "program": s.Program, "path in the bucket": r.Path} {
		if !filepath.IsAbs(value) && !strings.HasPrefix(value, placeholder) {
			wrong(what, value, "must be an absolute path")
		}
	}
	if host, port, err := net.SplitHostPort(r.Endpoint); err != nil || host == "" {
		wrong("endpoint", r.Endpoint, "must be HOST:PORT, without a scheme: TLS is always used")
	} else if n, err := strconv.Atoi(port); err != nil || n < 1 || n > 65535 {
		wrong("endpoint", r.Endpoint, "has no valid port")
	}
	if socket := s.SocketDir + "/.s.PGSQL." + strconv.Itoa(s.Port); len(socket) > mostSocket {
		wrong("socket directory", s.SocketDir, fmt.Sprintf("is too long: its socket would have %d characters, at most %d are possible", len(socket), mostSocket))
	}
	if s.Port < 1 || s.Port > 65535 {
		wrong("port", strconv.Itoa(s.Port), "must be 1 to 65535")
	}
	if r.AccessKey == "" || r.SecretKey == "" {
		errs = append(errs, errors.New("the bucket's keys are missing"))
	}
	if len(r.Passphrase) < minPassphrase {
		errs = append(errs, fmt.Errorf("the passphrase has %d characters, at least %d are needed", len(r.Passphrase), minPassphrase))
	}
	for what, value := range map[string]string{
		"home": s.Home, "data directory": s.Data, "socket directory": s.SocketDir, "program": s.Program, "path in the bucket": r.Path, "certificate authority": r.CAFile,
		"access key": r.AccessKey, "secret key": r.SecretKey, "passphrase": r.Passphrase, "password": s.Password,
	} {
		if strings.TrimSpace(value) != value || strings.ContainsAny(value, "\r\n\x00") {
			errs = append(errs, fmt.Errorf("the %s has a line break, or a space at its beginning or end", what)) // the value may be a secret
		}
	}
	if err := errors.Join(errs...); err != nil {
		return fmt.Errorf("configure backups of %q: %w", s.Name, err)
	}
	return nil
}

// placeholder stands for the unit's home in what a node is told.
const placeholder = "{home}"

func or[T comparable](value, otherwise T) T {
	var zero T
	if value == zero {
		return otherwise
	}
	return value
}
