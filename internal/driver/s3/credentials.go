package s3

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"os"
	"strings"
)

// Credentials are an access key with its secret. They print as neither.
type Credentials struct {
	AccessKey, SecretKey string
	SessionToken         string // of temporary credentials
}

// String hides the secret, so that no log can hold it.
func (c Credentials) String() string { return "credentials of " + c.AccessKey }

// GoString hides the secret from %#v as well.
func (c Credentials) GoString() string { return c.String() }

// LoadCredentials reads a shared credentials file of the AWS tools, profile [default].
// Nobody but its owner may be able to read it.
func LoadCredentials(path string) (Credentials, error) {
	info, err := os.Stat(path)
	if err != nil {
		return Credentials{}, fmt.Errorf("read credentials of the object store: %w", err)
	}
	if info.Mode().Perm()&0o077 != 0 {
		return Credentials{}, fmt.Errorf("read credentials of the object store: others than its owner may read %s (mode %04o); chmod 600 it and change the keys", path, info.Mode().Perm())
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return Credentials{}, fmt.Errorf("read credentials of the object store: %w", err)
	}
	c, err := ParseCredentials(b)
	if err != nil {
		return Credentials{}, fmt.Errorf("read credentials of the object store in %s: %w", path, err)
	}
	return c, nil
}

var errNoCredentials = errors.New("aws_access_key_id or aws_secret_access_key is missing below [default]")

// ParseCredentials reads the profile [default]; lines before any profile belong to it too.
func ParseCredentials(b []byte) (Credentials, error) {
	var c Credentials
	profile, line := "default", 0
	for s := bufio.NewScanner(bytes.NewReader(b)); s.Scan(); {
		line++
		text := strings.TrimSpace(s.Text())
		if text == "" || text[0] == '#' || text[0] == ';' {
			continue
		}
		if text[0] == '[' && text[len(text)-1] == ']' {
			profile = strings.TrimSpace(text[1 : len(text)-1])
			continue
		}
		name, value, ok := strings.Cut(text, "=")
		if !ok {
			return Credentials{}, fmt.Errorf("line %d is neither [profile] nor name = value", line)
		}
		if profile == "default" {
			c.set(strings.ToLower(strings.TrimSpace(name)), strings.TrimSpace(value))
		}
	}
	if c.AccessKey == "" || c.SecretKey == "" {
		return Credentials{}, errNoCredentials
	}
	return c, nil
}

func (c *Credentials) set(name, value string) {
	switch name {
	case "aws_access_key_id":
		c.AccessKey = value
	case "aws_secret_access_key":
		c.SecretKey = value
	case "aws_session_token":
		c.SessionToken = value
	}
}
