package recovery

import (
	"crypto/sha256"
	"encoding/hex"

	"github.com/greenlang/fournines/internal/fact"
	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/state"
)

// Documents of the wing.
const (
	WishPrefix = "backup-wish/" // + REGION: the backup that a node shall make now
	MadePrefix = "backup-made/" // + REGION: the newest backup that was proved
)

// The kinds of entries of the wing.
var (
	backupWished = journal.NewKind[Wish]("backup.wished", "A node is to make a backup, once.")
	backupEnded  = journal.NewBareKind("backup.ended", "No node is to make a backup of the region any more.")
	backupMade   = journal.NewKind[Made]("backup.made", "A backup was made, and the repository lists it with all of the log that it needs.")
)

// EntryKinds returns the kinds of entries of the wing.
func EntryKinds() []journal.Kind {
	return []journal.Kind{backupWished.Kind, backupEnded.Kind, backupMade.Kind}
}

// Wish asks a zone's node for a backup. It is in the journal before the node begins.
type Wish struct {
	Operation string `json:"operation"`
	Region    string `json:"region"`
	Zone      string `json:"zone"`
	Kind      string `json:"kind"` // full or incr
}

// Job is what the node knows the wish by: the same operation asks for it once, whoever resumes it.
func (w Wish) Job() string {
	sum := sha256.Sum256([]byte(w.Operation + " " + w.Zone))
	return "backup-" + hex.EncodeToString(sum[:10])
}

// Made is a backup that was proved from outside: the server itself has read it in the repository.
type Made struct {
	Region    string        `json:"region"`
	Operation string        `json:"operation"`
	Backup    fact.Backup   `json:"backup"`
	Log       fact.WALChain `json:"log"` // that it needs to be consistent
	Index     uint64        `json:"index,omitempty"`
}

// Fold keeps the wing's documents: two for each region. It is a state.Fold.
func Fold(d *state.Docs, r journal.Record) error {
	switch r.Kind {
	case backupWished.Name:
		var w Wish
		if err := r.Decode(&w); err != nil {
			return err
		}
		return d.Put(WishPrefix+w.Region, w)
	case backupEnded.Name:
		d.Delete(WishPrefix + r.Subject)
	case backupMade.Name:
		var m Made
		if err := r.Decode(&m); err != nil {
			return err
		}
		m.Index = r.Index
		d.Delete(WishPrefix + m.Region)
		return d.Put(MadePrefix+m.Region, m)
	}
	return nil
}
