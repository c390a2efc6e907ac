// Package durable keeps small files so that a crash leaves the old content or the new
// one, never a mixture and never nothing.
//
// [Replace] is the one way to change a file: a temporary file beside it is written and
// synced, renamed over it, and the directory is synced. Changes of more than one step are
// built on [Files], so that a test can end the process, or the power, between any two of
// them: see package crashdisk.
package durable

import (
	"fmt"
	"path/filepath"
)

// Files are the effects on the disk that matter after a crash. [OS] is the real one.
// Errors carry the path and match [io/fs.ErrNotExist] where a file is missing.
type Files interface {
	// Make makes dir and its parents, for the owner alone (0700).
	Make(dir string) error
	// Read returns a whole file.
	Read(path string) ([]byte, error)
	// Names lists the files in dir, sorted; directories are left out.
	Names(dir string) ([]string, error)
	// Private refuses a file that others than its owner may read: a key in it is no secret.
	Private(path string) error
	// Write makes or overwrites path in place (0600) and syncs it. It is not atomic.
	Write(path string, b []byte) error
	// Rename moves a file over another. It survives a power loss only after SyncDir.
	Rename(from, to string) error
	// Remove removes a file. It survives a power loss only after SyncDir.
	Remove(path string) error
	// SyncDir makes the names in dir durable.
	SyncDir(dir string) error
}

// Suffix ends the name of a file that [Replace] had not finished. Such a file means
// nothing: an owner removes it when it starts.
const Suffix = ".tmp"

// Replace makes path contain b, atomically and durably. After an error the file has either
// the old or the new content, and never a mixture.
func Replace(f Files, path string, b []byte) error {
	tmp := path + Suffix
	if err := f.Write(tmp, b); err != nil {
		return fmt.Errorf("keep %s: %w", path, err)
	}
	if err := f.Rename(tmp, path); err != nil {
		return fmt.Errorf("keep %s: %w", path, err)
	}
	if err := f.SyncDir(filepath.Dir(path)); err != nil {
		return fmt.Errorf("keep %s: %w", path, err)
	}
	return nil
}

// Sweep removes what unfinished calls of [Replace] have left in dir.
func Sweep(f Files, dir string) error {
	names, err := f.Names(dir)
	if err != nil {
		return fmt.Errorf("look for unfinished files: %w", err)
	}
	for _, name := range names {
		if filepath.Ext(name) != Suffix {
			continue
		}
		if err := f.Remove(filepath.Join(dir, name)); err != nil {
			return fmt.Errorf("remove unfinished file: %w", err)
		}
	}
	return nil
}
