package compliance

import (
	"time"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// The kinds of entries about personal data.
var (
	PersonErased = journal.NewKind[Erased]("person.erased", "A person's key is destroyed: what was sealed for them cannot be read any more.")
	ErasedAgain  = journal.NewKind[Persons]("person.erased-again", "Keys of erased persons came back with a restored backup and were destroyed again.")
	Unsealed     = journal.NewKind[Look]("personal.unsealed", "Somebody looks at personal data that are sealed in an entry.")
)

// Erased is the data of an entry about an erasure.
type Erased struct {
	Person string    `json:"person"` // pseudonym
	At     time.Time `json:"at"`     // when the key was destroyed
}

// Persons are pseudonyms.
type Persons struct {
	Persons []string `json:"persons"`
}

// Look is an access to an entry's personal data, and the persons whose data are in it.
type Look struct {
	Entry   uint64   `json:"entry"`
	Persons []string `json:"persons"`
}

// ErasedPrefix begins the keys of erasures in the state; a pseudonym follows.
const ErasedPrefix = "erased/"

// Erasure is an erasure, and the entry that says so.
type Erasure struct {
	Erased
	Entry uint64 `json:"entry"`
}

// foldErased keeps every erased pseudonym for good: an old backup of the keys can be restored
// at any time, and a person missing here could be read again. A document has some hundred
// bytes, and comes from a person's own request.
func foldErased(d *state.Docs, r journal.Record) error {
	e := Erasure{Entry: r.Index}
	if err := r.Decode(&e.Erased); err != nil {
		return err
	}
	if known, err := d.Get(ErasedPrefix+e.Person, &Erasure{}); err != nil || known {
		return err // the first one counts
	}
	return d.Put(ErasedPrefix+e.Person, e)
}
