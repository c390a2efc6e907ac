package witness

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"time"

	"github.com/greenlang/fournines/internal/journal/durable"
)

// Key is a witness's own secret key.
type Key struct {
	name string
	key  ed25519.PrivateKey
}

// NewKey makes the key of the witness name: a URL without scheme that identifies it.
func NewKey(name string) (Key, error) {
	if !validName(name) {
		return Key{}, fmt.Errorf("witness name %q: it may hold neither spaces nor +, such as witness.example.com/eu-1", clip(name))
	}
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return Key{}, fmt.Errorf("make key of witness %s: %w", name, err)
	}
	return Key{name, key}, nil
}

// Public returns what verifiers need.
func (k Key) Public() Cosigner {
	public, _ := k.key.Public().(ed25519.PublicKey)
	return Cosigner{k.name, public}
}

// Cosign returns the signature line that says: at this time the witness knew no larger
// tree of this log than the one in text.
func (k Key) Cosign(text string, at time.Time) string {
	return cosignatureLine(k.name, k.key, text, at)
}

const secretPrefix = "PRIVATE+KEY+"

// ensureKey reads the key at path, or makes it when there is none. name must be the
// key's own: a key that changes its name is another witness to everybody.
func ensureKey(f durable.Files, path, name string) (Key, error) {
	b, err := f.Read(path)
	if errors.Is(err, fs.ErrNotExist) {
		k, err := NewKey(name)
		if err != nil {
			return Key{}, err
		}
		line := secretPrefix + fmt.Sprintf("%s+%08x+%s\n", name, k.Public().KeyHash(),
			base64.StdEncoding.EncodeToString(append([]byte{algCosignature}, k.key.Seed()...)))
		return k, durable.Replace(f, path, []byte(line))
	}
	if err != nil {
		return Key{}, fmt.Errorf("read key of witness: %w", err)
	}
	if err := f.Private(path); err != nil {
		return Key{}, err
	}
	k, err := parseKey(strings.TrimSpace(string(b)))
	if err != nil {
		return Key{}, fmt.Errorf("key of witness in %s: %w", path, err)
	}
	if k.name != name {
		return Key{}, fmt.Errorf("key of witness in %s is %s's, this witness is %s: keep the name, or move the key and its records away", path, k.name, name)
	}
	return k, nil
}

// parseKey never repeats what it read: it is a secret.
func parseKey(s string) (Key, error) {
	rest, ok := strings.CutPrefix(s, secretPrefix)
	name, rest, _ := strings.Cut(rest, "+")
	id, material, _ := strings.Cut(rest, "+")
	b, err := base64.StdEncoding.DecodeString(material)
	if !ok || err != nil || !validName(name) || len(b) != 1+ed25519.SeedSize || b[0] != algCosignature {
		return Key{}, errors.New("not a secret key of type 0x04; restore it from its backup")
	}
	k := Key{name, ed25519.NewKeyFromSeed(b[1:])}
	if id != fmt.Sprintf("%08x", k.Public().KeyHash()) {
		return Key{}, errors.New("its hash does not match: the file is damaged; restore it from its backup")
	}
	return k, nil
}
