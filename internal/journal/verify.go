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

// VerifyOptions say what a journal is checked against besides itself. A directory that
// was replaced as a whole, keys and all, agrees with itself: only what was kept outside
// of it shows that. The zero value checks the journal against itself.
type VerifyOptions struct {
	Key      string                   // vkey that must have signed it; "": the directory's key.pub
	Against  []byte                   // an older checkpoint, of which this log must be the continuation
	Token    string                   // bearer token that a URL asks for; "": none
	Progress func(done, total uint64) // told now and then, never twice at once; nil: nobody
}

// Audit is what a verification found in order.
type Audit struct {
	Head
	Published  uint64 `json:"published"` // entries that the checkpoint covers
	Origin     string `json:"origin"`
	Key        string `json:"key"`        // vkey
	Checkpoint string `json:"checkpoint"` // signed note; keep it to check later states against it
}

// Verify checks the journal in dir from its first byte: every frame's checksum, every
// entry's hash against the tree, every tile against those below it, bundles against the
// log, the root against the signed checkpoint and against what was acknowledged. It takes
// no lock and works beside a running server: entries that are still being written count
// as not there yet. The sparse indexes (.idx) are not looked at: they are made again from
// the log when they do not fit. Damage is a [DamageError] with the first entry concerned.
func Verify(ctx context.Context, dir string, o VerifyOptions) (Audit, error) {
	if err := refuseEarlier(dir); err != nil {
		return Audit{}, err
	}
	if _, err := os.Stat(filepath.Join(dir, logDir)); err != nil && !exists(dir, checkpointFile) {
		return Audit{}, fmt.Errorf("verify journal: %w", err)
	}
	key, v, err := trusted(dir, o.Key)
	if err != nil {
		return Audit{}, err
	}
	a := &audit{name: dir, src: tiles.Dir(dir), o: o}
	if a.known, err = readHead(dir); err != nil {
		return Audit{}, err
	}
	var raw []byte
	if a.c, raw, err = readCheckpoint(dir, v); err != nil {
		return Audit{}, err
	}
	list, err := listSegments(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return Audit{}, err
	}
	if err := a.run(ctx, v, max(a.c.Size, a.known.size), func(ctx context.Context, out chan<- *leafTile) error { return a.cut(ctx, list, out) }); err != nil {
		return Audit{}, err
	}
	if err := a.spare(ctx, dir); err != nil {
		return Audit{}, err
	}
	return a.result(key, raw), nil
}

// VerifyURL checks a journal from what its server publishes, and from nothing else:
// every entry's hash, every tile, the root against the checkpoint that key signed.
func VerifyURL(ctx context.Context, url, key string, o VerifyOptions) (Audit, error) {
	v, err := note.NewVerifier(key)
	if err != nil {
		return Audit{}, fmt.Errorf("verify journal %s: the key %.80q: %w; it is the line in the file key.pub", url, key, err)
	}
	a := &audit{name: url, src: tiles.URL{Base: url, Token: o.Token}, o: o}
	raw, err := a.src.Read(ctx, checkpointFile)
	if err != nil {
		return Audit{}, err
	}
	if a.c, err = tiles.OpenCheckpoint(raw, v); err != nil {
		return Audit{}, &DamageError{url, 0, Unsigned, err.Error()}
	}
	a.known = acknowledged{size: a.c.Size, root: a.c.Root}
	if err := a.run(ctx, v, a.c.Size, a.count); err != nil {
		return Audit{}, err
	}
	return a.result(key, raw), nil
}

func (a *audit) result(key string, raw []byte) Audit {
	return Audit{Head{a.end, a.root(a.end).String()}, a.c.Size, a.c.Origin, key, string(raw)}
}

// trusted returns the key to check against. One from outside must be the directory's,
// as far as that has keys at all: a copy for auditors comes without the private one.
func trusted(dir, key string) (string, note.Verifier, error) {
	if key == "" {
		k, err := readKeys(dir)
		return k.public, k.verifier, err
	}
	v, err := note.NewVerifier(key)
	if err != nil {
		return "", nil, fmt.Errorf("verify journal %s: the key %.80q: %w; it is a line as in the file key.pub", dir, key, err)
	}
	if !exists(dir, publicKeyFile) && !exists(dir, keyFile) {
		return key, v, nil
	}
	public, _, err := readPublic(dir)
	if err == nil && public != key {
		err = &DamageError{dir, 0, WrongKey, "key.pub is " + public + ", and " + key + " is trusted"}
	}
	if err == nil && exists(dir, keyFile) {
		_, err = readKeys(dir)
	}
	return key, v, err
}
