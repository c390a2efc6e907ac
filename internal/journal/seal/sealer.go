package seal

import (
	"crypto/aes"
	"crypto/cipher"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/binary"
	"errors"
	"fmt"
	"time"
)

// Bounds of what is sealed.
const (
	MaxPlaintext = 32 << 10 // bytes; sealed it fits into an entry of the journal
	maxSubject   = 512      // bytes of a subject's name
	keySize      = 32
)

// KeyStore keeps data keys by pseudonym. Implementations may be called from any
// goroutine, and hand keys out unwrapped: the caller clears them after use.
type KeyStore interface {
	// Get returns a subject's data key, 32 bytes; [ErrNoKey] when it never had one, and an
	// [*ErasedError] when it was destroyed.
	Get(pseudonym string) ([]byte, error)
	// Create returns the data key and makes it when there is none. Two callers at once get
	// the same one. After Destroy it returns an [*ErasedError].
	Create(pseudonym string) ([]byte, error)
	// Destroy makes the key unreadable for good, durably, and returns when that first
	// happened. A subject without a key is marked as well.
	Destroy(pseudonym string, at time.Time) (time.Time, error)
}

var (
	// ErrErased matches every [*ErasedError].
	ErrErased = errors.New("subject was erased")
	// ErrNoKey says that a subject has never had a key: nothing was sealed for it here.
	ErrNoKey = errors.New("no data key")
	// ErrDamaged says that a sealed value is not what was sealed for this subject, kind
	// and field.
	ErrDamaged = errors.New("sealed value does not open")
)

// ErasedError says when a subject was erased.
type ErasedError struct {
	Subject string // pseudonym
	At      time.Time
}

// Error implements error.
func (e *ErasedError) Error() string {
	return fmt.Sprintf("subject %s was erased at %s: its data cannot be read or written any more", e.Subject, e.At.Format(time.RFC3339))
}

// Is makes the error match [ErrErased].
func (e *ErasedError) Is(target error) bool { return target == ErrErased }

// Context is where a sealed value stands. It must be the same to open it.
type Context struct {
	Kind string // of the journal's entry
	Path string // of the field, a JSON pointer (RFC 6901)
}

// Sealer seals and opens personal data. Its methods may be called from any goroutine.
type Sealer struct {
	keys   KeyStore
	pepper []byte
}

// New returns a sealer. pepper, 32 secret bytes that never change, turns names into
// pseudonyms.
func New(keys KeyStore, pepper []byte) (*Sealer, error) {
	if len(pepper) != keySize {
		return nil, fmt.Errorf("the key of pseudonyms has %d bytes, it must have %d", len(pepper), keySize)
	}
	return &Sealer{keys, append([]byte(nil), pepper...)}, nil
}

// Pseudonym returns the name under which a subject stands in the journal.
func (s *Sealer) Pseudonym(subject string) string {
	m := hmac.New(sha256.New, s.pepper)
	m.Write([]byte("fournines/seal/subject/v1\x00" + subject))
	return base64.RawURLEncoding.EncodeToString(m.Sum(nil)[:24])
}

// Seal returns the JSON that stands for plaintext in a journal entry.
func (s *Sealer) Seal(subject string, c Context, plaintext []byte) ([]byte, error) {
	if subject == "" || len(subject) > maxSubject {
		return nil, fmt.Errorf("seal %s of %s: a subject's name has 1 to %d bytes, this one %d", c.Path, c.Kind, maxSubject, len(subject))
	}
	if len(plaintext) > MaxPlaintext {
		return nil, fmt.Errorf("seal %s of %s: %d bytes, at most %d fit into an entry: keep the bulk elsewhere", c.Path, c.Kind, len(plaintext), MaxPlaintext)
	}
	pseudonym := s.Pseudonym(subject)
	key, err := s.keys.Create(pseudonym)
	if err != nil {
		return nil, fmt.Errorf("seal %s of %s: %w", c.Path, c.Kind, err)
	}
	defer clear(key)
	aead, err := newAEAD(key)
	if err != nil {
		return nil, fmt.Errorf("seal %s of %s: %w", c.Path, c.Kind, err)
	}
	nonce := make([]byte, aead.NonceSize())
	_, _ = rand.Read(nonce) // never fails, see crypto/rand
	return box{1, pseudonym, nonce, aead.Seal(nil, nonce, plaintext, bind(pseudonym, c))}.encode()
}

// Open returns the plaintext of a value sealed for this context. It fails with
// [ErrErased], [ErrNoKey] or [ErrDamaged].
func (s *Sealer) Open(sealed []byte, c Context) ([]byte, error) {
	b, err := decode(sealed)
	if err != nil {
		return nil, fmt.Errorf("open %s of %s: %w", c.Path, c.Kind, err)
	}
	key, err := s.keys.Get(b.Subject)
	if err != nil {
		return nil, fmt.Errorf("open %s of %s: %w", c.Path, c.Kind, err)
	}
	defer clear(key)
	aead, err := newAEAD(key)
	if err != nil {
		return nil, fmt.Errorf("open %s of %s: %w", c.Path, c.Kind, err)
	}
	plaintext, err := aead.Open(nil, b.Nonce, b.Box, bind(b.Subject, c))
	if err != nil {
		return nil, fmt.Errorf("open %s of %s: %w: it was changed, moved to another field, or sealed by another installation", c.Path, c.Kind, ErrDamaged)
	}
	return plaintext, nil
}

// Erase destroys a subject's key and returns when that first happened.
func (s *Sealer) Erase(subject string, now time.Time) (time.Time, error) {
	at, err := s.keys.Destroy(s.Pseudonym(subject), now)
	if err != nil {
		return time.Time{}, fmt.Errorf("erase subject: %w; it is not erased until this succeeds, so repeat it", err)
	}
	return at, nil
}

func newAEAD(key []byte) (cipher.AEAD, error) {
	block, err := aes.NewCipher(key)
	if err != nil {
		return nil, err
	}
	return cipher.NewGCM(block)
}

// bind is the additional data: each part with its length, so that no two contexts are
// the same bytes.
func bind(pseudonym string, c Context) []byte {
	out := []byte("fournines/seal/v1")
	for _, part := range []string{pseudonym, c.Kind, c.Path} {
		out = binary.BigEndian.AppendUint32(out, uint32(len(part))) //nolint:gosec // names are short
		out = append(out, part...)
	}
	return out
}
