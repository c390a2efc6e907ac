package journal

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"golang.org/x/mod/sumdb/note"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

// Published reads what a journal's directory has published: its signed checkpoint, tiles
// and bundles. It takes no lock and writes nothing, so a copy, a read-only one too, is as
// good as the directory of a running server. Entries behind the checkpoint are not seen.
type Published struct {
	dir    string
	src    tiles.Source
	tree   *tiles.Tree
	c      tiles.Checkpoint
	raw    []byte
	public string
}

// OpenPublished opens the journal in dir. Its checkpoint must be signed by key, a vkey; ""
// means the directory's own, which proves nothing about a directory that was replaced.
func OpenPublished(dir, key string) (*Published, error) {
	if !exists(dir, checkpointFile) {
		return nil, fmt.Errorf("open journal %s: %w", dir, &fs.PathError{Op: "open", Path: filepath.Join(dir, checkpointFile), Err: os.ErrNotExist})
	}
	public, v, err := publicKey(dir, key)
	if err != nil {
		return nil, err
	}
	c, raw, err := readCheckpoint(dir, v)
	if err != nil {
		return nil, err
	}
	src := tiles.Dir(dir)
	return &Published{dir, src, tiles.NewTree(src), c, raw, public}, nil
}

// Checkpoint returns the checkpoint, a signed note, and the number of entries it covers.
func (p *Published) Checkpoint() ([]byte, uint64) { return p.raw, p.c.Size }

// Origin returns the name of the log in its checkpoints.
func (p *Published) Origin() string { return p.c.Origin }

// RootAt returns the root over the first size entries.
func (p *Published) RootAt(size uint64) (tiles.Hash, error) {
	return p.tree.Root(context.Background(), size, p.c.Size)
}

// Subtree returns the root over the n-th 2^level entries.
func (p *Published) Subtree(level uint, n uint64) (tiles.Hash, error) {
	return p.tree.Subtree(context.Background(), level, n, p.c.Size)
}

// Wait waits for more than size entries. Published never grows: Wait returns at once when
// the entries are there, and otherwise when ctx ends.
func (p *Published) Wait(ctx context.Context, size uint64) (uint64, error) {
	if p.c.Size > size {
		return p.c.Size, nil
	}
	<-ctx.Done()
	return p.c.Size, ctx.Err()
}

// Read returns up to n records from index from on; fewer at the end.
func (p *Published) Read(from uint64, n int) ([]Record, error) {
	var out []Record
	for end := min(from+uint64(max(n, 0)), p.c.Size); from < end; { //nolint:gosec // not negative
		bundle, err := p.bundle(from / tiles.Width)
		if err != nil {
			return nil, err
		}
		for _, payload := range bundle[from%tiles.Width:] {
			if from == end {
				break
			}
			r, err := decode(from, payload)
			if err != nil {
				return nil, &DamageError{p.dir, from, Replaced, "it is not an entry: " + err.Error()}
			}
			out = append(out, r)
			from++
		}
	}
	return out, nil
}

func (p *Published) bundle(n uint64) ([][]byte, error) {
	path, _ := tiles.At(tiles.Entries, n, p.c.Size)
	b, err := tiles.ReadBundle(context.Background(), p.src, path)
	var payloads [][]byte
	if err == nil {
		payloads, _, err = tiles.SplitBundle(b, path.Width)
	}
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return nil, &DamageError{p.dir, n * tiles.Width, Missing, path.String() + " is gone"}
	case err != nil:
		return nil, &DamageError{p.dir, n * tiles.Width, BitRot, path.String() + ": " + err.Error()}
	}
	return payloads, nil
}

// Prove returns the proof of an entry.
func (p *Published) Prove(index uint64) (Proof, error) {
	if index >= p.c.Size {
		return Proof{}, fmt.Errorf("prove entry %d: the checkpoint covers %d entries", index, p.c.Size)
	}
	records, err := p.Read(index, 1)
	if err != nil {
		return Proof{}, err
	}
	hashes, err := p.tree.Inclusion(context.Background(), index, p.c.Size, p.c.Size)
	if err != nil {
		return Proof{}, fmt.Errorf("prove entry %d: %w", index, err)
	}
	return Proof{index, string(records[0].Bytes), hashes, string(p.raw), p.public}, nil
}

// publicKey returns the key to check against: the one that is trusted, else the directory's.
func publicKey(dir, key string) (string, note.Verifier, error) {
	if key != "" {
		return trusted(dir, key)
	}
	return readPublic(dir)
}
