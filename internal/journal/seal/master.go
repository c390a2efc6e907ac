package seal

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"

	"github.com/greenlang/fournines/internal/journal/durable"
)

// master wraps data keys.
type master struct {
	key []byte
	id  string // names the key without showing it
}

func newMaster(key []byte) master {
	m := hmac.New(sha256.New, key)
	m.Write([]byte("fournines/seal/master/v1"))
	return master{key, hex.EncodeToString(m.Sum(nil)[:8])}
}

// wrap encrypts a data key for one subject.
func (m master) wrap(pseudonym string, key []byte) (keyFile, error) {
	aead, err := newAEAD(m.key)
	if err != nil {
		return keyFile{}, err
	}
	nonce := make([]byte, nonceSize)
	_, _ = rand.Read(nonce) // never fails, see crypto/rand
	return keyFile{V: 1, Master: m.id, Nonce: nonce, Key: aead.Seal(nil, nonce, key, wrapping(pseudonym))}, nil
}

// unwrap is the reverse; a wrapped key serves only the subject it was made for.
func (m master) unwrap(pseudonym string, f keyFile) ([]byte, error) {
	if f.Master != m.id {
		return nil, fmt.Errorf("it is wrapped by master key %s, this one is %s: restore the master key that belongs to this directory", f.Master, m.id)
	}
	aead, err := newAEAD(m.key)
	if err != nil {
		return nil, err
	}
	if len(f.Nonce) != nonceSize {
		return nil, errors.New("its nonce has the wrong length")
	}
	key, err := aead.Open(nil, f.Nonce, f.Key, wrapping(pseudonym))
	if err != nil || len(key) != keySize {
		return nil, errors.New("it was changed, or is another subject's: restore it from a backup, or erase the subject")
	}
	return key, nil
}

func wrapping(pseudonym string) []byte { return []byte("fournines/seal/wrap/v1\x00" + pseudonym) }

// readSecret reads a file of 32 secret bytes that nobody else may read.
func readSecret(f durable.Files, path string) ([]byte, error) {
	b, err := f.Read(path)
	if err != nil {
		return nil, err
	}
	if err := f.Private(path); err != nil {
		return nil, err
	}
	if len(b) != keySize {
		return nil, fmt.Errorf("%s has %d bytes, a key has %d: restore it from its backup", path, len(b), keySize)
	}
	return b, nil
}

// ensureSecret makes the file when it is missing and may be made.
func ensureSecret(f durable.Files, path string, may bool) ([]byte, error) {
	b, err := readSecret(f, path)
	if !errors.Is(err, fs.ErrNotExist) {
		return b, err
	}
	if !may {
		return nil, fmt.Errorf("%s is gone, but data keys depend on it: restore it; a new one would make all sealed data unreadable", path)
	}
	b = newSecret()
	return b, durable.Replace(f, path, b)
}

func newSecret() []byte {
	b := make([]byte, keySize)
	_, _ = rand.Read(b) // never fails, see crypto/rand
	return b
}
