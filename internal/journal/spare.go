package journal

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

// spare checks the partial tiles and bundles that earlier checkpoints left behind.
func (a *audit) spare(ctx context.Context, dir string) error {
	err := filepath.WalkDir(filepath.Join(dir, "tile"), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // none yet, or removed meanwhile
		}
		if err != nil || d.IsDir() || !strings.HasSuffix(filepath.Dir(path), ".p") {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		p, err := tiles.Parse(filepath.ToSlash(name))
		if err != nil {
			return nil //nolint:nilerr // not a file of ours
		}
		return a.spareTile(ctx, p)
	})
	var damage *DamageError
	if err != nil && !errors.As(err, &damage) {
		return fmt.Errorf("verify journal %s: %w", a.name, err)
	}
	return err
}

func (a *audit) spareTile(ctx context.Context, p tiles.Path) error {
	newest, ok := tiles.At(p.Level, p.N, a.c.Size)
	if !ok || p.Width > newest.Width {
		return nil // a server is about to publish it
	}
	b, err := a.src.Read(ctx, p.String())
	if errors.Is(err, fs.ErrNotExist) {
		return nil // replaced meanwhile
	}
	if err != nil {
		return err
	}
	whole, err := a.src.Read(ctx, newest.String())
	if errors.Is(err, fs.ErrNotExist) {
		newest.Width = tiles.Width
		whole, err = a.src.Read(ctx, newest.String())
	}
	if err != nil {
		return err
	}
	n := p.Width * len(tiles.Hash{})
	if p.Level == tiles.Entries {
		_, rest, err := tiles.SplitBundle(whole, p.Width)
		if err != nil {
			return err
		}
		n = len(whole) - len(rest)
	}
	if n > len(whole) || !bytes.Equal(b, whole[:n]) {
		cover := uint64(1) << (8 * uint(max(p.Level, 0)))                                                              //nolint:gosec // small
		return &DamageError{a.name, p.N * tiles.Width * cover, BitRot, "the spare file " + p.String() + " is another"} //nolint:gosec // small
	}
	return nil
}
