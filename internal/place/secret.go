package place

import (
	"crypto/rand"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/greenlang/fournines/internal/whole"
)

// Secrets are this installation's passwords and tokens. They live in one file with
// mode 0600, and never in arguments, the journal or a log.
type Secrets struct {
	Token      string `json:"token"`      // of people: API and console
	NodeToken  string `json:"node_token"` // of nodes and edges
	Superuser  string `json:"superuser"`
	Replicator string `json:"replicator"`
	Patroni    string `json:"patroni"`
	Probe      string `json:"probe"`
	GreenLang  string `json:"greenlang"`
	Redis      string `json:"redis"`
	App        string `json:"app"`                  // bearer token of the application's API, where it leaves loopback
	Objects    string `json:"objects"`              // secret key of the embedded object store
	Buckets    string `json:"buckets"`              // secret key of the regions' object stores
	Backups    string `json:"backups"`              // encrypts the backups: whoever loses it has lost them
	Servers    string `json:"servers"`              // of servers, among themselves
	Journal    string `json:"journal,omitempty"`    // private key of the journal that several servers hold
	Pseudonyms string `json:"pseudonyms,omitempty"` // key of pseudonyms of several servers, hexadecimal
	// Applications may send audit events, each with a token of its own, and under no other
	// name. GreenLang's is made; those of others are added here by hand.
	Applications map[string]string `json:"applications,omitempty"`
}

const (
	SecretsFile = "secrets.json"
	// TokenFile holds the token of people alone, for the command line.
	TokenFile = "token"
	// PersonsMaster wraps the keys of persons. It lies beside their directory, so that a
	// copy of the one does not hold the other.
	PersonsMaster = "persons.master"
)

func newSecret() string {
	b := make([]byte, 20)
	_, _ = rand.Read(b) // never fails, see crypto/rand
	return hex.EncodeToString(b)
}

// LoadSecrets reads the secrets of the installation in root.
func LoadSecrets(root string) (Secrets, error) {
	var s Secrets
	b, err := os.ReadFile(filepath.Join(root, SecretsFile))
	if err != nil {
		return s, fmt.Errorf("read secrets: %w", err)
	}
	if err := json.Unmarshal(b, &s); err != nil {
		return s, fmt.Errorf("read secrets in %s: %w", root, err)
	}
	return s, nil
}

// EnsureSecrets makes the secrets where there are none yet.
func EnsureSecrets(root string) (Secrets, error) {
	s, err := LoadSecrets(root)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return s, err
	}
	complete := true
	for _, p := range []*string{&s.Token, &s.NodeToken, &s.Superuser, &s.Replicator, &s.Patroni, &s.Probe, &s.GreenLang, &s.Redis, &s.App, &s.Objects, &s.Buckets, &s.Backups, &s.Servers} {
		if *p != "" {
			continue
		}
		complete = false
		*p = newSecret()
	}
	if s.Applications[GreenLang] == "" {
		complete = false
		if s.Applications == nil {
			s.Applications = map[string]string{}
		}
		s.Applications[GreenLang] = newSecret()
	}
	if complete {
		return s, nil
	}
	if err := whole.Write(filepath.Join(root, TokenFile), []byte(s.Token+"\n"), 0o600); err != nil {
		return s, err
	}
	return s, s.Save(root)
}

func (s Secrets) Save(root string) error {
	b, err := json.MarshalIndent(s, "", " ")
	if err != nil {
		return err
	}
	return whole.Write(filepath.Join(root, SecretsFile), b, 0o600)
}

// FoundedFile says that the quorum was founded, so that a first server that has lost its
// directory joins the others instead of founding another.
const FoundedFile = "quorum.founded"

const PersonsDir = "persons"
