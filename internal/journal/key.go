package journal

import (
	"crypto/ed25519"
	"crypto/rand"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"

	"golang.org/x/mod/sumdb/note"
)

const (
	keyFile       = "key"
	publicKeyFile = "key.pub"
	originPrefix  = "fournines.journal/"
)

// keys are what the journal signs with and what its checkpoints are checked against.
type keys struct {
	signer   note.Signer
	verifier note.Verifier
	public   string // vkey line
}

// makeKeys makes a key pair, keeps the public half, and returns the private one. An empty
// origin means a random one.
func makeKeys(d disk, dir, origin, given string) (private string, err error) {
	if given != "" {
		public, err := PublicKey(given)
		if err != nil {
			return "", err
		}
		return given, here(dir, d.replace(filepath.Join(dir, publicKeyFile), []byte(public+"\n")))
	}
	if origin == "" {
		origin = randomOrigin()
	}
	private, public, err := note.GenerateKey(rand.Reader, origin)
	if err != nil {
		return "", fmt.Errorf("make key of journal %s: %w", dir, err)
	}
	if _, err := note.NewSigner(private); err != nil {
		return "", fmt.Errorf("the origin %q cannot name a log (%w); use letters, digits, dots and slashes", origin, err)
	}
	return private, here(dir, d.replace(filepath.Join(dir, publicKeyFile), []byte(public+"\n")))
}

// NewKey makes a private key for a log that several servers hold, of a random origin.
func NewKey() (string, error) {
	private, _, err := note.GenerateKey(rand.Reader, randomOrigin())
	return private, err
}

func randomOrigin() string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails, see crypto/rand
	return originPrefix + hex.EncodeToString(b[:])
}

// ReadKey returns the private key of the journal in dir, for other servers that shall
// hold the same log.
func ReadKey(dir string) (string, error) {
	b, err := os.ReadFile(filepath.Join(dir, keyFile))
	return strings.TrimSuffix(string(b), "\n"), err
}

// PublicKey returns the verifier's key of a private one.
func PublicKey(private string) (string, error) {
	signer, err := note.NewSigner(private)
	if err != nil {
		return "", fmt.Errorf("this is not a journal's private key: %w", err)
	}
	fields := strings.SplitN(private, "+", 5) // PRIVATE+KEY+NAME+HASH+BASE64, as NewSigner has checked
	seed, err := base64.StdEncoding.DecodeString(fields[4])
	if err != nil || len(seed) != 1+ed25519.SeedSize {
		return "", errors.New("this is not a journal's private key: its seed has another length")
	}
	public, ok := ed25519.NewKeyFromSeed(seed[1:]).Public().(ed25519.PublicKey)
	if !ok {
		return "", errors.New("this is not a journal's private key: it is not Ed25519")
	}
	return note.NewEd25519VerifierKey(signer.Name(), public)
}

// newKeys returns the pair whose private half is not kept yet.
func newKeys(dir, private string) (keys, error) {
	public, verifier, err := readPublic(dir)
	if err != nil {
		return keys{}, err
	}
	signer, err := note.NewSigner(private)
	if err != nil || !spelled(private, "PRIVATE+KEY+", signer.Name(), signer.KeyHash()) {
		return keys{}, &DamageError{dir, 0, WrongKey, "the file key is not a signer's key"}
	}
	if signer.Name() != verifier.Name() || signer.KeyHash() != verifier.KeyHash() {
		return keys{}, &DamageError{dir, 0, WrongKey, fmt.Sprintf("key is of %s+%08x, key.pub of %s+%08x", signer.Name(), signer.KeyHash(), verifier.Name(), verifier.KeyHash())}
	}
	return keys{signer, verifier, public}, nil
}

// readKeys reads the pair and checks that its halves belong together.
func readKeys(dir string) (keys, error) {
	b, err := os.ReadFile(filepath.Join(dir, keyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return keys{}, &DamageError{dir, 0, WrongKey, "the file key is gone, and without it no checkpoint can be signed"}
	}
	if err != nil {
		return keys{}, here(dir, err)
	}
	private, ended := strings.CutSuffix(string(b), "\n")
	if !ended {
		return keys{}, &DamageError{dir, 0, WrongKey, "the file key is not a signer's key"}
	}
	return newKeys(dir, private)
}

func readPublic(dir string) (string, note.Verifier, error) {
	b, err := os.ReadFile(filepath.Join(dir, publicKeyFile))
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil, &DamageError{dir, 0, WrongKey, "the file key.pub is gone, against which checkpoints are checked"}
	}
	if err != nil {
		return "", nil, here(dir, err)
	}
	public, ended := strings.CutSuffix(string(b), "\n")
	v, err := note.NewVerifier(public)
	if err != nil || !ended || !spelled(public, "", v.Name(), v.KeyHash()) {
		return "", nil, &DamageError{dir, 0, WrongKey, "the file key.pub is not a verifier's key"}
	}
	return public, v, nil
}

// spelled tells whether a key is written as it was made: its hash could also be read in
// capitals, and its base64 with line breaks, and then a changed file would go unnoticed.
func spelled(key, prefix, name string, hash uint32) bool {
	return !strings.ContainsAny(key, "\r\n") && strings.HasPrefix(key, fmt.Sprintf("%s%s+%08x+", prefix, name, hash))
}

// match refuses a journal of another key than the one that its servers share.
func (k keys) match(dir, shared string) error {
	if shared == "" {
		return nil
	}
	public, err := PublicKey(shared)
	if err == nil && public != k.public {
		err = &DamageError{dir, 0, WrongKey, "it signs as " + k.public + ", the servers that hold this log sign as " + public}
	}
	return err
}
