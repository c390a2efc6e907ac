package tamper

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Copy makes a copy of a journal, also of one that is being written. Files that a journal
// never writes over are linked, so a large journal costs no room; to must be on the same
// file system and must not exist.
func Copy(from, to string) error {
	for tries := maxCopies; ; tries-- {
		before, err := os.ReadFile(filepath.Join(from, "checkpoint"))
		if err != nil {
			return fmt.Errorf("copy journal: %w", err)
		}
		err = copyOnce(from, to)
		after, rerr := os.ReadFile(filepath.Join(from, "checkpoint"))
		if err == nil && rerr == nil && string(before) == string(after) {
			return nil // no tile was replaced meanwhile
		}
		if tries == 0 {
			return errors.Join(fmt.Errorf("copy journal %s: it was published while it was copied, %d times; try again when less is written", from, maxCopies), err, rerr)
		}
		if err := os.RemoveAll(to); err != nil {
			return fmt.Errorf("copy journal: %w", err)
		}
	}
}

const maxCopies = 100

// copyOnce copies the head first and the log last, so that the copy has every acknowledged
// entry.
func copyOnce(from, to string) error {
	if err := os.MkdirAll(to, 0o700); err != nil {
		return err
	}
	for _, name := range []string{"head", "checkpoint", "key", "key.pub"} {
		if err := copyFile(from, to, name); err != nil {
			return err
		}
	}
	for _, sub := range []string{"tile", "log"} {
		if err := copyTree(from, to, sub); err != nil {
			return err
		}
	}
	return nil
}

func copyTree(from, to, sub string) error {
	last, err := newest(filepath.Join(from, sub))
	if err != nil {
		return err
	}
	return filepath.WalkDir(filepath.Join(from, sub), func(path string, d fs.DirEntry, err error) error {
		if errors.Is(err, fs.ErrNotExist) {
			return nil // removed meanwhile: the checkpoint then is another
		}
		name, rerr := filepath.Rel(from, path)
		switch {
		case err != nil || rerr != nil:
			return errors.Join(err, rerr)
		case d.IsDir():
			return os.MkdirAll(filepath.Join(to, name), 0o700)
		case d.Name() == last:
			return copyFile(from, to, name) // still written to
		}
		err = os.Link(path, filepath.Join(to, name))
		if errors.Is(err, fs.ErrNotExist) {
			return nil
		}
		return err
	})
}

// newest returns the name of the segment that is written to.
func newest(dir string) (string, error) {
	list, err := os.ReadDir(dir)
	last := ""
	for _, f := range list {
		if strings.HasSuffix(f.Name(), ".seg") {
			last = max(last, f.Name())
		}
	}
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil // no tile yet
	}
	return last, err
}

func copyFile(from, to, name string) error {
	b, err := os.ReadFile(filepath.Join(from, name))
	if err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(to, name), b, 0o600)
}
