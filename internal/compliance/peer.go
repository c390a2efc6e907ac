package compliance

import (
	"fmt"
	"net/url"
	"time"

	"golang.org/x/mod/sumdb/note"

	"github.com/greenlang/fournines/internal/journal"
	"github.com/greenlang/fournines/internal/journal/witness"
)

// Peer is another server: its witness cosigns our checkpoints, and ours cosigns its.
type Peer struct {
	Name    string `json:"name"`
	URL     string `json:"url" doc:"of the server, without a path"`
	Log     string `json:"log" doc:"verifier key (vkey) of its journal"`
	Witness string `json:"witness" doc:"verifier key (vkey) of its witness"`
}

// Keys of the documents.
const (
	PeerPrefix       = "witness-peer/"       // + name
	AccusationPrefix = "witness-accusation/" // + id of the evidence
	TroublePrefix    = "witness-trouble/"    // + witness's key name and trouble
)

// The kinds of entries about witnesses.
var (
	PeerAdded     = journal.NewKind[Peer]("witness.added", "Another server's witness is asked to cosign our checkpoints, and ours cosigns its.")
	PeerRemoved   = journal.NewBareKind("witness.removed", "Another server's witness is asked no longer, and ours cosigns its checkpoints no longer.")
	Accused       = journal.NewKind[witness.Finding]("witness.accused", "Our witness has signed evidence that another server's journal was rolled back or forked.")
	TroubleRaised = journal.NewKind[Trouble]("witness.alarmed", "A witness does not cosign our checkpoints, or says that our own journal is not what it was.")
	TroubleOver   = journal.NewKind[Trouble]("witness.calmed", "What a witness was alarmed about is over.")
)

// EntryKinds returns the wing's kinds of entries.
func EntryKinds() []journal.Kind {
	return []journal.Kind{PeerAdded.Kind, PeerRemoved.Kind, Accused.Kind, TroubleRaised.Kind, TroubleOver.Kind, PersonErased.Kind, ErasedAgain.Kind, Unsealed.Kind}
}

// maxName bounds a peer's name, in bytes.
const maxName = 63

// Validate refuses a peer that could not work, and says what to correct.
func (p Peer) Validate() error {
	if p.Name == "" || len(p.Name) > maxName || !plain(p.Name) {
		return fmt.Errorf("a witness's name has 1 to %d letters, digits, dots and dashes, such as us-west-2; %.80q does not", maxName, p.Name)
	}
	u, err := url.Parse(p.URL)
	if err != nil || (u.Scheme != "http" && u.Scheme != "https") || u.Host == "" {
		return fmt.Errorf("the address of witness %s is %.80q; write it as https://HOST:PORT", p.Name, p.URL)
	}
	if _, err := note.NewVerifier(p.Log); err != nil {
		return fmt.Errorf("the key of the journal of %s: %w; it is the line that `fournines witness card` shows there as log", p.Name, err)
	}
	if _, err := witness.ParseCosigner(p.Witness); err != nil {
		return fmt.Errorf("the key of the witness of %s: %w; it is the line that `fournines witness card` shows there as witness", p.Name, err)
	}
	return nil
}

func plain(s string) bool {
	for _, r := range s {
		if (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && (r < '0' || r > '9') && r != '.' && r != '-' {
			return false
		}
	}
	return true
}

// Trouble is one thing that our feeder is alarmed about.
type Trouble struct {
	Trouble witness.Trouble `json:"trouble"`
	Witness string          `json:"witness,omitempty" doc:"name of the witness's key; empty: our own journal"`
	Since   time.Time       `json:"since"`
	Detail  string          `json:"detail,omitempty"`
	Entry   uint64          `json:"entry" doc:"journal index where it was raised"`
}

// Key names the trouble's document.
func (t Trouble) Key() string { return TroublePrefix + t.Witness + "/" + string(t.Trouble) }

// Accuses tells whether the trouble is that our own journal is not what it was.
func (t Trouble) Accuses() bool {
	return t.Trouble == witness.Shrunk || t.Trouble == witness.Contradicted
}
