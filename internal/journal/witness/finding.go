package witness

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"time"
)

// Kind says what a witness has found a log doing.
type Kind string

// The kinds of findings of a [Witness].
const (
	// Fork: the log has signed two histories. Known, Offered and Proof show it.
	Fork Kind = "fork"
	// Rollback: the log still shows a size below the cosigned one, longer than a request
	// can have been on its way.
	Rollback Kind = "rollback"
	// Unproved: a larger signed checkpoint came without a valid proof. It is a fork whose
	// own proof cannot show it, or a sender that is broken: look at the log.
	Unproved Kind = "unproved"
)

// Finding is evidence against a log: two checkpoints, both signed by it.
type Finding struct {
	Kind    Kind      `json:"kind"`
	Origin  string    `json:"origin"`
	Known   string    `json:"known"`           // signed note: what the witness had cosigned
	Offered string    `json:"offered"`         // signed note: what the log now says
	Old     uint64    `json:"old"`             // size that Proof starts from
	Proof   [][]byte  `json:"proof,omitempty"` // as it was offered
	At      time.Time `json:"at"`
}

// ID names the evidence: the same two checkpoints have the same one, however often and
// by whomever they are offered.
func (f Finding) ID() string {
	h := sha256.New()
	for _, s := range []string{string(f.Kind), f.Known, f.Offered} {
		_, _ = fmt.Fprintf(h, "%d:%s", len(s), s)
	}
	return hex.EncodeToString(h.Sum(nil)[:16])
}

// String says it in a line.
func (f Finding) String() string {
	known, _ := ParseCheckpoint(textOf(f.Known))
	offered, _ := ParseCheckpoint(textOf(f.Offered))
	return fmt.Sprintf("%s of log %s: cosigned at size %d, then offered at size %d", f.Kind, f.Origin, known.Size, offered.Size)
}

// Verify checks the evidence again, by the log's keys alone: it returns nil when the
// two checkpoints really are signed by the log and show a fork. A rollback and an unproved
// checkpoint are the witness's word and prove nothing to others: that is an error.
func (f Finding) Verify(logs Logs) error {
	known, err := logs.Open([]byte(f.Known))
	if err != nil {
		return fmt.Errorf("evidence %s: known checkpoint: %w", f.ID(), err)
	}
	offered, err := logs.Open([]byte(f.Offered))
	if err != nil {
		return fmt.Errorf("evidence %s: offered checkpoint: %w", f.ID(), err)
	}
	if known.Origin != f.Origin || offered.Origin != f.Origin {
		return fmt.Errorf("evidence %s: the checkpoints are of %q and %q, not of %q", f.ID(), known.Origin, offered.Origin, f.Origin)
	}
	if forked(known, offered, f.Old, f.Proof) {
		return nil
	}
	return fmt.Errorf("evidence %s: the two checkpoints do not contradict each other: it is a %s on the witness's word", f.ID(), f.Kind)
}
