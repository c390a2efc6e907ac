package greenlang

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
)

// ErrCursor is what every refused cursor is: forged, cut, of another list or of
// other filters. The remedy is the same: start again without one.
var ErrCursor = errors.New("cursor is not one of ours for this list and these filters; start again without it")

const (
	cursorVersion   = 1
	cursorMACSize   = 16   // bytes; 128 bits are out of reach for guessing online
	maxCursorLength = 2048 // characters, checked before anything is decoded
)

// Cursor seals and opens positions in lists. A position is the sort keys of the
// last row of a page (keyset paging: constant cost at any depth, and rows
// inserted meanwhile neither repeat nor hide others).
type Cursor struct{ secret []byte }

// NewCursor returns a Cursor that signs with secret, at least 32 bytes, the same
// in every instance: the edge may send the next page's request anywhere.
func NewCursor(secret []byte) (Cursor, error) {
	if len(secret) < 32 {
		return Cursor{}, fmt.Errorf("make cursor: secret has %d bytes, at least 32 needed", len(secret))
	}
	return Cursor{secret: secret}, nil
}

type position struct {
	Version int      `json:"v"`
	List    string   `json:"l"`
	Keys    []string `json:"k"`
}

// Seal makes the opaque cursor for the position keys in the list that the scope
// names. A scope holds the list's name and all its filters: a cursor opens only
// under the scope it was sealed with.
func (c Cursor) Seal(scope, keys []string) (string, error) {
	list, err := scopeHash(scope)
	if err != nil {
		return "", err
	}
	body, err := json.Marshal(position{cursorVersion, list, keys})
	if err != nil {
		return "", fmt.Errorf("seal cursor: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(append(c.mac(body), body...)), nil
}

// Open returns the keys that were sealed into token under the same scope, or an
// error that is ErrCursor.
func (c Cursor) Open(scope []string, token string) ([]string, error) {
	if len(token) > maxCursorLength {
		return nil, fmt.Errorf("open cursor: %d characters: %w", len(token), ErrCursor)
	}
	// Strict: otherwise the unused bits of the last character could be changed unnoticed.
	raw, err := base64.RawURLEncoding.Strict().DecodeString(token)
	if err != nil || len(raw) <= cursorMACSize {
		return nil, fmt.Errorf("open cursor: malformed: %w", ErrCursor)
	}
	body := raw[cursorMACSize:]
	if !hmac.Equal(raw[:cursorMACSize], c.mac(body)) {
		return nil, fmt.Errorf("open cursor: signature does not match: %w", ErrCursor)
	}
	var p position
	if err := json.Unmarshal(body, &p); err != nil || p.Version != cursorVersion {
		return nil, fmt.Errorf("open cursor: version unknown: %w", ErrCursor)
	}
	list, err := scopeHash(scope)
	if err != nil {
		return nil, err
	}
	if p.List != list {
		return nil, fmt.Errorf("open cursor: other list or filters: %w", ErrCursor)
	}
	return p.Keys, nil
}

func (c Cursor) mac(body []byte) []byte {
	h := hmac.New(sha256.New, c.secret)
	h.Write(body)
	return h.Sum(nil)[:cursorMACSize]
}

func scopeHash(scope []string) (string, error) {
	b, err := json.Marshal(scope) // quoted, so that neighbours cannot be shifted into each other
	if err != nil {
		return "", fmt.Errorf("hash cursor scope: %w", err)
	}
	sum := sha256.Sum256(b)
	return base64.RawURLEncoding.EncodeToString(sum[:9]), nil
}
