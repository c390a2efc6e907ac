package seal

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
)

const (
	nonceSize = 12
	tagSize   = 16
	// maxSealed bounds the JSON of a sealed value: base64 of the largest box and its frame.
	maxSealed = (MaxPlaintext+tagSize)/3*4 + 512
	// pseudonymSize is 24 bytes in unpadded base64.
	pseudonymSize = 32
)

// box is one sealed value.
type box struct {
	V       int    `json:"v"`
	Subject string `json:"subject"` // pseudonym
	Nonce   []byte `json:"nonce"`
	Box     []byte `json:"box"` // ciphertext and tag
}

type envelope struct {
	Sealed *box `json:"sealed"`
}

func (b box) encode() ([]byte, error) { return json.Marshal(envelope{&b}) }

// decode reads a sealed value strictly: nothing may be missing, added or oversized.
func decode(sealed []byte) (box, error) {
	if len(sealed) > maxSealed {
		return box{}, fmt.Errorf("%w: %d bytes, a sealed value has at most %d", ErrDamaged, len(sealed), maxSealed)
	}
	var e envelope
	d := json.NewDecoder(bytes.NewReader(sealed))
	d.DisallowUnknownFields()
	if err := d.Decode(&e); err != nil {
		return box{}, fmt.Errorf("%w: %w", ErrDamaged, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return box{}, fmt.Errorf("%w: more follows it", ErrDamaged)
	}
	if e.Sealed == nil {
		return box{}, fmt.Errorf("%w: it is not a sealed value", ErrDamaged)
	}
	b := *e.Sealed
	if b.V != 1 {
		return box{}, fmt.Errorf("%w: version %d is unknown here", ErrDamaged, b.V)
	}
	if !isPseudonym(b.Subject) || len(b.Nonce) != nonceSize || len(b.Box) < tagSize {
		return box{}, fmt.Errorf("%w: subject, nonce or box has the wrong length", ErrDamaged)
	}
	return b, nil
}

// isPseudonym also keeps what a stranger has written from becoming a path.
func isPseudonym(s string) bool {
	if len(s) != pseudonymSize {
		return false
	}
	_, err := base64.RawURLEncoding.Strict().DecodeString(s)
	return err == nil
}
