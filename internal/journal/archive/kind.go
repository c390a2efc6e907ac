package archive

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/greenlang/fournines/internal/journal"
)

// The kinds of entries about the archive.
var (
	begun   = journal.NewKind[Begun]("archive.begun", "A part of the journal is being put into the archive.")
	stored  = journal.NewKind[Stored]("archive.stored", "A part of the journal is in the archive, locked and read back.")
	failed  = journal.NewKind[Failed]("archive.failed", "The archive cannot be written for some time; entries wait in the log.")
	resumed = journal.NewKind[Resumed]("archive.resumed", "The archive is written again.")
	probed  = journal.NewKind[Probe]("objects.probed", "Every way to break the object store's locks was tried.")
)

// StoredKind is the kind of entry that says what a part is made of.
const StoredKind = "archive.stored"

// EntryKinds returns the kinds of entries about the archive.
func EntryKinds() []journal.Kind {
	return []journal.Kind{begun.Kind, stored.Kind, failed.Kind, resumed.Kind, probed.Kind}
}

// Begun says what a part will be.
type Begun struct {
	Place       Place     `json:"place"`
	First       uint64    `json:"first"`
	Next        uint64    `json:"next"` // index behind its last entry
	RetainUntil time.Time `json:"retain_until"`
}

// Stored says what a part is. Its tiles are listed in the manifest, whose digest is here.
type Stored struct {
	Begun
	Part       Object  `json:"part"`
	Checkpoint Object  `json:"checkpoint"`
	Manifest   Object  `json:"manifest"`
	Tiles      int     `json:"tiles"` // objects with hashes and entries
	TileBytes  int64   `json:"tile_bytes"`
	Seconds    float64 `json:"seconds"` // from its begin
}

// Bytes returns what the part takes in the store.
func (s Stored) Bytes() int64 { return s.Part.Size + s.Checkpoint.Size + s.Manifest.Size + s.TileBytes }

// Failed says why nothing can be archived.
type Failed struct {
	Place Place     `json:"place"`
	Since time.Time `json:"since"`
	Kind  string    `json:"kind"` // conflict, unproved or unavailable
	Error string    `json:"error"`
	Next  uint64    `json:"next"` // the first entry that waits
}

// Resumed says that a failure is over.
type Resumed struct {
	Place  Place   `json:"place"`
	Failed uint64  `json:"failed"`  // index of the entry that said so
	Lasted float64 `json:"seconds"` // since the first failure
}

// Probe is what was seen of a store's locks.
type Probe struct {
	Place        Place     `json:"place"`
	At           time.Time `json:"at"`
	Holds        bool      `json:"holds"`         // no lock that was given with its object was broken
	DefaultHolds bool      `json:"default_holds"` // the bucket's default rule guards objects too; nobody relies on it
	Attempts     []Attempt `json:"attempts,omitempty"`
	Error        string    `json:"error,omitempty"` // why it could not be found out; the rest says nothing then
}

// Attempt is one way to break a lock, and what came of it.
type Attempt struct {
	Name        string `json:"name"`
	Meaning     string `json:"meaning"`
	DefaultRule bool   `json:"default_rule,omitempty"`
	Held        bool   `json:"held"`
	Detail      string `json:"detail"`
}

// DecodeStored reads the data of an entry of [StoredKind].
func DecodeStored(data json.RawMessage) (Stored, error) {
	var v Stored
	if err := json.Unmarshal(data, &v); err != nil {
		return v, fmt.Errorf("decode %s: %w", StoredKind, err)
	}
	return v, nil
}
