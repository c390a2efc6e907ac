package journal

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"

	"github.com/transparency-dev/merkle/proof"
	"github.com/transparency-dev/merkle/rfc6962"
	"golang.org/x/mod/sumdb/note"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

// Checkpoint returns the newest checkpoint, a signed note, and the number of entries it covers.
func (j *Journal) Checkpoint() ([]byte, uint64) {
	j.mu.RLock()
	defer j.mu.RUnlock()
	return j.checkpoint, j.published
}

// VerifierKey returns the public half of the key that signs checkpoints, as a vkey line.
func (j *Journal) VerifierKey() string { return j.keys.public }

// RootAt returns the root over the first size entries, up to the newest checkpoint's.
func (j *Journal) RootAt(size uint64) (tiles.Hash, error) {
	_, published := j.Checkpoint()
	return j.tree.Root(context.Background(), size, published)
}

// Inclusion proves that the entry at index is one of the first size, up to the newest
// checkpoint's.
func (j *Journal) Inclusion(index, size uint64) ([][]byte, error) {
	_, published := j.Checkpoint()
	return j.tree.Inclusion(context.Background(), index, size, published)
}

// Consistency proves that the first a entries are the beginning of the first b, up to
// the newest checkpoint's.
func (j *Journal) Consistency(a, b uint64) ([][]byte, error) {
	_, published := j.Checkpoint()
	return j.tree.Consistency(context.Background(), a, b, published)
}

// Handler serves checkpoint and tiles as https://c2sp.org/tlog-tiles says.
func (j *Journal) Handler() http.Handler { return tiles.Handler(tiles.Dir(j.dir), j.Checkpoint) }

// Proof proves one entry to somebody who has nothing else of the journal.
type Proof struct {
	Index      uint64   `json:"index"`
	Entry      string   `json:"entry"`      // its exact bytes
	Hashes     [][]byte `json:"hashes"`     // RFC 6962 inclusion proof
	Checkpoint string   `json:"checkpoint"` // signed note
	Key        string   `json:"key"`        // vkey that it was signed with
}

// Prove returns the proof of an entry that the newest checkpoint covers.
func (j *Journal) Prove(index uint64) (Proof, error) {
	raw, size := j.Checkpoint()
	if index >= size {
		return Proof{}, fmt.Errorf("prove entry %d: the newest checkpoint covers %d entries; ask again in a moment", index, size)
	}
	records, err := j.Read(index, 1)
	if err != nil {
		return Proof{}, err
	}
	hashes, err := j.Inclusion(index, size)
	if err != nil {
		return Proof{}, err
	}
	return Proof{index, string(records[0].Bytes), hashes, string(raw), j.keys.public}, nil
}

// Verify checks the proof against its own key; compare [Proof.Key] with the one you trust.
func (p Proof) Verify() error {
	v, err := note.NewVerifier(p.Key)
	if err != nil {
		return fmt.Errorf("proof of entry %d: its key: %w", p.Index, err)
	}
	c, err := tiles.OpenCheckpoint([]byte(p.Checkpoint), v)
	if err != nil {
		return fmt.Errorf("proof of entry %d: %w", p.Index, err)
	}
	leaf := tiles.Leaf([]byte(p.Entry))
	if err := proof.VerifyInclusion(rfc6962.DefaultHasher, p.Index, c.Size, leaf[:], p.Hashes, c.Root[:]); err != nil {
		return fmt.Errorf("proof of entry %d: %w: it is not the entry at this place of the log", p.Index, err)
	}
	if !json.Valid([]byte(p.Entry)) {
		return fmt.Errorf("proof of entry %d: the entry is not JSON", p.Index)
	}
	return nil
}
