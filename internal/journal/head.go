package journal

import (
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"github.com/transparency-dev/merkle/compact"
	"github.com/transparency-dev/merkle/rfc6962"
)

// Head is the journal's size and RFC 6962 tree head.
type Head struct {
	Size uint64 `json:"size"`
	Root string `json:"root"` // hexadecimal
}

const headFile = "head.json"

// tree folds leaf hashes into a head.
type tree struct{ r *compact.Range }

func newTree() *tree {
	f := compact.RangeFactory{Hash: rfc6962.DefaultHasher.HashChildren}
	return &tree{f.NewEmptyRange(0)}
}

func (t *tree) add(leaf []byte) error { return t.r.Append(leaf, nil) }

func (t *tree) head() (Head, error) {
	root := rfc6962.DefaultHasher.EmptyRoot()
	if t.r.End() > 0 {
		var err error
		if root, err = t.r.GetRootHash(nil); err != nil {
			return Head{}, fmt.Errorf("hash tree: %w", err)
		}
	}
	return Head{Size: t.r.End(), Root: hex.EncodeToString(root)}, nil
}

// writeHead remembers a head that was acknowledged, so that a log cut short is noticed.
// It is written without fsync after each commit: it may lag behind the log, never lead it.
func writeHead(dir string, h Head) error {
	b, err := json.Marshal(h)
	if err != nil {
		return err
	}
	tmp := filepath.Join(dir, headFile+".tmp")
	if err := os.WriteFile(tmp, append(b, '\n'), 0o600); err != nil {
		return err
	}
	return os.Rename(tmp, filepath.Join(dir, headFile))
}

func readHead(dir string) (Head, bool, error) {
	b, err := os.ReadFile(filepath.Join(dir, headFile))
	if errors.Is(err, fs.ErrNotExist) || (err == nil && len(b) == 0) { // empty: the machine lost power before it was written back
		return Head{}, false, nil
	}
	if err != nil {
		return Head{}, false, err
	}
	var h Head
	if err := json.Unmarshal(b, &h); err != nil {
		return Head{}, false, fmt.Errorf("%s: %w", headFile, err)
	}
	return h, true, nil
}
