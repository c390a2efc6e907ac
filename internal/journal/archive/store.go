package archive

import (
	"context"
	"errors"
	"io"
	"iter"
	"time"
)

// Store keeps objects that nobody can change before their time. It may be used by many
// goroutines.
type Store interface {
	// Put keeps body under key, locked in COMPLIANCE mode until a moment, and answers with
	// what it was seen to hold. A key that holds the same content already is well:
	// [ErrConflict], [ErrUnproved]. Any other error means: not now.
	Put(ctx context.Context, key string, body io.ReadSeeker, until time.Time) (Object, error)
}

// Reader reads a bucket for an audit.
type Reader interface {
	// List yields the oldest version of each key below prefix, in order of the keys.
	List(ctx context.Context, prefix string) iter.Seq2[Object, error]
	// Open reads one version, with its lock. Its body fails at the end when it is not
	// what was stored: [ErrGone], [ErrUnproved].
	Open(ctx context.Context, key, version string) (Object, io.ReadCloser, error)
}

// The errors that a store's errors wrap.
var (
	ErrConflict = errors.New("the key holds another content")
	ErrUnproved = errors.New("the store does not hold the object as asked")
	ErrGone     = errors.New("it is not there")
)

// Object is one version of an object, as the store was seen to hold it.
type Object struct {
	Key         string    `json:"key"`
	Version     string    `json:"version,omitempty"`
	Size        int64     `json:"size"`   // bytes
	SHA256      string    `json:"sha256"` // hexadecimal
	Mode        string    `json:"mode,omitempty"`
	RetainUntil time.Time `json:"retain_until,omitzero"`
	Covered     bool      `json:"covered,omitempty"` // in listings: a newer version or a delete marker lies over it
}

// Compliance is the mode of a lock that nobody can shorten or remove.
const Compliance = "COMPLIANCE"

// Place is where an archive is. Each place is archived to on its own, from the first entry on.
type Place struct {
	Endpoint string `json:"endpoint"`
	Bucket   string `json:"bucket"`
	Prefix   string `json:"prefix,omitempty"` // ends in a slash, or is empty
}

// String returns the place for people, and as the name of its document.
func (p Place) String() string { return p.Endpoint + "/" + p.Bucket + "/" + p.Prefix }
