package feed

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strconv"
	"strings"
	"time"
)

// MarkHeader tells the endpoint, with the put of a copy, what it is a copy of ([Mark.Header]); with the question about a
// version it asks for that ([AskMark]). It counts only where the request's signature covers it. An endpoint that does
// not know it ignores it: [MarksPath] asks first.
const (
	MarkHeader = "X-Fournines-Copy"
	AskMark    = "?"
	// MarksPath is put once before copies are: from then on no client's metadata is taken for a mark.
	MarksPath = Object + "/marks"
)

// Mark says that the bytes that are put with it are a copy. The endpoint keeps it outside of what clients put and read.
type Mark struct {
	Origin    string `json:"origin"`
	Tombstone bool   `json:"tombstone,omitempty"`
	Sum       string `json:"sum"`  // SHA-256 as the endpoint computes it
	Size      int64  `json:"size"` // bytes
}

// Header is the mark as a header's value.
func (m Mark) Header() (string, error) {
	b, err := json.Marshal(m)
	if err != nil {
		return "", fmt.Errorf("render mark of a copy: %w", err)
	}
	return base64.RawURLEncoding.EncodeToString(b), nil
}

// ParseMark reads what [Mark.Header] has rendered.
func ParseMark(text string) (m Mark, err error) {
	b, err := base64.RawURLEncoding.DecodeString(text)
	if err == nil {
		err = json.Unmarshal(b, &m)
	}
	if err != nil {
		return m, fmt.Errorf("read mark of a copy: %w", err)
	}
	return m, nil
}

// The names under which a history tells marks. Before they had a place of their own, copies carried them as metadata, with
// the body's SHA-256.
const (
	Metadata      = "fournines-" // begins them
	MarkOrigin    = Metadata + "origin"
	MarkCopied    = Metadata + "copied" // when, and to which key
	MarkTombstone = Metadata + "tombstone"
	OldSHA256     = "sha256"
)

// Stamp says when a copy was made and of which key.
func Stamp(key string, at time.Time) string {
	return strconv.FormatInt(at.UnixMilli(), 10) + "/" + keyPrint(key)
}

// Stamped tells whether a version of key, written then, can be what was stamped: later it was
// somebody's own copy of a copy, with its metadata.
func Stamped(stamp, key string, written time.Time) bool {
	const within = 10 * time.Minute
	ms, of, _ := strings.Cut(stamp, "/")
	copied, err := strconv.ParseInt(ms, 10, 64)
	return err == nil && of == keyPrint(key) && written.Sub(time.UnixMilli(copied)).Abs() <= within
}

func keyPrint(key string) string {
	sum := sha256.Sum256([]byte(key))
	return hex.EncodeToString(sum[:8])
}
