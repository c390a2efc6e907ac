package machines

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"strings"
)

// Invitation is what a machine needs to join: who it will be, where the gate is, how it is
// known, and the secret that is good for one time.
type Invitation struct {
	Machine string `json:"server"`
	Gate    string `json:"gate"`     // HOST:PORT
	GateKey string `json:"gate_key"` // fingerprint
	Secret  string `json:"-"`
}

const scheme = "fournines"

// String writes it as `fournines server --join` takes it.
func (i Invitation) String() string {
	return (&url.URL{Scheme: scheme, Host: i.Gate, Path: "/" + i.Machine, RawQuery: url.Values{"key": {i.GateKey}, "secret": {i.Secret}}.Encode()}).String()
}

// ParseInvitation reads what String has written.
func ParseInvitation(s string) (Invitation, error) {
	u, err := url.Parse(strings.TrimSpace(s))
	if err != nil {
		return Invitation{}, errors.New("read invitation: it is no URL; copy the whole line that `fournines servers invite` printed, in quotes")
	}
	i := Invitation{Machine: strings.TrimPrefix(u.Path, "/"), Gate: u.Host, GateKey: u.Query().Get("key"), Secret: u.Query().Get("secret")}
	_, port, err := net.SplitHostPort(i.Gate)
	switch {
	case u.Scheme != scheme:
		err = fmt.Errorf("it begins with %q, not with %s://", u.Scheme, scheme)
	case err != nil || port == "" || u.User != nil:
		err = errors.New("it names no gate as HOST:PORT")
	case i.Machine == "":
		err = errors.New("it names no server")
	case !strings.HasPrefix(i.GateKey, "SHA256:") || i.Secret == "":
		err = errors.New("its key or its secret is missing: put it in quotes, because of the & in it")
	}
	if err != nil {
		return Invitation{}, fmt.Errorf("read invitation: %w", err)
	}
	return i, nil
}
