package seal

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"github.com/greenlang/fournines/internal/journal/durable"
)

// Directory is a [KeyStore] in files: one wrapped key or tombstone for each subject in one
// directory, and the master key at a path that the operator chooses. It survives a crash at
// any step.
type Directory struct {
	f      durable.Files
	dir    string
	path   string // of the master key
	lock   io.Closer
	pepper []byte

	rotating sync.Mutex // one rotation at a time

	mu     sync.RWMutex // held for writing by everything that changes a subject's file
	master master
	next   *master // while a rotation is under way: what new keys are wrapped by
}

var _ KeyStore = (*Directory)(nil)

const (
	keySuffix     = ".key"     // a wrapped key, or the tombstone of one
	erasingSuffix = ".erasing" // a tombstone whose key is not overwritten yet
	nextSuffix    = ".next"    // the master key that a rotation is moving to
	pepperFile    = "pseudonym.secret"
)

// OpenDirectory opens the keys in dir with the master key at masterPath. Both, and the key
// of pseudonyms in dir, are made when there are none yet; a master key that is gone while
// data keys exist is an error. OpenDirectory finishes whatever a crash interrupted.
func OpenDirectory(dir, masterPath string) (*Directory, error) {
	lock, err := durable.Lock(dir)
	if err != nil {
		return nil, fmt.Errorf("open data keys: %w", err)
	}
	d, err := openDirectory(durable.OS{}, dir, masterPath)
	if err != nil {
		return nil, errors.Join(err, lock.Close())
	}
	d.lock = lock
	return d, nil
}

func openDirectory(f durable.Files, dir, masterPath string) (*Directory, error) {
	d := &Directory{f: f, dir: dir, path: masterPath}
	if err := d.open(); err != nil {
		return nil, fmt.Errorf("open data keys in %s: %w", dir, err)
	}
	return d, nil
}

func (d *Directory) open() error {
	for _, dir := range []string{d.dir, filepath.Dir(d.path)} {
		if err := d.f.Make(dir); err != nil {
			return err
		}
	}
	if err := errors.Join(durable.Sweep(d.f, d.dir), d.sweepMaster()); err != nil {
		return err
	}
	names, err := d.f.Names(d.dir)
	if err != nil {
		return err
	}
	fresh := len(subjects(names, keySuffix)) == 0
	if d.pepper, err = ensureSecret(d.f, filepath.Join(d.dir, pepperFile), fresh); err != nil {
		return err
	}
	if err := d.openMaster(fresh); err != nil {
		return err
	}
	for _, pseudonym := range subjects(names, erasingSuffix) {
		if err := d.bury(pseudonym); err != nil {
			return err
		}
	}
	return nil
}

// subjects picks the pseudonyms that have a file of this kind.
func subjects(names []string, suffix string) []string {
	var out []string
	for _, name := range names {
		if p, ok := strings.CutSuffix(name, suffix); ok && isPseudonym(p) {
			out = append(out, p)
		}
	}
	return out
}

// sweepMaster removes an unfinished master key, and only that: its directory is the
// operator's.
func (d *Directory) sweepMaster() error {
	for _, path := range []string{d.path + durable.Suffix, d.path + nextSuffix + durable.Suffix} {
		if err := d.f.Remove(path); err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// Pepper returns the key of pseudonyms, for [New].
func (d *Directory) Pepper() []byte { return slices.Clone(d.pepper) }

// Close gives the directory back.
func (d *Directory) Close() error {
	if d.lock == nil {
		return nil
	}
	return d.lock.Close()
}
