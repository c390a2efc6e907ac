package control

import (
	"crypto/rand"
	"encoding/hex"
	"time"
)

// NewID returns an id that sorts by time.
func NewID(prefix string) string {
	b := make([]byte, 5) // a thousand within a second are a thousand
	_, _ = rand.Read(b)  // never fails, see crypto/rand
	return prefix + "-" + time.Now().UTC().Format("20060102-150405") + "-" + hex.EncodeToString(b)
}
