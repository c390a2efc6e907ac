package tiles

import (
	"encoding/base64"
	"errors"
	"fmt"

	"github.com/transparency-dev/formats/log"
	"golang.org/x/mod/sumdb/note"
)

// Checkpoint is what a log commits to: its first Size entries have this root.
type Checkpoint struct {
	Origin string
	Size   uint64
	Root   Hash
}

// Sign returns the checkpoint as a signed note.
func (c Checkpoint) Sign(s note.Signer) ([]byte, error) {
	text := log.Checkpoint{Origin: c.Origin, Size: c.Size, Hash: c.Root[:]}.Marshal()
	b, err := note.Sign(&note.Note{Text: string(text)}, s)
	if err != nil {
		return nil, fmt.Errorf("sign checkpoint: %w", err)
	}
	return b, nil
}

var errCheckpoint = errors.New("broken checkpoint")

// OpenCheckpoint reads a checkpoint that v signed. The origin is v's name.
func OpenCheckpoint(b []byte, v note.Verifier) (Checkpoint, error) {
	c, _, n, err := log.ParseCheckpoint(b, v.Name(), v)
	if err != nil {
		return Checkpoint{}, fmt.Errorf("%w: %w", errCheckpoint, err)
	}
	if len(c.Hash) != len(Hash{}) {
		return Checkpoint{}, fmt.Errorf("%w: its root has %d bytes", errCheckpoint, len(c.Hash))
	}
	// The unused last bits of base64 are not signed: only one spelling is right.
	for _, s := range n.Sigs {
		if _, err := base64.StdEncoding.Strict().DecodeString(s.Base64); err != nil {
			return Checkpoint{}, fmt.Errorf("%w: signature of %s: %w", errCheckpoint, s.Name, err)
		}
	}
	return Checkpoint{Origin: c.Origin, Size: c.Size, Root: Hash(c.Hash)}, nil
}
