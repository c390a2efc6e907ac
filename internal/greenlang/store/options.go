package store

import (
	"cmp"
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
	"time"
)

// Options say where PostgreSQL is and how long to wait for it. Zero durations
// and counts mean the default beside them.
type Options struct {
	Address        string // host:port of the one listener that always leads to the primary
	Database       string // default greenlang
	User           string // default greenlang
	PasswordFile   string // read anew at every connect, so a rotated password needs no restart; empty: PGPASSFILE
	SSLMode        string // libpq's word; default disable, for loopback
	MaxConns       int32  // connections of this instance, default 16: three instances stay below half of the usual 100
	ConnectTimeout time.Duration
	AttemptTimeout time.Duration // one try, default 1.5 s: a hung primary must not eat the whole deadline of a request

	// Observe, if set, is told how each attempt ended: nil when PostgreSQL
	// answered, whatever it said; else why it did not. Called concurrently.
	Observe func(error)
}

func (o Options) withDefaults() (Options, error) {
	if _, _, err := net.SplitHostPort(o.Address); err != nil {
		return o, fmt.Errorf("read postgres address %q: %w; give host:port", o.Address, err)
	}
	o.Database = cmp.Or(o.Database, "greenlang")
	o.User = cmp.Or(o.User, "greenlang")
	o.SSLMode = cmp.Or(o.SSLMode, "disable")
	o.MaxConns = cmp.Or(o.MaxConns, 16)
	o.ConnectTimeout = cmp.Or(o.ConnectTimeout, time.Second)
	o.AttemptTimeout = cmp.Or(o.AttemptTimeout, 1500*time.Millisecond)
	if o.Observe == nil {
		o.Observe = func(error) {}
	}
	return o, nil
}

// url is the connection string; the password is never in it.
func (o Options) url() string {
	u := url.URL{Scheme: "postgres", User: url.User(o.User), Host: o.Address, Path: "/" + o.Database}
	u.RawQuery = url.Values{"sslmode": {o.SSLMode}, "application_name": {"greenlang"}}.Encode()
	return u.String()
}

// password reads the password file; the trailing newline does not count.
func (o Options) password() (string, error) {
	b, err := os.ReadFile(o.PasswordFile)
	if err != nil {
		return "", fmt.Errorf("read postgres password: %w", err)
	}
	p := strings.TrimRight(string(b), "\r\n")
	if p == "" {
		return "", errors.New("read postgres password: the file is empty")
	}
	return p, nil
}
