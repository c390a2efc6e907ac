package notify

import (
	"errors"
	"fmt"
	"net"
	"net/url"
	"os"
	"strings"
)

// Secret is text that is shown nowhere: not by JSON, and not by %v, not even as a field of
// another struct, where fmt calls no methods and prints but the pointer.
type Secret struct{ hidden *string }

// reveal is for those who must send it.
func (s Secret) reveal() string {
	if s.hidden == nil {
		return ""
	}
	return *s.hidden
}

// String hides it.
func (Secret) String() string { return "[secret]" }

// GoString hides it.
func (Secret) GoString() string { return "[secret]" }

// MarshalText hides it.
func (Secret) MarshalText() ([]byte, error) { return []byte("[secret]"), nil }

// NewSecret wraps text that is already in memory.
func NewSecret(text string) Secret { return Secret{&text} }

// maxSecret bounds a secret's file, in bytes.
const maxSecret = 4096

// ReadSecret reads a secret from a file of mode 0600; spaces around it are left out.
func ReadSecret(path string) (Secret, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Secret{}, fmt.Errorf("read secret: %w", err)
	}
	if mode := info.Mode().Perm(); mode&0o077 != 0 {
		return Secret{}, fmt.Errorf("%s holds a secret and has mode %#o: others can read it; chmod 600 it, and replace the secret if it may have been read", path, mode)
	}
	if info.Size() > maxSecret {
		return Secret{}, fmt.Errorf("%s has %d bytes: that is no secret of ours", path, info.Size())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return Secret{}, fmt.Errorf("read secret: %w", err)
	}
	text := strings.TrimSpace(string(b))
	if text == "" {
		return Secret{}, fmt.Errorf("%s is empty: write the secret into it", path)
	}
	return NewSecret(text), nil
}

var errAddress = errors.New("not an https address")

// endpoint checks an address without ever repeating it. Plain http is for this machine.
func endpoint(s Secret) (*url.URL, error) {
	u, err := url.Parse(s.reveal())
	if err != nil || u.Host == "" || u.User != nil {
		return nil, errAddress
	}
	ip := net.ParseIP(u.Hostname())
	local := u.Hostname() == "localhost" || (ip != nil && ip.IsLoopback())
	if u.Scheme != "https" && (u.Scheme != "http" || !local) {
		return nil, errAddress
	}
	return u, nil
}

// redacted is an error without the secrets that its cause may repeat. It gives its cause
// to errors.Is only.
type redacted struct {
	text  string
	cause error
}

func (r redacted) Error() string { return r.text }

func (r redacted) Is(target error) bool { return errors.Is(r.cause, target) }

// redact replaces every secret, also where it was escaped for a URL or JSON.
func redact(err error, secrets ...Secret) error {
	if err == nil {
		return nil
	}
	return redacted{hide(err.Error(), secrets...), err}
}

// minHidden characters of a secret are worth hiding; shorter parts are words.
const minHidden = 8

func hide(text string, secrets ...Secret) string {
	for _, s := range secrets {
		u, err := url.Parse(s.reveal())
		whole := s.reveal()
		parts := []string{whole, url.QueryEscape(whole), url.PathEscape(whole), strings.TrimPrefix(whole, secretPrefix)}
		if err == nil && u.Host != "" { // the path and the query of a URL are the secret in it
			parts = append(parts, u.String(), u.RequestURI(), strings.TrimPrefix(u.EscapedPath(), "/"), u.RawQuery)
			parts = append(parts, strings.Split(u.EscapedPath(), "/")...)
		}
		for _, p := range parts {
			if len(p) >= minHidden {
				text = strings.ReplaceAll(text, p, "[secret]")
			}
		}
	}
	return text
}
