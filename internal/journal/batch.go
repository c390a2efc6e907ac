package journal

import (
	"errors"
	"maps"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/greenlang/fournines/internal/journal/tiles"
)

// batch is the files of one checkpoint. A full tile may stand half-written where a
// process was killed: no checkpoint covers it, and the next attempt writes it again. A
// partial one might not be written again, so it gets its name when it is durable.
type batch struct {
	dir     string
	disk    disk
	old     uint64 // entries that the checkpoint before covers: its tiles are not touched
	files   []string
	partial []string // of files, those that still have to be named
}

const unnamed = ".tmp"

func (b *batch) write(p tiles.Path, content []byte) error {
	if done, ok := tiles.At(p.Level, p.N, b.old); ok && done.Width >= p.Width {
		return nil
	}
	path := filepath.Join(b.dir, filepath.FromSlash(p.String()))
	if p.Width < tiles.Width {
		b.partial = append(b.partial, path)
		path += unnamed
	}
	b.files = append(b.files, path)
	return b.disk.write(path, content)
}

func (b *batch) tile(p tiles.Path, hashes []tiles.Hash) error {
	return b.write(p, tiles.AppendTile(nil, hashes))
}

// syncers is how many files are synced at once: the file system then commits them
// together instead of one after another.
const syncers = 16

// sync makes the files and the directories they are in durable.
func (b *batch) sync() error {
	dirs := map[string]bool{}
	for _, path := range b.files {
		for d := filepath.Dir(path); d != b.dir && !dirs[d]; d = filepath.Dir(d) {
			dirs[d] = true
		}
	}
	if err := b.syncAll(b.files); err != nil {
		return err
	}
	for _, path := range b.partial {
		if err := b.disk.rename(path+unnamed, path); err != nil {
			return err
		}
	}
	return b.syncAll(append(slices.Collect(maps.Keys(dirs)), b.dir))
}

func (b *batch) syncAll(paths []string) error {
	var next atomic.Int64
	errs := make([]error, syncers)
	var wg sync.WaitGroup
	for w := range errs {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(len(paths)) && errs[w] == nil; i = next.Add(1) {
				errs[w] = b.disk.syncPath(paths[i-1])
			}
		})
	}
	wg.Wait()
	return errors.Join(errs...)
}
