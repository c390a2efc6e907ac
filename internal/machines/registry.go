// Package machines keeps which other machines may join an installation, to run a server of
// its control plane there (row 7.1.9).
//
// It decides whose key is accepted: that of whoever shows the secret of an invitation that
// stands, once. Invariants: an invitation ends with its time, with its use, and with the
// next one for the same machine; a secret is kept as its hash only; every change is on the
// disk before it is answered, and is told to the journal once it can be, in order.
//
// The package never listens or dials, and never writes to the journal itself.
package machines

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"syscall"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/greenlang/fournines/internal/journal/durable"
)

// Registry is the machines of one installation, in a directory. Several processes may use
// it at once: each call reads what is there, and one that changes it has it alone.
type Registry struct {
	Dir string
	Now func() time.Time
}

// Change is something that the journal must know.
type Change struct {
	ID      string    `json:"id"`
	Machine string    `json:"machine"`
	What    string    `json:"what"` // Invited, Joined or Dismissed
	By      string    `json:"by,omitempty"`
	Key     string    `json:"key,omitempty"` // fingerprint, as [ssh.FingerprintSHA256] writes it
	At      time.Time `json:"at"`
	Until   time.Time `json:"until,omitzero"` // of an invitation
}

// What happens to machines.
const (
	Invited   = "invited"
	Joined    = "joined"
	Dismissed = "dismissed"
)

type content struct {
	Invitations map[string]invitation `json:"invitations,omitempty"`
	Keys        map[string][]byte     `json:"keys,omitempty"` // as SSH writes public keys
	Untold      []Change              `json:"untold,omitempty"`
}

type invitation struct {
	Hash  []byte    `json:"hash"` // SHA-256 of the secret
	Until time.Time `json:"until"`
}

const (
	file    = "machines.json"
	keyFile = "gate.key"
)

func (r Registry) read() (content, error) {
	var c content
	b, err := os.ReadFile(filepath.Join(r.Dir, file))
	if errors.Is(err, fs.ErrNotExist) {
		return c, nil
	}
	if err == nil {
		err = json.Unmarshal(b, &c)
	}
	if err != nil {
		return c, fmt.Errorf("read the machines that may join: %s: %w", filepath.Join(r.Dir, file), err)
	}
	return c, nil
}

// alone calls f while no other process is in here.
func (r Registry) alone(f func() error) error {
	if err := os.MkdirAll(r.Dir, 0o700); err != nil {
		return fmt.Errorf("keep the machines that may join: %w", err)
	}
	lock, err := os.OpenFile(filepath.Join(r.Dir, "lock"), os.O_CREATE|os.O_RDWR, 0o600)
	if err != nil {
		return fmt.Errorf("keep the machines that may join: %w", err)
	}
	defer lock.Close() //nolint:errcheck // it ends the lock
	if err := syscall.Flock(int(lock.Fd()), syscall.LOCK_EX); err != nil {
		return fmt.Errorf("keep the machines that may join: %w", err)
	}
	return f()
}

// change reads, changes and keeps the content.
func (r Registry) change(f func(*content) error) error {
	return r.alone(func() error {
		c, err := r.read()
		if err != nil {
			return err
		}
		if err := f(&c); err != nil {
			return err
		}
		b, err := json.MarshalIndent(c, "", " ")
		if err != nil {
			return err
		}
		return durable.Replace(durable.OS{}, filepath.Join(r.Dir, file), b)
	})
}

func random() string {
	b := make([]byte, 20)
	_, _ = rand.Read(b) // never fails, see crypto/rand
	return hex.EncodeToString(b)
}

func (c *content) tell(x Change) {
	x.ID = random()
	c.Untold = append(c.Untold, x)
}

// Invite makes an invitation for a machine that stands for some time, and returns its secret.
func (r Registry) Invite(machine, by string, stands time.Duration) (secret string, err error) {
	secret = random()
	hash := sha256.Sum256([]byte(secret))
	return secret, r.change(func(c *content) error {
		if c.Invitations == nil {
			c.Invitations = map[string]invitation{}
		}
		until := r.Now().Add(stands).UTC()
		c.Invitations[machine] = invitation{hash[:], until}
		c.tell(Change{Machine: machine, What: Invited, By: by, At: r.Now().UTC(), Until: until})
		return nil
	})
}

// ErrNone means that there is no such machine.
var ErrNone = errors.New("no machine has joined or was invited under that name")

// Dismiss takes back a machine's key and its invitation.
func (r Registry) Dismiss(machine, by string) error {
	return r.change(func(c *content) error {
		_, invited := c.Invitations[machine]
		key, joined := c.Keys[machine]
		if !invited && !joined {
			return fmt.Errorf("dismiss %s: %w", machine, ErrNone)
		}
		delete(c.Invitations, machine)
		delete(c.Keys, machine)
		c.tell(Change{Machine: machine, What: Dismissed, By: by, Key: fingerprint(key), At: r.Now().UTC()})
		return nil
	})
}

func fingerprint(key []byte) string {
	k, err := ssh.ParsePublicKey(key)
	if err != nil {
		return "" // there is none
	}
	return ssh.FingerprintSHA256(k)
}

func (c content) invited(machine, secret string, now time.Time) bool {
	i, ok := c.Invitations[machine]
	hash := sha256.Sum256([]byte(secret))
	return ok && now.Before(i.Until) && subtle.ConstantTimeCompare(i.Hash, hash[:]) == 1
}

// Invited implements tunnel.Registry.
func (r Registry) Invited(machine, secret string) bool {
	c, err := r.read()
	return err == nil && c.invited(machine, secret, r.Now())
}

// Accept implements tunnel.Registry.
func (r Registry) Accept(machine, secret string, key []byte) error {
	return r.change(func(c *content) error {
		if bytes.Equal(c.Keys[machine], key) {
			return nil
		}
		if !c.invited(machine, secret, r.Now()) {
			return fmt.Errorf("no invitation of %s with that secret stands", machine)
		}
		if c.Keys == nil {
			c.Keys = map[string][]byte{}
		}
		delete(c.Invitations, machine)
		c.Keys[machine] = key
		c.tell(Change{Machine: machine, What: Joined, Key: fingerprint(key), At: r.Now().UTC()})
		return nil
	})
}

// Key implements tunnel.Registry.
func (r Registry) Key(machine string) []byte {
	c, err := r.read()
	if err != nil {
		return nil
	}
	return c.Keys[machine]
}

// Untold returns what the journal does not know yet, the oldest first.
func (r Registry) Untold() ([]Change, error) {
	c, err := r.read()
	return c.Untold, err
}

// Told notes that the journal knows a change.
func (r Registry) Told(id string) error {
	return r.change(func(c *content) error {
		if len(c.Untold) > 0 && c.Untold[0].ID == id {
			c.Untold = c.Untold[1:]
		}
		return nil
	})
}

// Signer returns the gate's own key, and makes it where there is none.
func (r Registry) Signer() (ssh.Signer, error) {
	var s ssh.Signer
	err := r.alone(func() (err error) {
		s, err = Signer(filepath.Join(r.Dir, keyFile))
		return err
	})
	return s, err
}

// Signer returns the key in a file, and makes it where there is none. Nobody else may do so
// at the same time.
func Signer(path string) (ssh.Signer, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		b, err = newKey(path)
	}
	if err != nil {
		return nil, fmt.Errorf("read key: %w", err)
	}
	s, err := ssh.ParsePrivateKey(b)
	if err != nil {
		return nil, fmt.Errorf("read key %s: %w", path, err)
	}
	return s, nil
}

func newKey(path string) ([]byte, error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
		return nil, err
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	block, err := ssh.MarshalPrivateKey(key, "fournines")
	if err != nil {
		return nil, err
	}
	b := pem.EncodeToMemory(block)
	return b, durable.Replace(durable.OS{}, path, b)
}
